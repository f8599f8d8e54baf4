package main_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"barkeep/store/storetest/servers"
)

// millionRows is a file of a million minutes of what trades at all hours.
func millionRows(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "btc.csv")
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	w := bufio.NewWriter(file)
	fmt.Fprintln(w, exported)
	first := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 1_000_000 {
		at := first.Add(time.Duration(i) * time.Minute)
		o, h, l, c, v := walk(at)
		fmt.Fprintln(w, ours(at, o, h, l, c, v))
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkImportFile imports a CSV file of a million rows, as a process: start, two readings, comparison, coverage and evidence
// included. Its floors are, on PostgreSQL, a raw binary COPY of the same rows into a table of the same form, and on SQLite plain
// inserts of them into the same table of another file; of-floor is its speed in those.
func BenchmarkImportFile(b *testing.B) {
	file := millionRows(b)
	for _, engine := range []string{"postgres", "sqlite"} {
		b.Run(engine, func(b *testing.B) {
			for b.Loop() {
				var url string
				if engine == "postgres" {
					url = servers.RunPostgres(b, servers.Options{}).URL()
				} else {
					url = "sqlite:" + filepath.Join(b.TempDir(), "barkeep.db")
				}
				env := []string{when, "DATABASE_URL=" + url, "TIMEFRAMES=1m", "LOG_LEVEL=warn"}
				if out, err := command(b, env, "migrate").CombinedOutput(); err != nil {
					b.Fatalf("migrate: %v\n%s", err, out)
				}
				cmd := command(b, env, "import", "--instrument", "BTC-USD", "--timeframe", "1m", file)
				began := time.Now()
				out, err := cmd.CombinedOutput()
				took := time.Since(began)
				if err != nil || !strings.Contains(string(out), "1000000 bars stored") {
					b.Fatalf("import: %v\n%s", err, out)
				}
				floor := plainInserts(b, url)
				if engine == "postgres" {
					floor = copyFloor(b, url)
				}
				b.ReportMetric(1e6/took.Seconds(), "rows/s")
				b.ReportMetric(floor.Seconds()/took.Seconds(), "of-floor")
				if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
					b.ReportMetric(float64(usage.Maxrss)/(1<<10), "MiB-resident")
				}
			}
		})
	}
}

// plainInserts is how long prepared inserts of 50 rows of an embedded archive take into the same table of another file; 0 for
// another archive.
func plainInserts(b *testing.B, url string) time.Duration {
	b.Helper()
	path, embedded := strings.CutPrefix(url, "sqlite:")
	if !embedded {
		return 0
	}
	from, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer from.Close()
	rows, err := from.QueryContext(b.Context(), `SELECT series_id, ts, open, high, low, close, volume, flags FROM candles ORDER BY ts`)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	var all []bar
	for rows.Next() {
		var r bar
		if err := rows.Scan(&r.id, &r.ts, &r.open, &r.high, &r.low, &r.shut, &r.volume, &r.flags); err != nil {
			b.Fatal(err)
		}
		all = append(all, r)
	}
	if rows.Err() != nil {
		b.Fatal(rows.Err())
	}
	other := filepath.Join(b.TempDir(), "floor.db")
	if out, err := command(b, []string{when, "DATABASE_URL=sqlite:" + other}, "migrate").CombinedOutput(); err != nil {
		b.Fatalf("migrate: %v\n%s", err, out)
	}
	db, err := sql.Open("sqlite", "file:"+other+"?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=cache_size(-16384)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	began := time.Now()
	insertAll(b, db, all)
	return time.Since(began)
}

// bar is a row of candles.
type bar struct {
	id, ts, volume, flags int64
	open, high, low, shut float64
}

func insertAll(b *testing.B, db *sql.DB, all []bar) {
	b.Helper()
	const rows, columns = 50, 8
	tx, err := db.BeginTx(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	insert, err := tx.PrepareContext(b.Context(), `INSERT INTO candles (series_id, ts, open, high, low, close, volume, flags) VALUES `+
		strings.Repeat(`(?, ?, ?, ?, ?, ?, ?, ?), `, rows-1)+`(?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		b.Fatal(err)
	}
	for some := range slices.Chunk(all, rows) {
		values := make([]any, 0, rows*columns)
		for _, r := range some {
			values = append(values, r.id, r.ts, r.open, r.high, r.low, r.shut, r.volume, r.flags)
		}
		if _, err := insert.ExecContext(b.Context(), values...); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}
