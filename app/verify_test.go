package app_test

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the second opinion on PostgreSQL
	_ "modernc.org/sqlite"             // and on SQLite

	"barkeep/app"
	"barkeep/config"
	"barkeep/market"
	"barkeep/store/storetest/servers"
	"barkeep/verify"
	"barkeep/yahoo/fake"
)

// digest digests an archive, compares it with another one, and fails the test on any other error than what was found.
func digest(t *testing.T, database, against string, revisions bool) verify.Report {
	t.Helper()
	o := app.Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
	r, err := app.Verify(t.Context(), config.Config{DatabaseURL: database}, o, verify.Options{Against: against, Revisions: revisions})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantSame fails the test unless two archives hold the same bars and revisions, and no fault.
func wantSame(t *testing.T, database, against string) verify.Report {
	t.Helper()
	v := digest(t, database, against, true)
	if err := v.Err(); err != nil || !v.Against.Equal || len(v.Series) == 0 {
		t.Fatalf("%d series compared: %v, faults %q %q, differences %+v", len(v.Series), err, v.Faults, v.Against.Faults, v.Against.Differences)
	}
	return v
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

// realBars fills an archive with recorded bars: those of one file by the main job, over HTTP and at their own time, and those
// of others by the writer. Some were revised before, so that there are revisions too.
func realBars(t *testing.T, database string) {
	t.Helper()
	folder := recordings(t)
	const file = "NQ_5m_20250620_20250829.csv"
	bars := readBars(t, filepath.Join(folder, file))
	r := newReplay(t, fake.Options{Bars: alone(t, folder, file), Only: true, RecordingQuirks: true}, database)
	r.last = bars[len(bars)-1].Start
	a := r.open(t)
	series := market.Series{Instrument: "NQ", Timeframe: market.M5}
	r.sync(t, a, bars[0].Start.Add(50*24*time.Hour), series, false)
	r.sync(t, a, bars[len(bars)-1].Start.Add(16*time.Minute), series, false) // later the provider would be late
	for name, series := range map[string]market.Series{
		"GC_5m_20250620_20250829.csv": {Instrument: "GC", Timeframe: market.M5}, "CL_1d.csv": {Instrument: "CL", Timeframe: market.D1},
		"ES_60m_20240331_20260821.csv": {Instrument: "ES", Timeframe: market.H1},
	} {
		final, first := market.NewCandles(0), market.NewCandles(0)
		for i, bar := range readBars(t, filepath.Join(folder, name)) {
			final.Append(bar)
			if i%97 == 0 {
				bar.Close += 0.25
			}
			first.Append(bar)
		}
		store(t, a.Archive, series, first)
		store(t, a.Archive, series, final)
	}
}

// postgresTool runs a program of PostgreSQL's own.
func postgresTool(t *testing.T, name string, args ...string) {
	t.Helper()
	folder, err := servers.FindPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if folder == servers.Docker {
		t.Skip("PostgreSQL runs in a container, so its pg_dump and pg_restore are not here: nothing was backed up or restored")
	}
	if out, err := exec.CommandContext(t.Context(), filepath.Join(folder, name), args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// TestRestoredArchiveIsVerified backs up an archive of real bars with pg_dump, restores it into an empty database, and finds no
// difference; then one bar is altered there, and one is deleted, and the very bars are named.
func TestRestoredArchiveIsVerified(t *testing.T) {
	t.Parallel()
	recordings(t)
	source, restored := postgresDatabase(t), postgresDatabase(t)
	realBars(t, source)
	dump := filepath.Join(t.TempDir(), "archive.dump")
	postgresTool(t, "pg_dump", "--format=custom", "--file="+dump, "--dbname="+source)
	postgresTool(t, "pg_restore", "--exit-on-error", "--no-owner", "--dbname="+restored, dump)
	v := wantSame(t, source, restored)
	var bars, revisions int64
	for _, s := range v.Series {
		bars, revisions = bars+s.Bars, revisions+s.Revisions
	}
	if len(v.Series) != 4 || bars < 40_000 || revisions < 300 {
		t.Errorf("%d series, %d bars and %d revisions were compared", len(v.Series), bars, revisions)
	}

	embedded := "sqlite:" + filepath.Join(t.TempDir(), "barkeep.db")
	realBars(t, embedded)
	wantSame(t, embedded, source)

	damage(t, source, restored)
}

// TestBackupIsVerified does the same with the embedded archive and barkeep backup.
func TestBackupIsVerified(t *testing.T) {
	t.Parallel()
	recordings(t)
	source, file := "sqlite:"+filepath.Join(t.TempDir(), "barkeep.db"), filepath.Join(t.TempDir(), "copy.db")
	realBars(t, source)
	b, err := app.Backup(t.Context(), config.Config{DatabaseURL: source}, file, nil)
	if err != nil || !b.Compared || b.Bars < 40_000 || b.Revisions < 300 || b.Series != 4 || b.Bytes == 0 || b.Err() != nil {
		t.Fatalf("the backup is %+v, %v", b, err)
	}
	if v := wantSame(t, source, "sqlite:"+file); v.Digest != b.Digest {
		t.Errorf("the backup says digest %s, verify says %s", b.Digest, v.Digest)
	}
	damage(t, source, "sqlite:"+file)
}

// damage alters a bar, loses another and a revision, of a copy of real bars, and expects each to be named and nothing else.
func damage(t *testing.T, source, copied string) {
	t.Helper()
	at := time.Date(2025, 7, 15, 14, 30, 0, 0, time.UTC)
	stamp := func(at time.Time) string {
		if strings.HasPrefix(copied, "sqlite:") {
			return fmt.Sprint(at.Unix())
		}
		return "'" + at.Format(time.RFC3339) + "'"
	}
	const gc = `(SELECT id FROM series WHERE instrument = 'GC')`
	for _, step := range []struct {
		statement string
		what      string
		at        time.Time
		lacks     string
		found     int
		faults    int
	}{
		{`UPDATE candles SET close = close + 0.1 WHERE series_id = ` + gc + ` AND ts = ` + stamp(at), verify.ComparedBars, at, "", 1, 0},
		{`DELETE FROM candles WHERE series_id = ` + gc + ` AND ts = ` + stamp(at.Add(-time.Hour)), verify.ComparedBars, at.Add(-time.Hour), "there", 1, 1},
		{`DELETE FROM candles WHERE series_id = ` + gc + ` AND ts = ` + stamp(at.AddDate(0, 1, 0)), verify.ComparedBars, at.AddDate(0, 1, 0), "there", 2, 1},
	} {
		if n := execute(t, copied, step.statement); n != 1 {
			t.Fatalf("%s touched %d rows", step.statement, n)
		}
		v := digest(t, source, copied, true)
		if len(v.Against.Differences) != step.found || len(v.Against.Faults) != step.faults || len(v.Faults) != 0 {
			t.Fatalf("after %s: differences %+v, faults %q", step.statement, v.Against.Differences, v.Against.Faults)
		}
		d := v.Against.Differences[step.found-1]
		if d.Instrument != "GC" || d.Timeframe != "5m" || d.Month.String() != step.at.Format("2006-01") || d.What != step.what ||
			!d.First.At.Equal(step.at) || d.Lacks() != step.lacks {
			t.Errorf("after %s the difference is %+v, first %+v; want GC 5m at %s, lacking %q", step.statement, d, d.First, step.at, step.lacks)
		}
		if err := v.Err(); err == nil || errors.Is(err, config.ErrUnusable) || errors.Is(err, verify.ErrInput) {
			t.Errorf("the error is %v, want one of what was found", err)
		}
		if want := fmt.Sprintf("%d month", step.found); !strings.HasPrefix(v.Err().Error(), want) || !strings.Contains(v.Err().Error(), "of 1 series differ") {
			t.Errorf("the error is %q", v.Err())
		}
		back := digest(t, copied, source, true) // seen from the other side
		if d := back.Against.Differences[step.found-1]; d.Lacks() != map[string]string{"there": "here"}[step.lacks] {
			t.Errorf("from the other side %+v lacks %q", d, d.Lacks())
		}
	}
	if n := execute(t, copied, `DELETE FROM candle_revisions WHERE series_id = (SELECT id FROM series WHERE instrument = 'CL')`); n == 0 {
		t.Fatal("CL had no revisions")
	}
	v := digest(t, source, copied, true)
	revisions := slices.DeleteFunc(slices.Clone(v.Against.Differences), func(d verify.Difference) bool { return d.What != verify.ComparedRevisions })
	if len(revisions) == 0 || revisions[0].Instrument != "CL" || revisions[0].First.Revision != 1 || revisions[0].Lacks() != "there" {
		t.Errorf("without the revisions of CL the differences are %+v", v.Against.Differences)
	}
	if v := digest(t, source, copied, false); len(v.Against.Differences) != 2 {
		t.Errorf("without --revisions: %+v", v.Against)
	}
}
