package sqlite_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/store/sqlite"
)

const million = 1_000_000

// BenchmarkUpsertFresh stores a million new bars and compares it with the floor: prepared inserts of 50 rows of the same
// bars into the same table of another file, taken in turns. ratio is the path's speed in floors.
func BenchmarkUpsertFresh(b *testing.B) {
	bars := ramp(million)
	var floors, paths []time.Duration
	for b.Loop() {
		floors = append(floors, floor(b, bars))
		archive := open(b)
		paths = append(paths, timed(func() { upsert(b, archive, es5m(), bars) }))
		archive.Close()
	}
	report(b, floors, paths)
}

// BenchmarkUpsertIdentical stores the same million bars again. Its floor is the same as that of new ones.
func BenchmarkUpsertIdentical(b *testing.B) {
	bars := ramp(million)
	archive := open(b)
	upsert(b, archive, es5m(), bars)
	var floors, paths []time.Duration
	for b.Loop() {
		floors = append(floors, floor(b, bars))
		paths = append(paths, timed(func() { upsert(b, archive, es5m(), bars) }))
	}
	report(b, floors, paths)
}

// BenchmarkUpsertChanged changes every one of a million bars: each is read, kept as a revision and updated.
func BenchmarkUpsertChanged(b *testing.B) {
	bars := ramp(million)
	archive := open(b)
	upsert(b, archive, es5m(), bars)
	var floors, paths []time.Duration
	for b.Loop() {
		for i := range bars.Close {
			bars.Close[i]++
		}
		floors = append(floors, floor(b, bars))
		paths = append(paths, timed(func() { upsert(b, archive, es5m(), bars) }))
	}
	report(b, floors, paths)
}

// BenchmarkCandles reads a million bars.
func BenchmarkCandles(b *testing.B) {
	archive := open(b)
	upsert(b, archive, es5m(), ramp(million))
	b.ReportAllocs()
	for b.Loop() {
		bars, err := archive.Candles(b.Context(), es5m(), always())
		if err != nil || bars.Len() != million {
			b.Fatalf("%d bars, error %v", bars.Len(), err)
		}
	}
	b.ReportMetric(million*float64(b.N)/b.Elapsed().Seconds(), "bars/s")
}

// floor is the time of plain inserts: what the engine and the driver need when nothing is asked of the archive.
func floor(b *testing.B, bars *market.Candles) time.Duration {
	b.Helper()
	path := b.TempDir() + "/floor.db"
	migrated(b, path).Close()
	db, err := sql.Open("sqlite", "file:"+path+"?_journal_mode=WAL&_synchronous=NORMAL&_pragma=cache_size(-16384)")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	took := timed(func() { err = insertPlainly(db, bars) })
	if err != nil {
		b.Fatal(err)
	}
	return took
}

func insertPlainly(db *sql.DB, bars *market.Candles) error {
	const rows = 50
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	insert, err := tx.Prepare(`INSERT INTO candles (series_id, ts, open, high, low, close, volume, flags) VALUES ` +
		strings.Repeat(`(?, ?, ?, ?, ?, ?, ?, ?), `, rows-1) + `(?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }()
	args := make([]any, 0, 8*rows)
	for i := range bars.Len() {
		args = append(args, int64(1), bars.TS[i], bars.Open[i], bars.High[i], bars.Low[i], bars.Close[i], bars.Volume[i],
			int64(bars.Flags[i]))
		if len(args) < cap(args) {
			continue
		}
		if _, err := insert.Exec(args...); err != nil {
			return err
		}
		args = args[:0]
	}
	return tx.Commit()
}

func upsert(tb testing.TB, archive *sqlite.Archive, series market.Series, bars *market.Candles) market.Stored {
	tb.Helper()
	tx, err := archive.Begin(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	defer tx.Rollback()
	stored, err := tx.Upsert(tb.Context(), series, bars)
	if err != nil {
		tb.Fatal(err)
	}
	if err := tx.Commit(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return stored
}

func timed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}

// report gives medians, since a shared machine has bad moments.
func report(b *testing.B, floors, paths []time.Duration) {
	b.Helper()
	slices.Sort(floors)
	slices.Sort(paths)
	floor, path := floors[len(floors)/2], paths[len(paths)/2]
	b.ReportMetric(million/floor.Seconds(), "floor-bars/s")
	b.ReportMetric(million/path.Seconds(), "bars/s")
	b.ReportMetric(floor.Seconds()/path.Seconds(), "ratio")
}
