package sqlite_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
	"barkeep/store/sqlite"
)

func begin(tb testing.TB, archive *sqlite.Archive) store.Tx {
	tb.Helper()
	tx, err := archive.Begin(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(tx.Rollback)
	return tx
}

// count reads the bars themselves and not the counter.
func count(tb testing.TB, archive *sqlite.Archive, series market.Series) int {
	tb.Helper()
	bars, err := archive.Candles(tb.Context(), series, always())
	if err != nil {
		tb.Fatal(err)
	}
	return bars.Len()
}

// countdown is a context that ends when it has been asked so many times whether it has: in the middle of the work,
// however fast the machine is.
type countdown struct {
	context.Context
	left atomic.Int64
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

func TestACancelledWriteLeavesNothingAndTheArchiveUsable(t *testing.T) {
	t.Parallel()
	for _, asked := range []int64{1, 2, 3, 10, 30} {
		archive := open(t)
		upsert(t, archive, es5m(), ramp(500))
		bars := ramp(1500)
		for i := range bars.Close {
			bars.Close[i]++
		}
		tx := begin(t, archive)
		ctx := &countdown{Context: t.Context()}
		ctx.left.Store(asked)
		if _, err := tx.Upsert(ctx, es5m(), bars); !errors.Is(err, context.Canceled) {
			t.Fatalf("asked %d times: the error is %v; the write was cancelled", asked, err)
		}
		if err := tx.Commit(t.Context()); err == nil {
			t.Fatalf("asked %d times: the half of a write was committed", asked)
		}
		states, err := archive.States(t.Context())
		if err != nil || len(states) != 1 || states[0].Count != 500 || count(t, archive, es5m()) != 500 {
			t.Errorf("asked %d times: the states are %+v (error %v); 500 bars were committed", asked, states, err)
		}
		stored := upsert(t, archive, es5m(), bars)
		if stored.Inserted != 1000 || stored.Changed != 500 {
			t.Errorf("asked %d times: afterwards %+v was stored", asked, stored)
		}
	}
}

// A deadline interrupts the engine wherever it is, in the middle of a statement too.
func TestAWritePastItsDeadlineLeavesNothing(t *testing.T) {
	t.Parallel()
	archive := open(t)
	upsert(t, archive, es5m(), ramp(1000))
	tx := begin(t, archive)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if _, err := tx.Upsert(ctx, es5m(), ramp(100_000)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the error is %v; 100,000 bars take longer than 5 ms", err)
	}
	tx.Rollback()
	if n := count(t, archive, es5m()); n != 1000 {
		t.Errorf("%d bars are stored, 1000 were committed", n)
	}
	if stored := upsert(t, archive, es5m(), ramp(2000)); stored.Inserted != 1000 || stored.Unchanged != 1000 {
		t.Errorf("afterwards %+v was stored", stored)
	}
}

func TestAReadCanBeCancelled(t *testing.T) {
	t.Parallel()
	archive := open(t)
	upsert(t, archive, es5m(), ramp(100))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := archive.Candles(ctx, es5m(), always()); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if n := count(t, archive, es5m()); n != 100 {
		t.Errorf("afterwards %d bars were read of 100", n)
	}
}

func TestAFailedStatementSpoilsTheTransaction(t *testing.T) {
	t.Parallel()
	archive := open(t)
	tx := begin(t, archive)
	if _, err := tx.Upsert(t.Context(), es5m(), ramp(10)); err != nil {
		t.Fatal(err)
	}
	orphan := ledger.Cell{RunID: 77, Instrument: "ES", Timeframe: "5m", State: ledger.CellStored}
	if err := tx.RecordCell(t.Context(), orphan); err == nil {
		t.Fatal("a cell of no run was recorded")
	}
	if _, err := tx.Upsert(t.Context(), es5m(), ramp(10)); err == nil {
		t.Error("the transaction took bars after a failure")
	}
	if err := tx.Commit(t.Context()); err == nil {
		t.Error("the transaction was committed after a failure")
	}
	if n := count(t, archive, es5m()); n != 0 {
		t.Errorf("%d bars of a failed transaction are stored", n)
	}
	if stored := upsert(t, archive, es5m(), ramp(10)); stored.Inserted != 10 {
		t.Errorf("afterwards %+v was stored", stored)
	}
}

func TestCommitWithAnEndedContextStoresNothing(t *testing.T) {
	t.Parallel()
	archive := open(t)
	tx := begin(t, archive)
	if _, err := tx.Upsert(t.Context(), es5m(), ramp(10)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tx.Commit(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if n := count(t, archive, es5m()); n != 0 {
		t.Errorf("%d bars are stored though Commit returned an error", n)
	}
}

func TestAFinishedTransactionTakesNothing(t *testing.T) {
	t.Parallel()
	archive := open(t)
	tx := begin(t, archive)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	tx.Rollback()
	if _, err := tx.Upsert(t.Context(), es5m(), ramp(10)); err == nil {
		t.Error("a committed transaction took bars")
	}
	if _, _, err := tx.State(t.Context(), es5m()); err == nil {
		t.Error("a committed transaction was read")
	}
	if err := tx.Commit(t.Context()); err == nil {
		t.Error("a committed transaction was committed again")
	}
}

// Of two archives on one file, which stand for two processes, and of two goroutines of one archive.
func TestBeginWaitsForTheOtherWriterAsLongAsItsContext(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.db"
	one := migrated(t, path)
	for name, other := range map[string]*sqlite.Archive{"another process": opened(t, path), "another goroutine": one} {
		tx := begin(t, one)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := other.Begin(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: the error is %v", name, err)
		}
		cancel()
		got := make(chan error, 1)
		go func() {
			waiting, err := other.Begin(t.Context())
			if err == nil {
				waiting.Rollback()
			}
			got <- err
		}()
		tx.Rollback()
		if err := <-got; err != nil {
			t.Errorf("%s: after the other had ended: %v", name, err)
		}
	}
}

func TestReadersDoNotWaitForAWriter(t *testing.T) {
	t.Parallel()
	archive := open(t)
	upsert(t, archive, es5m(), ramp(10))
	tx := begin(t, archive)
	if _, err := tx.Upsert(t.Context(), es5m(), ramp(20)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, archive, es5m()); n != 10 {
		t.Errorf("a reader sees %d bars while 10 are committed", n)
	}
	own, err := tx.Candles(t.Context(), es5m(), always())
	if err != nil || own.Len() != 20 {
		t.Errorf("the writer sees %d bars (error %v) of the 20 it wrote", own.Len(), err)
	}
}
