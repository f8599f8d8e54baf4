package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/store"
	"barkeep/store/storetest/servers"
)

// A server that is killed in the middle of a transaction gives an error, and after its restart everything that was
// committed is there and nothing else; the archive that was open all the while goes on.
func TestServerKilledInTransaction(t *testing.T) {
	t.Parallel()
	server := servers.RunPostgres(t, servers.Options{Durable: true})
	archive := migrated(t, server.URL())
	upsert(t, archive, es5m(), ramp(5000))
	fresh := market.Series{Instrument: "NQ", Timeframe: market.M1}

	tx, err := archive.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	changed := ramp(8000)
	changed.Close[0]++
	for _, series := range []market.Series{es5m(), fresh} {
		if _, err := tx.Upsert(t.Context(), series, changed); err != nil {
			t.Fatal(err)
		}
	}
	split := market.SplitFactor(market.Action{Kind: market.ActionSplit, Numerator: 1, Denominator: 10})
	r := store.Restatement{Series: es5m(), Action: 1, Before: always().To, Factor: split}
	if done, err := tx.Restate(t.Context(), r); err != nil || done.Bars != 8000 || done.Kept == 0 {
		t.Fatalf("restated %+v, %v", done, err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Upsert(t.Context(), es5m(), ramp(10)); err == nil {
		t.Error("a dead server stored bars")
	}
	if err := tx.Commit(t.Context()); err == nil {
		t.Error("a dead server committed")
	}
	if err := archive.Ping(t.Context()); err == nil {
		t.Error("a dead server answered")
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}

	got, err := archive.Candles(t.Context(), es5m(), always())
	if err != nil {
		t.Fatal(err)
	}
	if got.Len() != 5000 || got.Close[0] != ramp(1).Close[0] {
		t.Errorf("%d bars after the restart, the first closes at %v", got.Len(), got.Close[0])
	}
	states, err := archive.States(t.Context())
	if err != nil || len(states) != 1 || states[0].Count != 5000 {
		t.Errorf("states after the restart: %+v, %v", states, err)
	}
	if all, err := archive.Restatements(t.Context(), ""); err != nil || len(all) != 0 {
		t.Errorf("restatements after the restart: %+v, %v", all, err)
	}
	stored := upsert(t, archive, es5m(), changed)
	if stored.Inserted != 3000 || stored.Changed != 1 || stored.Unchanged != 4999 {
		t.Errorf("the next run stored %+v", stored)
	}
}

// The context ends in the middle of a COPY: at the moment the test sees its rows come in. Nothing of them is left, and the
// archive goes on.
func TestContextEndsInCopy(t *testing.T) {
	t.Parallel()
	address := database(t)
	archive := migrated(t, address)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tx, err := archive.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	bars := ramp(2_000_000)
	done := make(chan error, 1)
	go func() {
		_, err := tx.Upsert(ctx, es5m(), bars)
		done <- err
	}()
	waitForCopy(t, address, done)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled write returned %v", err)
	}
	if err := tx.Commit(t.Context()); err == nil {
		t.Error("a write that was cancelled could be committed")
	}
	tx.Rollback()
	if n := number(t, address, `SELECT count(*) FROM candles`); n != 0 {
		t.Errorf("%d bars are left of the cancelled write", n)
	}
	if stored := upsert(t, archive, es5m(), bars.Slice(0, 100)); stored.Inserted != 100 {
		t.Errorf("the next write stored %+v", stored)
	}
}

// waitForCopy returns once the server reports a COPY that has stored rows and is not at its end.
func waitForCopy(t *testing.T, address string, done <-chan error) {
	t.Helper()
	conn := connect(t, address)
	defer conn.Close(context.Background())
	for {
		var rows int64
		err := conn.QueryRow(t.Context(), `
			SELECT coalesce(max(tuples_processed), 0) FROM pg_stat_progress_copy WHERE datname = current_database()`).Scan(&rows)
		if err != nil {
			t.Fatal(err)
		}
		if rows > 0 {
			return
		}
		select {
		case err := <-done:
			t.Fatalf("the write ended before it was seen: %v", err)
		default:
		}
	}
}

// A writer that waits for another one of the same series stops waiting when its context ends.
func TestContextEndsWhileWaiting(t *testing.T) {
	t.Parallel()
	archive := migrated(t, database(t))
	holder, err := archive.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback()
	if _, err := holder.Upsert(t.Context(), es5m(), ramp(3)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	waiter, err := archive.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer waiter.Rollback()
	if _, err := waiter.Upsert(ctx, es5m(), ramp(4)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the waiting writer returned %v", err)
	}
	if err := holder.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if stored := upsert(t, archive, es5m(), ramp(4)); stored.Inserted != 1 {
		t.Errorf("the next writer stored %+v", stored)
	}
}
