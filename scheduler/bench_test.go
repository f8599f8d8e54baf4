package scheduler_test

import (
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/scheduler"
)

// BenchmarkADoneSlot is what the gate itself adds to the GET of the marker, once the process has seen the run in the ledger.
func BenchmarkADoneSlot(b *testing.B) {
	w := &bench{books: newBooks(time.Now), keys: newKeys(time.Now), slot: ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22"}}
	p := w.player("a")
	p.takes = time.Microsecond
	gate := p.gate(b)
	if answer, err := gate.Ask(b.Context(), w.slot, scheduler.Ask{}); err != nil || !answer.Done() {
		b.Fatal(answer, err)
	}
	for b.Loop() {
		w.calls = w.calls[:0]
		if answer, err := gate.Ask(b.Context(), w.slot, scheduler.Ask{}); err != nil || answer.Outcome != scheduler.AlreadyRan {
			b.Fatal(answer, err)
		}
	}
}
