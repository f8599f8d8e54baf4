package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
)

// testRollback rolls back a new series, more bars, changed bars and a cell.
func testRollback(t *testing.T, db Database) {
	archive := migrated(t, db)
	run := startRun(t, archive, "a").ID
	mustPut(t, archive, es5m(), ramp(10))
	fresh := market.Series{Instrument: "NQ", Timeframe: market.H1}
	tx := begin(t, archive)
	changed := ramp(20)
	changed.Close[3]++
	for _, series := range []market.Series{es5m(), fresh} {
		if _, err := tx.Upsert(t.Context(), series, changed); err != nil {
			t.Fatal(err)
		}
	}
	cell := ledger.Cell{RunID: run, Instrument: "NQ", Timeframe: "1h", State: ledger.CellStored}
	if err := tx.RecordCell(t.Context(), cell); err != nil {
		t.Fatal(err)
	}
	tx.Rollback()
	tx.Rollback() // a second one does nothing
	if err := tx.Commit(t.Context()); err == nil {
		t.Error("a transaction that was rolled back could be committed")
	}

	wantBars(t, "after the rollback", stored(t, archive, es5m()), ramp(10))
	wantState(t, archive, market.SeriesState{
		Series: es5m(), Count: 10, Oldest: flat(0, 0, 0).Start, Newest: flat(9, 0, 0).Start,
	})
	states, err := archive.States(t.Context())
	if err != nil || len(states) != 1 {
		t.Errorf("states %+v, %v; want that of ES 5m alone", states, err)
	}
	for _, table := range []string{"candle_revisions", "cells"} {
		if n := db.Query(t, `SELECT count(*) FROM `+table); n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
	wantCounts(t, mustPut(t, archive, fresh, ramp(5)), 5, 0, 0)
}

// testIsolation reads while a transaction is open: it sees its own bars, nobody else does before the commit, and nobody
// waits.
func testIsolation(t *testing.T, db Database) {
	archive := migrated(t, db)
	other := db.Open(t, start)
	mustPut(t, archive, es5m(), ramp(3))
	tx := begin(t, archive)
	if _, err := tx.Upsert(t.Context(), es5m(), ramp(8)); err != nil {
		t.Fatal(err)
	}
	inside, err := tx.Candles(t.Context(), es5m(), always())
	if err != nil {
		t.Fatal(err)
	}
	wantBars(t, "inside", inside, ramp(8))
	if at := newest(t, tx, es5m()); at != flat(7, 0, 0).Start {
		t.Errorf("newest inside is %v", at)
	}
	for name, a := range map[string]Archive{"the same archive": archive, "another one": other} {
		wantBars(t, name+" before the commit", stored(t, a, es5m()), ramp(3))
		wantState(t, a, market.SeriesState{
			Series: es5m(), Count: 3, Oldest: flat(0, 0, 0).Start, Newest: flat(2, 0, 0).Start,
		})
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	tx.Rollback() // after the commit it does nothing
	if _, err := tx.Upsert(t.Context(), es5m(), ramp(9)); err == nil {
		t.Error("a committed transaction took more bars")
	}
	for name, a := range map[string]Archive{"the same archive": archive, "another one": other} {
		wantBars(t, name+" after the commit", stored(t, a, es5m()), ramp(8))
	}
}

// testPoisoned goes on after a write that failed, as no caller should, and tries to commit what came before it.
func testPoisoned(t *testing.T, db Database) {
	archive := migrated(t, db)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	ragged := ramp(5)
	ragged.Low = nil
	failures := map[string]func(store.Tx) error{
		"bars that are refused": func(tx store.Tx) error {
			_, err := tx.Upsert(t.Context(), es5m(), ragged)
			return err
		},
		"bars under an ended context": func(tx store.Tx) error {
			_, err := tx.Upsert(ended, es5m(), ramp(5))
			return err
		},
		"a cell of no run": func(tx store.Tx) error {
			return tx.RecordCell(t.Context(), ledger.Cell{RunID: 4711, Instrument: "ES", Timeframe: "5m", State: ledger.CellStored})
		},
		"a commit under an ended context": func(tx store.Tx) error { return tx.Commit(ended) },
	}
	for name, fail := range failures {
		tx := begin(t, archive)
		if _, err := tx.Upsert(t.Context(), es5m(), ramp(3)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := fail(tx); err == nil {
			t.Errorf("%s: no error", name)
		}
		if err := tx.Commit(t.Context()); err == nil {
			t.Errorf("%s: the transaction could be committed", name)
		}
		tx.Rollback()
		if n := db.Query(t, `SELECT count(*) FROM candles`); n != 0 {
			t.Fatalf("%s: %d bars are stored", name, n)
		}
	}
	wantCounts(t, mustPut(t, archive, es5m(), ramp(3)), 3, 0, 0)
}

// testSameSeries lets many writers store the same bars at once, through two archives as two processes would: every bar is
// inserted by exactly one of them, and every bar has the last writer's value.
func testSameSeries(t *testing.T, db Database) {
	const writers, n = 8, 700
	archives := []Archive{migrated(t, db), db.Open(t, start)}
	results := make([]market.Stored, writers)
	parallel(t, writers, func(i int) (err error) {
		results[i], err = put(t.Context(), archives[i%2], es5m(), ramp(n))
		return err
	})
	var sum market.Stored
	for _, stored := range results {
		sum = sum.Add(stored)
	}
	wantCounts(t, sum, n, 0, (writers-1)*n)
	wantState(t, archives[0], market.SeriesState{
		Series: es5m(), Count: n, Oldest: flat(0, 0, 0).Start, Newest: flat(n-1, 0, 0).Start,
	})

	parallel(t, writers, func(i int) (err error) {
		results[i], err = put(t.Context(), archives[i%2], es5m(), list(flat(0, float64(i), 1)))
		return err
	})
	sum = market.Stored{}
	for _, stored := range results {
		sum = sum.Add(stored)
	}
	wantCounts(t, sum, 0, writers, 0)
	if n := db.Query(t, `SELECT count(*) FROM candle_revisions`); n != writers {
		t.Errorf("%d revisions, want one for each of %d writers", n, writers)
	}
}

// testManySeries lets writers store a base series and one derived from it in one transaction, several writers for each
// instrument: they must neither lose bars nor wait for each other in a circle.
func testManySeries(t *testing.T, db Database) {
	const writers, instruments, n = 9, 3, 300
	archives := []Archive{migrated(t, db), db.Open(t, start)}
	parallel(t, writers, func(i int) error {
		tx, err := archives[i%2].Begin(t.Context())
		if err != nil {
			return err
		}
		defer tx.Rollback()
		for _, tf := range []market.Timeframe{market.M1, market.M3} {
			series := market.Series{Instrument: fmt.Sprint("I", i%instruments), Timeframe: tf}
			if _, err := tx.Upsert(t.Context(), series, ramp(n).Slice(i, n)); err != nil {
				return err
			}
		}
		return tx.Commit(t.Context())
	})
	states, err := archives[1].States(t.Context())
	if err != nil || len(states) != instruments*2 {
		t.Fatalf("states %+v, %v; want %d", states, err, instruments*2)
	}
	for i, state := range states {
		if want := int64(n - i/2); state.Count != want {
			t.Errorf("%s counts %d bars, want %d", state.Series, state.Count, want)
		}
	}
	if got, want := db.Query(t, `SELECT count(*) FROM candles`), int64(2*(n+n-1+n-2)); got != want {
		t.Errorf("the database counts %d bars, want %d", got, want)
	}
}

// parallel runs do(0) to do(n-1) at once and waits for them.
func parallel(t *testing.T, n int, do func(i int) error) {
	t.Helper()
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			if err := do(i); err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	group.Wait()
	if t.Failed() {
		t.FailNow()
	}
}
