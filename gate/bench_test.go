package gate_test

import (
	"testing"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
)

// BenchmarkADoneSlot is what the gate itself adds to the GET of the marker, once the process has seen the run in the ledger.
func BenchmarkADoneSlot(b *testing.B) {
	w := gatetest.NewBench(time.Now)
	p := w.Player("a")
	p.Takes = time.Microsecond
	g := p.Gate(b)
	if answer, err := g.RunSlot(b.Context(), w.Slot, gate.SlotRequest{}); err != nil || !answer.Done() {
		b.Fatal(answer, err)
	}
	for b.Loop() {
		w.Calls()
		if answer, err := g.RunSlot(b.Context(), w.Slot, gate.SlotRequest{}); err != nil || answer.Outcome != gate.AlreadyRan {
			b.Fatal(answer, err)
		}
	}
}
