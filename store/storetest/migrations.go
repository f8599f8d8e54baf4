package storetest

import (
	"fmt"
	"testing"
	"time"

	"barkeep/market"
)

// testConcurrentMigrations lets archives on one empty database migrate at once, as processes do that start together.
func testConcurrentMigrations(t *testing.T, db Database) {
	const starts = 3
	archives := make([]Archive, starts)
	for i := range archives {
		archives[i] = db.Open(t, start)
	}
	current, latest, err := archives[0].SchemaVersion(t.Context())
	if err != nil || current != 0 || latest < 1 {
		t.Fatalf("an empty database has the version %d of %d, %v", current, latest, err)
	}
	parallel(t, starts, func(i int) error {
		_, to, err := archives[i].Migrate(t.Context())
		if err == nil && to != latest {
			t.Errorf("archive %d is at version %d after its migration, want %d", i, to, latest)
		}
		return err
	})
	if current, _, err := archives[1].SchemaVersion(t.Context()); err != nil || current != latest {
		t.Errorf("version %d, %v; want %d", current, err, latest)
	}
	if n := db.Query(t, `SELECT count(*) - count(DISTINCT version_id) FROM goose_db_version`); n != 0 {
		t.Errorf("%d migrations were applied once more", n)
	}
	wantCounts(t, mustPut(t, archives[2], es5m(), ramp(3)), 3, 0, 0)
}

// testMigrateAgain migrates an archive that is in use.
func testMigrateAgain(t *testing.T, db Database) {
	archive := db.Open(t, start)
	from, to, err := archive.Migrate(t.Context())
	if err != nil || from != 0 || to < 1 {
		t.Fatalf("the first migration went from %d to %d, %v", from, to, err)
	}
	mustPut(t, archive, es5m(), ramp(3))
	rows := db.Query(t, `SELECT count(*) FROM goose_db_version`)
	for _, a := range []Archive{archive, db.Open(t, start)} {
		if from, again, err := a.Migrate(t.Context()); err != nil || from != to || again != to {
			t.Errorf("another migration went from %d to %d, %v; want %d to %d", from, again, err, to, to)
		}
	}
	if n := db.Query(t, `SELECT count(*) FROM goose_db_version`); n != rows {
		t.Errorf("another migration wrote %d rows", n-rows)
	}
	wantBars(t, "after another migration", stored(t, archive, es5m()), ramp(3))
}

// testSeriesMigrated brings an archive with bars to the schema in which the row of a series keeps the first and the last.
func testSeriesMigrated(t *testing.T, db Database) {
	db.SchemaOf(t, 2)
	archive := db.Open(t, start)
	db.Query(t, `INSERT INTO series (instrument, timeframe, bars) VALUES ('ES', '5m', 3), ('NQ', '5m', 0) RETURNING 1`)
	for _, day := range []string{"2025-11-23", "1969-11-23", "2026-11-23"} {
		db.Query(t, `
			INSERT INTO candles (series_id, ts, open, high, low, close)
			SELECT id, `+db.Start(day)+`, 1, 1, 1, 1 FROM series WHERE instrument = 'ES'
			RETURNING 1`)
	}
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, last := time.Date(1969, 11, 23, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	sql := fmt.Sprintf(`SELECT count(*) FROM series WHERE instrument = 'ES' AND counted = 3 AND first_ts = %d AND last_ts = %d`,
		first.Unix(), last.Unix())
	if n := db.Query(t, sql); n != 1 {
		t.Error("the migration did not look for the first and the last bar")
	}
	wantState(t, archive, market.SeriesState{Series: es5m(), Count: 3, Oldest: first, Newest: last})
	wantState(t, archive, market.SeriesState{Series: market.Series{Instrument: "NQ", Timeframe: market.M5}})
}
