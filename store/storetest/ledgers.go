package storetest

import (
	"testing"
	"time"

	"barkeep/ledger"
)

func fullRun() ledger.Run {
	return ledger.Run{
		Job: ledger.JobImport, TradingDate: "2026-11-22", Slot: 2, Attempt: 3, Forced: true, Entry: "catch-up",
		Host: "box-1.example", PID: 1 << 22, State: ledger.StateRunning, Started: start(), Token: "9f86d081884c7d65",
	}
}

// startRun writes a run ad hoc and returns its id.
func startRun(t *testing.T, a Archive) int64 {
	t.Helper()
	id, err := a.StartRun(t.Context(), ledger.Run{Job: ledger.JobImport, State: ledger.StateRunning, Started: start()})
	if err != nil {
		t.Fatalf("start a run: %v", err)
	}
	return id
}

// testRuns writes runs and reads them back, before and after their end.
func testRuns(t *testing.T, db Database) {
	archive := migrated(t, db)
	first := fullRun()
	plain := ledger.Run{Job: ledger.JobMaintenance, Attempt: 1, State: ledger.StateRunning, Started: start().Add(-time.Hour)}
	var err error
	if first.ID, err = archive.StartRun(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if plain.ID, err = archive.StartRun(t.Context(), plain); err != nil {
		t.Fatal(err)
	}
	if plain.ID <= first.ID || first.ID <= 0 {
		t.Errorf("the runs have the ids %d and %d", first.ID, plain.ID)
	}
	wantRuns(t, archive, 10, plain, first)

	end := first
	end.State, end.Reason, end.Finished = ledger.StatePartial, "NQ 1m: \"HTTP 503\" — é", start().Add(90*time.Second)
	end.Host, end.Started = "another", start().Add(time.Hour) // FinishRun changes neither
	if err := archive.FinishRun(t.Context(), end); err != nil {
		t.Fatal(err)
	}
	first.State, first.Reason, first.Finished = end.State, end.Reason, end.Finished
	wantRuns(t, archive, 10, plain, first)
	wantRuns(t, archive, 1, plain)
	wantRuns(t, archive, 0)
	wantRuns(t, archive, -1)

	got, found, err := archive.Run(t.Context(), first.ID)
	if err != nil || !found || got != first {
		t.Errorf("run %d is %+v, %v, %v; want %+v", first.ID, got, found, err, first)
	}
	if got, found, err := archive.Run(t.Context(), plain.ID+100); err != nil || found {
		t.Errorf("a run that does not exist is %+v, %v, %v", got, found, err)
	}

	end.ID = plain.ID + 100
	if err := archive.FinishRun(t.Context(), end); err == nil {
		t.Error("a run that does not exist could be finished")
	}
}

func wantRuns(t *testing.T, a Archive, limit int, want ...ledger.Run) {
	t.Helper()
	got, err := a.Runs(t.Context(), limit)
	if err != nil || len(got) != len(want) {
		t.Fatalf("the newest %d runs are %+v, %v; want %d", limit, got, err, len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("run %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

// testCells writes cells outside transactions, one of them twice.
func testCells(t *testing.T, db Database) {
	archive := migrated(t, db)
	run, other := startRun(t, archive), startRun(t, archive)
	full := ledger.Cell{
		RunID: run, Instrument: "NQ", Timeframe: "1m", State: ledger.CellStored, Reason: "normal sync — é",
		From: start().Add(-time.Hour), To: start(), Requests: 2, Fetched: 1 << 33, Inserted: 3, Changed: 4, Unchanged: 5,
		Newest: flat(7, 0, 0).Start, Finished: start().Add(time.Minute),
	}
	bare := ledger.Cell{RunID: run, Instrument: "ES", Timeframe: "5m", State: ledger.CellFailed}
	elsewhere := ledger.Cell{RunID: other, Instrument: "NQ", Timeframe: "1m", State: ledger.CellEmpty}
	draft := ledger.Cell{RunID: run, Instrument: "NQ", Timeframe: "1m", State: ledger.CellFailed, Reason: "x", Inserted: 9}
	for _, cell := range []ledger.Cell{draft, bare, elsewhere, full} {
		if err := archive.RecordCell(t.Context(), cell); err != nil {
			t.Fatal(err)
		}
	}
	wantCells(t, archive, run, bare, full)
	wantCells(t, archive, other, elsewhere)
	wantCells(t, archive, other+1)

	empty := ledger.Cell{RunID: run, Instrument: "NQ", Timeframe: "1m", State: ledger.CellClosed}
	if err := archive.RecordCell(t.Context(), empty); err != nil {
		t.Fatal(err)
	}
	wantCells(t, archive, run, bare, empty)
	if err := archive.RecordCell(t.Context(), ledger.Cell{RunID: other + 1, Instrument: "ES", Timeframe: "5m"}); err == nil {
		t.Error("a cell of a run that does not exist was recorded")
	}
}

// testCellsInTx commits a cell together with its bars.
func testCellsInTx(t *testing.T, db Database) {
	archive := migrated(t, db)
	cell := ledger.Cell{RunID: startRun(t, archive), Instrument: "ES", Timeframe: "5m", State: ledger.CellStored}
	tx := begin(t, archive)
	got, err := tx.Upsert(t.Context(), es5m(), ramp(6))
	if err != nil {
		t.Fatal(err)
	}
	newest, _, err := tx.Newest(t.Context(), es5m())
	if err != nil {
		t.Fatal(err)
	}
	cell.Inserted, cell.Newest = got.Inserted, newest
	if err := tx.RecordCell(t.Context(), cell); err != nil {
		t.Fatal(err)
	}
	wantCells(t, archive, cell.RunID)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantCells(t, archive, cell.RunID, cell)
	wantBars(t, "with the cell", stored(t, archive, es5m()), ramp(6))
}

func wantCells(t *testing.T, a Archive, run int64, want ...ledger.Cell) {
	t.Helper()
	got, err := a.Cells(t.Context(), run)
	if err != nil || len(got) != len(want) {
		t.Fatalf("the cells of run %d are %+v, %v; want %d", run, got, err, len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("cell %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}
