package storetest

import (
	"slices"
	"testing"
	"time"

	"barkeep/ledger"
)

// testLatest walks a slot through all that can become of it.
func testLatest(t *testing.T, db Database) {
	archive := migrated(t, db)
	slot := slotOf(0)
	wantLatest(t, archive, slot, ledger.Run{})
	first := wins(t, archive, asks(slot, "a"), 1)
	wantLatest(t, archive, slot, first)
	wantLatest(t, archive, slotOf(1), ledger.Run{})
	failed := finishes(t, archive, first, ledger.StateFailed, "HTTP 503")
	wantLatest(t, archive, slot, failed)

	dead := dies(t.Context(), t, archive, asks(slot, "b"))
	if dead.Reason != "lease ended" {
		t.Errorf("a run whose lease is over has the reason %q", dead.Reason)
	}
	wantLatest(t, archive, slot, dead)
	if ok, err := archive.Missed(t.Context(), slot, "nobody came", start().Add(time.Hour)); !ok || err != nil {
		t.Fatalf("missed: %v, %v", ok, err)
	}
	wantLatest(t, archive, slot, ledger.Run{
		ID: dead.ID + 1, Job: slot.Job, Slot: slot, State: ledger.StateMissed, Reason: "nobody came",
		Started: start().Add(time.Hour), Finished: start().Add(time.Hour),
	})

	third := wins(t, archive, asks(slot, "c"), 3) // the missed row is no attempt, and not in the way
	wantLatest(t, archive, slot, third)
	done := finishes(t, archive, third, ledger.StateDone, "")
	forced := asks(slot, "d")
	forced.Forced = true
	finishes(t, archive, wins(t, archive, forced, 4), ledger.StateFailed, "x")
	wantLatest(t, archive, slot, done)
	adHoc := startRun(t, archive, "e")
	wantLatest(t, archive, ledger.Slot{Job: ledger.JobImport}, ledger.Run{}) // ad-hoc runs are those of no slot
	if adHoc.ID <= done.ID {
		t.Errorf("run %d comes after run %d", adHoc.ID, done.ID)
	}
}

// testStanding asks for several dates and slots at once.
func testStanding(t *testing.T, db Database) {
	archive := migrated(t, db)
	at := slotOn
	done := finishes(t, archive, wins(t, archive, asks(at("2026-11-20", 0), "a"), 1), ledger.StateDone, "")
	finishes(t, archive, wins(t, archive, asks(at("2026-11-21", 0), "b"), 1), ledger.StateFailed, "x")
	running := wins(t, archive, asks(at("2026-11-21", 0), "c"), 2)
	dead := dies(t.Context(), t, archive, asks(at("2026-11-21", 1), "d"))
	last := finishes(t, archive, wins(t, archive, asks(at("2026-11-22", 0), "e"), 1), ledger.StatePartial, "y")
	forced := asks(at("2026-11-21", 2), "f")
	forced.Forced = true
	wins(t, archive, forced, 1)
	other := at("2026-11-21", 0)
	other.Job = ledger.JobMaintenance
	wins(t, archive, asks(other, "g"), 1)
	startRun(t, archive, "h")
	for _, c := range []struct {
		from, to string
		want     []ledger.Run
	}{
		{"2026-11-20", "2026-11-22", []ledger.Run{done, running, dead, last}},
		{"2026-11-21", "2026-11-21", []ledger.Run{running, dead}},
		{"2026-11-22", "2027-01-01", []ledger.Run{last}},
		{"2026-11-23", "2027-01-01", nil},
		{"2026-11-22", "2026-11-20", nil},
		{"1970-01-01", "9999-12-31", []ledger.Run{done, running, dead, last}},
	} {
		from, to := slotOn(c.from, -14).At, slotOn(c.to, 9).At
		got, err := archive.Standing(t.Context(), ledger.JobImport, from, to, ledger.Kept{})
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("from %q to %q: %+v, %v; want %+v", c.from, c.to, got, err, c.want)
		}
	}
}

