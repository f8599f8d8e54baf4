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

// BenchmarkImportFile imports a CSV file of a million rows, as a process: start, two readings, comparison, coverage and
// evidence included. Its floors are, on PostgreSQL, a raw binary COPY of the same rows into a table of the same form, and on
// SQLite plain inserts of them into the same table of another file. They take turns, and of-floor is its speed in those by the
// medians of the rounds. cpu-of-floor is the same by the processors' time, which others on the machine do not change; that of a
// PostgreSQL server is not known here.
func BenchmarkImportFile(b *testing.B) {
	file := millionRows(b)
	for _, engine := range []string{"postgres", "sqlite"} {
		b.Run(engine, func(b *testing.B) {
			var took, floors, cpu, floorCPU []time.Duration
			for b.Loop() {
				var url string
				if engine == "postgres" {
					url = servers.RunPostgres(b, servers.Options{}).URL()
				} else {
					url = "sqlite:" + filepath.Join(b.TempDir(), "barkeep.db")
				}
				run := importOnce(b, url, file)
				took, cpu = append(took, run.took), append(cpu, run.cpu)
				if engine == "postgres" {
					floors = append(floors, copyFloor(b, url))
				} else {
					wall, used := plainInserts(b, strings.TrimPrefix(url, "sqlite:"))
					floors, floorCPU = append(floors, wall), append(floorCPU, used)
				}
				b.ReportMetric(float64(run.memory)/(1<<20), "MiB-resident")
			}
			b.ReportMetric(1e6/middle(took).Seconds(), "rows/s")
			b.ReportMetric(middle(floors).Seconds()/middle(took).Seconds(), "of-floor")
			if len(floorCPU) > 0 {
				b.ReportMetric(middle(floorCPU).Seconds()/middle(cpu).Seconds(), "cpu-of-floor")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// middle is the median.
func middle(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// imported1M is what one import cost.
type imported1M struct {
	took, cpu time.Duration
	memory    int64 // largest resident set, bytes
}

func importOnce(b *testing.B, url, file string) (run imported1M) {
	b.Helper()
	env := []string{when, "DATABASE_URL=" + url, "TIMEFRAMES=1m", "LOG_LEVEL=warn"}
	if out, err := command(b, env, "migrate").CombinedOutput(); err != nil {
		b.Fatalf("migrate: %v\n%s", err, out)
	}
	cmd := command(b, env, "import", "--instrument", "BTC-USD", "--timeframe", "1m", file)
	began := time.Now()
	out, err := cmd.CombinedOutput()
	run.took = time.Since(began)
	if err != nil || !strings.Contains(string(out), "1,000,000 bars stored") {
		b.Fatalf("import: %v\n%s", err, out)
	}
	run.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		run.memory = usage.Maxrss << 10
	}
	return run
}

// plainInserts is how long prepared inserts of 50 rows of an embedded archive take into the same table of another file, and of
// the processors' time.
func plainInserts(b *testing.B, path string) (took, cpu time.Duration) {
	b.Helper()
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
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	began, before := time.Now(), used()
	insertAll(b, db, all)
	return time.Since(began), used() - before
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
