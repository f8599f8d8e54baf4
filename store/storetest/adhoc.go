package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"barkeep/ledger"
)

// testAdHoc begins runs without a slot: nothing is in their way, and they have a lease and a token as others do.
func testAdHoc(t *testing.T, db Database) {
	archive := migrated(t, db)
	first := startRun(t, archive, "a")
	second := startRun(t, archive, "b") // beside the first
	if again := startRun(t, archive, "a"); again != first {
		t.Errorf("the repeated claim is %+v, the first was %+v", again, first)
	}
	slot := wins(t, archive, asks(slotOf(0), "c"), 1)
	wantRuns(t, archive, 10, slot, second, first)

	if still, err := archive.Heartbeat(t.Context(), first, forever); !still || err != nil {
		t.Errorf("the heart of an ad-hoc run does not beat: %v, %v", still, err)
	}
	cell := ledger.Cell{RunID: first.ID, Instrument: "ES", Timeframe: "5m", State: ledger.CellStored}
	if err := writeFenced(t, archive, first, cell); err != nil {
		t.Errorf("an ad-hoc run cannot write: %v", err)
	}
	done := finishes(t, archive, first, ledger.StateDone, "")
	if err := writeFenced(t, archive, done, cell); !errors.Is(err, ledger.ErrLost) {
		t.Errorf("an ad-hoc run that ended wrote: %v", err)
	}
	if next := startRun(t, archive, "a"); next.ID == first.ID { // a token is of one run only while that is running
		t.Errorf("a new run is %+v", next)
	}
}

// testAdHocTakeOver lets ad-hoc runs die. They read as abandoned, and the next one of their job writes it down.
func testAdHocTakeOver(t *testing.T, db Database) {
	archives := several(t, db, 2)
	maintenance := adHoc("m")
	maintenance.Job = ledger.JobMaintenance
	other := dies(t.Context(), t, archives[0], maintenance)
	slot := dies(t.Context(), t, archives[0], asks(slotOf(0), "s"))
	revived := died(t, archives[0], "r")
	if still, err := archives[0].Heartbeat(t.Context(), revived, forever); !still || err != nil {
		t.Fatalf("an ad-hoc run that nobody took over cannot be revived: %v, %v", still, err)
	}
	revived.State, revived.Reason = ledger.StateRunning, ""
	dead := []ledger.Run{startRun(t, archives[0], "a"), startRun(t, archives[1], "b")}
	alive := startRun(t, archives[1], "c")
	wantRun(t, archives[1], revived)
	for _, token := range []string{"a", "b"} {
		db.Query(t, `UPDATE runs SET lease_until = NULL WHERE token = '`+token+`' RETURNING id`)
	}

	run := adHoc("d")
	run.Started = start().Add(time.Hour)
	claim, err := archives[1].Claim(t.Context(), run, ledger.Kept{}, forever)
	if err != nil || !claim.Won || !slices.EqualFunc(claim.Abandoned, dead, func(a, b ledger.Run) bool { return a.ID == b.ID }) {
		t.Fatalf("the claim says %+v, %v; want the runs %+v abandoned", claim, err, dead)
	}
	for _, gone := range claim.Abandoned {
		if gone.State != ledger.StateAbandoned || gone.Reason != "lease ended" || !gone.Finished.Equal(run.Started) {
			t.Errorf("run %d became %+v", gone.ID, gone)
		}
		wantRun(t, archives[0], gone)
		err := archives[0].RecordCell(t.Context(), gone, ledger.Cell{Instrument: "ES", Timeframe: "5m"})
		if !errors.Is(err, ledger.ErrLost) {
			t.Errorf("run %d, which was taken over, wrote a cell: %v", gone.ID, err)
		}
	}
	wantRun(t, archives[0], alive)
	// Those of another job and of a slot are not its business.
	for _, run := range []ledger.Run{other, slot} {
		if still, err := archives[0].Heartbeat(t.Context(), run, forever); !still || err != nil {
			t.Errorf("run %d was taken over by an ad-hoc run: %v, %v", run.ID, still, err)
		}
	}
}

// testProgress writes what a run is doing and reads it elsewhere.
func testProgress(t *testing.T, db Database) {
	archives := several(t, db, 2)
	run := startRun(t, archives[0], "a")
	read := func(want ledger.Progress, found bool) {
		t.Helper()
		got, ok, err := archives[1].Progress(t.Context(), run.ID)
		if err != nil || ok != found || got != want {
			t.Errorf("the progress is %+v, %v, %v; want %+v", got, ok, err, want)
		}
	}
	read(ledger.Progress{}, false)
	full := ledger.Progress{
		Tasks: 5, Ended: 3, Failed: 1, Requests: 12, Inserted: 1 << 33, Now: "ES 5m \x00 — é", Waiting: "HTTP 429",
		Until: start().Add(time.Minute), At: start(),
	}
	for _, progress := range []ledger.Progress{{Tasks: 5, Now: "NQ 1m", At: start()}, full} {
		if err := archives[0].RecordProgress(t.Context(), run, progress); err != nil {
			t.Fatal(err)
		}
		read(progress, true)
	}
	for name, other := range map[string]ledger.Run{
		"another token": {ID: run.ID, Token: "b"}, "no token": {ID: run.ID}, "no run": {ID: run.ID + 100, Token: "a"},
	} {
		if err := archives[0].RecordProgress(t.Context(), other, full); !errors.Is(err, ledger.ErrLost) {
			t.Errorf("%s has progress: %v", name, err)
		}
	}
	finishes(t, archives[0], run, ledger.StateDone, "")
	if err := archives[0].RecordProgress(t.Context(), run, full); !errors.Is(err, ledger.ErrLost) {
		t.Errorf("a run that ended has progress: %v", err)
	}
	read(ledger.Progress{}, false)
}