// testCommitted collects cells over attempts.
func testCommitted(t *testing.T, db Database) {
	archive := migrated(t, db)
	slot := slotOf(0)
	record := func(run ledger.Run, instrument string, state ledger.CellState) ledger.Cell {
		cell := ledger.Cell{
			RunID: run.ID, Instrument: instrument, Timeframe: "1d", State: state, From: start().Add(-time.Hour), To: start(),
			Requests: 1, Fetched: 2, Finished: start(),
		}
		if err := archive.RecordCell(t.Context(), run, cell); err != nil {
			t.Fatal(err)
		}
		return cell
	}
	first := wins(t, archive, asks(slot, "a"), 1)
	es := record(first, "ES", ledger.CellStored)
	record(first, "NQ", ledger.CellFailed)
	cl := record(first, "CL", ledger.CellUnavailable)
	finishes(t, archive, first, ledger.StatePartial, "x")
	second := wins(t, archive, asks(slot, "b"), 2)
	record(second, "NQ", ledger.CellStored)
	nq := record(second, "NQ", ledger.CellEmpty) // a second one of the same run replaces the first
	finishes(t, archive, second, ledger.StatePartial, "x")
	forced := asks(slot, "c")
	forced.Forced = true
	record(wins(t, archive, forced, 3), "ES", ledger.CellFailed)
	record(wins(t, archive, asks(slotOf(1), "d"), 1), "GC", ledger.CellStored)

	got, err := archive.Committed(t.Context(), slot)
	if want := []ledger.Cell{cl, es, nq}; err != nil || !slices.Equal(got, want) {
		t.Errorf("committed are %+v, %v; want %+v", got, err, want)
	}
	for _, none := range []ledger.Slot{slotOf(2), {Job: ledger.JobImport}} {
		if got, err := archive.Committed(t.Context(), none); err != nil || len(got) != 0 {
			t.Errorf("committed of %s are %+v, %v", none, got, err)
		}
	}
}

// testInProgress looks for the oldest run that is alive.
func testInProgress(t *testing.T, db Database) {
	archive := migrated(t, db)
	want := func(what string, want int64) {
		t.Helper()
		run, found, err := archive.InProgress(t.Context(), ledger.JobImport)
		if err != nil || found != (want != 0) || run.ID != want || found && run.State != ledger.StateRunning {
			t.Fatalf("%s: %+v, %v, %v is in progress; want run %d", what, run, found, err, want)
		}
	}
	want("nothing", 0)
	dies(t.Context(), t, archive, asks(slotOf(0), "a"))
	maintenance := slotOf(0)
	maintenance.Job = ledger.JobMaintenance
	wins(t, archive, asks(maintenance, "b"), 1)
	want("a dead run and one of another job", 0)
	died(t, archive, "d")
	want("a dead ad-hoc run", 0)
	adHoc := startRun(t, archive, "e")
	run := wins(t, archive, asks(slotOf(1), "c"), 1)
	want("an ad-hoc run and one of a slot", adHoc.ID)
	finishes(t, archive, adHoc, ledger.StateDone, "")
	want("the one of a slot", run.ID)
	finishes(t, archive, run, ledger.StateDone, "")
	want("none any more", 0)
}

// testNoLease looks at running runs without a lease, as the previous release and the dead leave them.
func testNoLease(t *testing.T, db Database) {
	archive := migrated(t, db)
	adHoc := startRun(t, archive, "b").ID
	run := wins(t, archive, asks(slotOf(0), "a"), 1)
	if id := db.Query(t, `UPDATE runs SET lease_until = NULL WHERE trading_date = '' RETURNING id`); id != adHoc {
		t.Fatalf("the lease of run %d was taken, want run %d", id, adHoc)
	}
	if id := db.Query(t, `UPDATE runs SET lease_until = NULL WHERE trading_date <> '' RETURNING id`); id != run.ID {
		t.Fatalf("the lease of run %d was taken, want run %d", id, run.ID)
	}
	if found, ok, err := archive.InProgress(t.Context(), ledger.JobImport); ok || err != nil {
		t.Errorf("%+v is in progress without a lease: %v", found, err)
	}
	if got, _, err := archive.Run(t.Context(), adHoc); err != nil || got.State != ledger.StateAbandoned {
		t.Errorf("an ad-hoc run without a lease reads as %+v, %v", got, err)
	}
	claim, err := archive.Claim(t.Context(), asks(slotOf(0), "b"), ledger.Kept{}, forever)
	if err != nil || !claim.Won || !tookOver(claim, run) {
		t.Errorf("a slot's run without a lease was taken over with %+v, %v", claim, err)
	}
}

