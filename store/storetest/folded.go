package storetest

import (
	"slices"
	"testing"
	"time"

	"barkeep/market"
)

// testFolded notes up to where series are folded, with a row and without, and reads it in every way that there is.
func testFolded(t *testing.T, db Database) {
	archive := migrated(t, db)
	base, derived := es5m(), market.Series{Instrument: "ES", Timeframe: market.M15}
	empty, other := market.Series{Instrument: "ES", Timeframe: market.M30}, market.Series{Instrument: "NQ", Timeframe: market.M5}
	mustPut(t, archive, base, ramp(6))
	mustPut(t, archive, derived, ramp(2))
	mustPut(t, archive, other, ramp(2))
	set := func(version int64, commit bool) {
		t.Helper()
		tx := begin(t, archive)
		defer tx.Rollback()
		for _, series := range []market.Series{derived, empty} {
			if err := tx.SetFolded(t.Context(), series, version); err != nil {
				t.Fatal(err)
			}
			if inside, found, err := tx.State(t.Context(), series); err != nil || !found || inside.Folded != version {
				t.Errorf("inside of the transaction %s is folded up to %d, %v, %v", series, inside.Folded, found, err)
			}
		}
		if commit {
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	before, _, err := archive.State(t.Context(), derived)
	if err != nil || before.Folded != 0 {
		t.Fatalf("before anything was noted: %+v, %v", before, err)
	}
	set(7, false)
	if now, _, _ := archive.State(t.Context(), derived); now != before {
		t.Errorf("after a rollback the state went from %+v to %+v", before, now)
	}
	set(1<<60, true)
	mustPut(t, archive, derived, ramp(3)) // an earlier release, too, leaves the note alone
	now, _, err := archive.State(t.Context(), derived)
	if err != nil || now.Folded != 1<<60 || now.Version <= before.Version || now.Count != 3 {
		t.Errorf("after the note and a write: %+v, %v", now, err)
	}
	tx := begin(t, archive)
	defer tx.Rollback()
	all, err := tx.StatesOf(t.Context(), "ES")
	slices.SortFunc(all, func(a, b market.SeriesState) int { return a.Series.Compare(b.Series) })
	if err != nil || len(all) != 3 || all[0].Series != base || all[0].Count != 6 || all[1] != now || all[2].Series != empty ||
		all[2].Count != 0 || all[2].Folded != 1<<60 {
		t.Errorf("the states of ES are %+v, %v", all, err)
	}
	tx.Rollback()
	of := snapshot(t, db)
	states, err := of.States(t.Context())
	want, _ := archive.States(t.Context())
	if err != nil || !slices.Equal(states, want) || len(states) != 4 {
		t.Errorf("a snapshot has the states %+v, %v, want %+v", states, err, want)
	}
}

// testLockSeries keeps another writer of the series out from the lock on, not only from the first write on, and lets it see then
// what was written.
func testLockSeries(t *testing.T, db Database) {
	archives := several(t, db, 2)
	mustPut(t, archives[0], es5m(), ramp(5))
	first := begin(t, archives[0])
	defer first.Rollback()
	if err := first.LockSeries(t.Context(), es5m()); err != nil {
		t.Fatal(err)
	}
	locked := make(chan market.SeriesState, 1)
	go func() {
		defer close(locked)
		tx, err := archives[1].Begin(t.Context())
		if err != nil {
			t.Errorf("begin beside it: %v", err)
			return
		}
		defer tx.Rollback()
		if err := tx.LockSeries(t.Context(), es5m()); err != nil {
			t.Errorf("lock: %v", err)
		}
		state, _, err := tx.State(t.Context(), es5m())
		if err != nil {
			t.Errorf("state: %v", err)
		}
		locked <- state
	}()
	select {
	case <-locked:
		t.Fatal("two have the lock")
	case <-time.After(patience):
	}
	if _, err := first.Upsert(t.Context(), es5m(), ramp(9)); err != nil {
		t.Fatal(err)
	}
	if err := first.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if state := <-locked; state.Count != 9 {
		t.Errorf("after the lock %d bars are seen, want 9", state.Count)
	}
}
