package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/store"
)

// adHoc is a run without a slot.
func adHoc(token string) ledger.Run {
	return ledger.Run{Job: ledger.JobImport, Entry: "sync", Host: "box-1.example", PID: 4711, Started: start(), Token: token}
}

// startRun begins a run without a slot.
func startRun(t *testing.T, a Archive, token string) ledger.Run {
	t.Helper()
	return wins(t, a, adHoc(token), 1)
}

// died is a run without a slot whose lease is over, as readers see it.
func died(t *testing.T, a Archive, token string) ledger.Run {
	t.Helper()
	return dies(t.Context(), t, a, adHoc(token))
}

// testRuns writes runs and reads them back, before and after their end.
func testRuns(t *testing.T, db Database) {
	archive := migrated(t, db)
	first := wins(t, archive, ledger.Run{
		Job: ledger.JobImport, Slot: slotOf(2), Forced: true, Entry: "catch-up", Host: "box-1.example",
		PID: 1 << 22, Started: start(), Token: "9f86d081884c7d65",
	}, 1)
	plain := wins(t, archive, ledger.Run{Job: ledger.JobMaintenance, Started: start().Add(-time.Hour), Token: "b"}, 1)
	if plain.ID <= first.ID || first.ID <= 0 {
		t.Errorf("the runs have the ids %d and %d", first.ID, plain.ID)
	}
	wantRuns(t, archive, 10, plain, first)

	end := first
	end.State, end.Reason, end.Finished = ledger.StatePartial, "NQ 1m: \"HTTP 503\" — é", start().Add(90*time.Second)
	end.Host, end.Started = "another", start().Add(time.Hour) // Finish changes neither
	if ok, err := archive.Finish(t.Context(), end); err != nil || !ok {
		t.Fatal(ok, err)
	}
	first.State, first.Reason, first.Finished = end.State, end.Reason, end.Finished
	wantRuns(t, archive, 10, plain, first)
	wantRuns(t, archive, 1, plain)
	wantRuns(t, archive, 0)
	wantRuns(t, archive, -1)

	wantRun(t, archive, first)
	if got, found, err := archive.Run(t.Context(), plain.ID+100); err != nil || found {
		t.Errorf("a run that does not exist is %+v, %v, %v", got, found, err)
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

// testSelectedRuns selects runs by each part of a filter. A run whose lease is over is no run in progress.
func testSelectedRuns(t *testing.T, db Database) {
	archive := migrated(t, db)
	if run, found, err := archive.Oldest(t.Context()); err != nil || found {
		t.Errorf("the oldest run of an empty ledger is %+v, %v", run, err)
	}
	gone := died(t, archive, "gone")
	done := startRun(t, archive, "done")
	upkeep := wins(t, archive, ledger.Run{Job: ledger.JobMaintenance, Started: start(), Token: "m"}, 1)
	running := startRun(t, archive, "running")
	for run, instrument := range map[ledger.Run]string{done: "ES", upkeep: "NQ", running: "ES"} {
		for _, timeframe := range []string{"1d", "1m"} {
			if err := archive.RecordCell(t.Context(), run, ledger.Cell{Instrument: instrument, Timeframe: timeframe}); err != nil {
				t.Fatal(err)
			}
		}
	}
	oldest, found, err := archive.Oldest(t.Context())
	if err != nil || !found || oldest.ID != gone.ID || oldest.State != ledger.StateAbandoned {
		t.Errorf("the oldest run is %+v, %v, want run %d, abandoned", oldest, err, gone.ID)
	}
	done.State, done.Finished = ledger.StateDone, start().Add(time.Minute)
	if ok, err := archive.Finish(t.Context(), done); err != nil || !ok {
		t.Fatal(ok, err)
	}
	for name, c := range map[string]struct {
		filter store.RunFilter
		limit  int
		want   []int64
	}{
		"all":              {store.RunFilter{}, 9, []int64{running.ID, upkeep.ID, done.ID, gone.ID}},
		"a job":            {store.RunFilter{Job: ledger.JobMaintenance}, 9, []int64{upkeep.ID}},
		"a state":          {store.RunFilter{State: ledger.StateRunning}, 9, []int64{running.ID, upkeep.ID}},
		"whose lease ends": {store.RunFilter{State: ledger.StateAbandoned}, 9, []int64{gone.ID}},
		"an instrument":    {store.RunFilter{Instrument: "ES"}, 9, []int64{running.ID, done.ID}},
		"older ones":       {store.RunFilter{Before: upkeep.ID}, 9, []int64{done.ID, gone.ID}},
		"a few":            {store.RunFilter{Instrument: "ES"}, 1, []int64{running.ID}},
		"all at once": {
			store.RunFilter{Job: ledger.JobImport, State: ledger.StateDone, Instrument: "ES", Before: running.ID}, 9, []int64{done.ID},
		},
		"none":    {store.RunFilter{Instrument: "E"}, 9, nil},
		"nothing": {store.RunFilter{}, -1, nil},
	} {
		got, err := archive.SelectRuns(t.Context(), c.filter, c.limit)
		var ids []int64
		for _, run := range got {
			ids = append(ids, run.ID)
		}
		if err != nil || !slices.Equal(ids, c.want) {
			t.Errorf("%s: %v, %v; want %v", name, ids, err, c.want)
		}
	}
}

// testCells writes cells outside transactions, one of them twice.
func testCells(t *testing.T, db Database) {
	archive := migrated(t, db)
	run, other := startRun(t, archive, "a"), startRun(t, archive, "b")
	full := ledger.Cell{
		RunID: run.ID, Instrument: "NQ", Timeframe: "1m", State: ledger.CellStored, Reason: "normal sync — é",
		From: start().Add(-time.Hour), To: start(), Requests: 2, Fetched: 1 << 33, Inserted: 3, Changed: 4, Unchanged: 5,
		Newest: flat(7, 0, 0).Start, Finished: start().Add(time.Minute),
	}
	bare := ledger.Cell{RunID: run.ID, Instrument: "ES", Timeframe: "5m", State: ledger.CellFailed}
	draft := ledger.Cell{RunID: run.ID, Instrument: "NQ", Timeframe: "1m", State: ledger.CellFailed, Reason: "x", Inserted: 9}
	record := func(run ledger.Run, cell ledger.Cell) ledger.Cell {
		t.Helper()
		if err := archive.RecordCell(t.Context(), run, cell); err != nil {
			t.Fatal(err)
		}
		cell.RunID = run.ID
		return cell
	}
	for _, cell := range []ledger.Cell{draft, bare, full} {
		record(run, cell)
	}
	elsewhere := record(other, ledger.Cell{RunID: run.ID, Instrument: "NQ", Timeframe: "1m", State: ledger.CellEmpty})
	wantCells(t, archive, run.ID, bare, full)
	wantCells(t, archive, other.ID, elsewhere) // a cell is its run's, whatever it says
	wantCells(t, archive, other.ID+1)

	empty := record(run, ledger.Cell{Instrument: "NQ", Timeframe: "1m", State: ledger.CellClosed})
	wantCells(t, archive, run.ID, bare, empty)
	for name, nobody := range map[string]ledger.Run{"no run": {ID: other.ID + 1, Token: "a"}, "no token": {ID: run.ID}} {
		err := archive.RecordCell(t.Context(), nobody, ledger.Cell{Instrument: "ES", Timeframe: "5m"})
		if !errors.Is(err, ledger.ErrLost) {
			t.Errorf("a cell of %s: %v", name, err)
		}
	}
}

// testCellsInTx commits a cell together with its bars.
func testCellsInTx(t *testing.T, db Database) {
	archive := migrated(t, db)
	cell := ledger.Cell{RunID: startRun(t, archive, "a").ID, Instrument: "ES", Timeframe: "5m", State: ledger.CellStored}
	tx := begin(t, archive)
	got, err := tx.Upsert(t.Context(), es5m(), ramp(6))
	if err != nil {
		t.Fatal(err)
	}
	cell.Inserted, cell.Newest = got.Inserted, newest(t, tx, es5m())
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
