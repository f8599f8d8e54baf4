package verify_test

import (
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the second opinion on PostgreSQL
	_ "modernc.org/sqlite"             // and on SQLite

	"barkeep/app"
	"barkeep/config"
	"barkeep/market"
	"barkeep/verify"
)

// process is what app.Options hold in these tests.
func process() app.Options { return app.Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler)} }

func options(against string) verify.Options { return verify.Options{Against: against, Revisions: true} }

// report digests an archive, compares it with another one, and fails the test on any other error than what was found.
func report(t *testing.T, database, against string) verify.Report {
	t.Helper()
	v, err := app.Verify(t.Context(), config.Config{DatabaseURL: database}, process(), options(against))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// wantSame fails the test unless two archives hold the same bars and revisions, and no fault.
func wantSame(t *testing.T, database, against string) verify.Report {
	t.Helper()
	v := report(t, database, against)
	if err := v.Err(); err != nil || !v.Against.Equal || len(v.Series) == 0 {
		t.Fatalf("%d series compared: %v, faults %q %q, differences %+v", len(v.Series), err, v.Faults, v.Against.Faults, v.Against.Differences)
	}
	return v
}

// unusable tells whether an error is one that the user mends by another flag, path or variable.
func unusable(err error) bool {
	return errors.Is(err, config.ErrUnusable) || errors.Is(err, verify.ErrInput)
}

// execute runs a statement on an archive behind Barkeep's back and returns how many rows it touched.
func execute(t *testing.T, database, statement string) int64 {
	t.Helper()
	driver, target := "pgx", database
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, target = "sqlite", path
	}
	db, err := sql.Open(driver, target)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	result, err := db.ExecContext(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// store writes bars by the archive's own writer.
func store(t testing.TB, archive app.Archive, series market.Series, bars *market.Candles) {
	t.Helper()
	tx, err := archive.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Upsert(t.Context(), series, bars); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// openArchive opens an archive of the newest schema.
func openArchive(t testing.TB, database string) app.Archive {
	t.Helper()
	o := process()
	archive, closeArchive, err := app.OpenArchive(t.Context(), config.Config{DatabaseURL: database}, o.Now, o.Logger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeArchive)
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return archive
}

// ramp makes n bars of 5 minutes from the start of 2026 on.
func ramp(n int) *market.Candles {
	bars := market.NewCandles(n)
	for i := range n {
		price := 5000 + float64(i%977)/4
		bars.Append(market.Candle{
			Start: time.Date(2026, 1, 1, 0, 5*i, 0, 0, time.UTC),
			Open:  price, High: price + 1.25, Low: price - 1.5, Close: price + 0.25, Volume: int64(100 + i%1000),
		})
	}
	return bars
}

// databases are an empty archive of each engine.
func databases(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"sqlite":   "sqlite:" + filepath.Join(t.TempDir(), "barkeep.db"),
		"postgres": postgresDatabase(t),
	}
}
