package storetest

import (
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
)

// evidence is a cell with a value in every column; no two numbers are the same.
func evidence(run int64, timeframe string, inserted int) ledger.Cell {
	return ledger.Cell{
		RunID: run, Instrument: "ES", Timeframe: timeframe, State: ledger.CellStored, Reason: "zero records\x00, backfill",
		From: start().Add(-time.Hour), To: start(), Requests: 2, Fetched: 9, Inserted: inserted, Changed: 1, Unchanged: 3,
		Newest: start().Add(-time.Minute), Finished: start().Add(789 * time.Nanosecond),
	}
}

// testSettle asks what became of transactions: of one that was committed, one that was rolled back, and some whose evidence
// differs in a single value.
func testSettle(t *testing.T, db Database) {
	archive := migrated(t, db)
	run := startRun(t, archive, "a").ID
	kept, dropped := evidence(run, "5m", 5), evidence(run, "1h", 5)
	for _, cell := range []ledger.Cell{kept, dropped} {
		tx := begin(t, archive)
		if err := tx.RecordCell(t.Context(), cell); err != nil {
			t.Fatal(err)
		}
		if cell == dropped {
			tx.Rollback()
		} else if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	later := kept
	later.Finished = later.Finished.Add(time.Millisecond)
	part := kept
	part.State, part.Reason = ledger.CellFailed, "1 of 2 parts are stored"
	for name, asked := range map[string]struct {
		cell ledger.Cell
		want bool
	}{
		"committed": {kept, true}, "rolled back": {dropped, false}, "other counts": {evidence(run, "5m", 6), false},
		"another time": {later, false}, "a part": {part, false}, "another run": {evidence(run+1, "5m", 5), false},
	} {
		tx := begin(t, archive)
		if got, err := tx.Settle(t.Context(), asked.cell); err != nil || got != asked.want {
			t.Errorf("%s: %v, %v; want %v", name, got, err, asked.want)
		}
		tx.Rollback()
	}
}

// testSettleWaits asks what becomes of a transaction that is still under way: the answer comes after its end, and is right.
func testSettleWaits(t *testing.T, db Database) {
	archives := several(t, db, 2)
	run := startRun(t, archives[0], "a").ID
	for _, commit := range []bool{true, false} {
		cell := evidence(run, "5m", 5)
		cell.Fetched = map[bool]int{true: 10, false: 11}[commit]
		open := begin(t, archives[0])
		if _, err := open.Upsert(t.Context(), market.Series{Instrument: "ES", Timeframe: "5m"}, ramp(5)); err != nil {
			t.Fatal(err)
		}
		if err := open.RecordCell(t.Context(), cell); err != nil {
			t.Fatal(err)
		}
		answer := make(chan bool, 1)
		go func() {
			tx, err := archives[1].Begin(t.Context())
			if err != nil {
				t.Errorf("begin beside it: %v", err)
				close(answer)
				return
			}
			defer tx.Rollback()
			committed, err := tx.Settle(t.Context(), cell)
			if err != nil {
				t.Errorf("settle: %v", err)
			}
			answer <- committed
		}()
		select {
		case got := <-answer:
			open.Rollback()
			t.Fatalf("it says %v before the end", got)
		case <-time.After(patience):
		}
		if !commit {
			open.Rollback()
		} else if err := open.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := <-answer; got != commit {
			t.Errorf("it says %v, want %v", got, commit)
		}
	}
}

// testWritable: an archive that takes writes says so, also while somebody writes, and without a write.
func testWritable(t *testing.T, db Database) {
	archive := migrated(t, db)
	mustPut(t, archive, es5m(), ramp(3))
	tx := begin(t, archive)
	defer tx.Rollback()
	if _, err := tx.Upsert(t.Context(), es5m(), ramp(9)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := archive.Writable(t.Context()); err != nil || time.Since(began) > 5*time.Second {
		t.Errorf("beside a writer: %v after %s", err, time.Since(began))
	}
	if n := db.Query(t, `SELECT count(*) FROM candles`); n != 3 {
		t.Errorf("%d bars are stored, want 3", n)
	}
}