// testMissed records slots that passed.
func testMissed(t *testing.T, db Database) {
	archive := migrated(t, db)
	missed := func(index int, reason string, at time.Time) bool {
		t.Helper()
		recorded, err := archive.Missed(t.Context(), slotOf(index), reason, at)
		if err != nil {
			t.Fatal(err)
		}
		return recorded
	}
	if !missed(0, "no run of it was begun", start()) || !missed(0, "again", start().Add(time.Hour)) {
		t.Error("a slot without a run was not missed")
	}
	want := ledger.Run{
		ID: 1, Job: ledger.JobImport, Slot: slotOf(0), State: ledger.StateMissed, Reason: "no run of it was begun",
		Started: start(), Finished: start(),
	}
	wantRuns(t, archive, 10, want)

	run := wins(t, archive, asks(slotOf(0), "a"), 1)
	if missed(0, "x", start()) {
		t.Error("a slot that is being run was missed")
	}
	finishes(t, archive, run, ledger.StateFailed, "y")
	if !missed(0, "x", start()) {
		t.Error("a slot whose run failed was not missed")
	}
	dead := dies(t.Context(), t, archive, asks(slotOf(0), "b"))
	if !missed(0, "x", start().Add(time.Minute)) {
		t.Error("a slot whose run died was not missed")
	}
	dead.Finished = start().Add(time.Minute)
	wantRun(t, archive, dead)
	if still, err := archive.Heartbeat(t.Context(), dead, forever); still || err != nil {
		t.Errorf("a run that was abandoned with its slot goes on: %v, %v", still, err)
	}
	wantRun(t, archive, want)
	if n := db.Query(t, `SELECT count(*) FROM runs WHERE state = 'missed'`); n != 1 {
		t.Errorf("the slot was missed %d times", n)
	}
	done := finishes(t, archive, wins(t, archive, asks(slotOf(0), "c"), 3), ledger.StateDone, "")
	if missed(0, "x", start()) {
		t.Error("a done slot was missed")
	}
	wantLatest(t, archive, slotOf(0), done)

	forced := asks(slotOf(1), "d")
	forced.Forced = true
	finishes(t, archive, wins(t, archive, forced, 1), ledger.StateDone, "")
	if !missed(1, "x", start()) {
		t.Error("a forced run counts as effective")
	}
}

// testMissedAtOnce lets auditors record the same slots while others claim them.
func testMissedAtOnce(t *testing.T, db Database) {
	archives := several(t, db, 3)
	const slots = 6
	for i := range slots {
		if i%2 == 0 {
			dies(t.Context(), t, archives[0], asks(slotOf(i), "dead"))
		}
	}
	parallel(t, 9, func(i int) error {
		for index := range slots {
			if i%3 == 0 {
				if _, err := archives[0].Claim(t.Context(), asks(slotOf(index), string(rune('a'+i))), ledger.Kept{}, forever); err != nil {
					return err
				}
				continue
			}
			if _, err := archives[i%3].Missed(t.Context(), slotOf(index), "x", start()); err != nil {
				return err
			}
		}
		return nil
	})
	if n := db.Query(t, `SELECT count(*) FROM runs WHERE state = 'running'`); n != slots {
		t.Errorf("%d runs are running for %d slots that were claimed", n, slots)
	}
	if n := db.Query(t, `SELECT count(*) - count(DISTINCT slot) FROM runs WHERE state = 'missed'`); n != 0 {
		t.Errorf("%d slots were missed twice", n)
	}
	if n := db.Query(t, `SELECT count(*) FROM runs WHERE state = 'abandoned'`); n != slots/2 {
		t.Errorf("%d runs are abandoned, want %d", n, slots/2)
	}
}
