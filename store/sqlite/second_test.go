package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"strings"
	"testing"
)

// second is a plain connection of its own to the file of an archive: the second opinion.
func second(tb testing.TB, path string) *sql.Conn {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=15000")
	if err != nil {
		tb.Fatal(err)
	}
	conn, err := db.Conn(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = conn.Close() // may be closed already
		_ = db.Close()
	})
	return conn
}

func number(tb testing.TB, conn *sql.Conn, query string) (n int64) {
	tb.Helper()
	if err := conn.QueryRowContext(context.WithoutCancel(tb.Context()), query).Scan(&n); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return n
}

// The engine raises data_version whenever another connection has committed a change, and appends every page that was
// changed to the log. Neither happens for bars that are there already.
func TestIdenticalBarsWriteNothing(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.db"
	archive := migrated(t, path)
	conn := second(t, path)
	upsert(t, archive, es5m(), ramp(5_000))
	state := func() [2]int64 {
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return [2]int64{number(t, conn, `PRAGMA data_version`), info.Size()}
	}
	before := state()
	if stored := upsert(t, archive, es5m(), ramp(5_000)); stored.Unchanged != 5_000 {
		t.Fatalf("%+v of 5,000 identical bars", stored)
	}
	if after := state(); after != before {
		t.Errorf("data version and size of the log were %v before identical bars, and are %v", before, after)
	}
	upsert(t, archive, es5m(), ramp(5_001))
	if after := state(); after[0] == before[0] {
		t.Error("one new bar left the data version as it was: the test sees nothing")
	}
}

func TestTheViewIsReadableAndUsesTheKeys(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.db"
	upsert(t, migrated(t, path), es5m(), ramp(2))
	conn := second(t, path)
	const query = `SELECT ts, close, volume FROM ohlc WHERE instrument = 'ES' AND timeframe = '5m' ORDER BY ts LIMIT 1`
	var (
		ts            string
		price, volume float64
	)
	if err := conn.QueryRowContext(t.Context(), query).Scan(&ts, &price, &volume); err != nil {
		t.Fatal(err)
	}
	if ts != "2025-11-23T23:00:00Z" || price != 5000.25 || volume != 100 {
		t.Errorf("the view says %s %v %v", ts, price, volume)
	}
	rows, err := conn.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if text := strings.Join(plan, "\n"); rows.Err() != nil || strings.Contains(text, "SCAN") ||
		!strings.Contains(text, "c USING PRIMARY KEY (series_id=?)") {
		t.Errorf("the plan is\n%s", text)
	}
}
