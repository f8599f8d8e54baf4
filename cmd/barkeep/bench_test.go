package main_test

import (
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"barkeep/store/storetest/servers"
)

// tickers are so many equities that the fake provider knows; each is one more instrument of 6.5 hours a day.
func tickers(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("X%c%c%c", 'A'+i/676%26, 'A'+i/26%26, 'A'+i%26)
	}
	return strings.Join(names, ",")
}

// futuresRoots are fifty futures of every session.
const futuresRoots = "ES,NQ,RTY,MES,MNQ,M2K,NKD,6A,6B,6C,6E,6J,6M,6N,6S,BTC,ETH,HE,LE,GF,SR3,YM,MYM,ZB,ZN,ZF,ZT,UB,ZC,ZS,ZW,ZM,ZL,ZO,KE," +
	"CL,MCL,NG,QG,RB,HO,BZ,PL,PA,GC,MGC,SI,SIL,HG,MHG"

const everyTimeframe = "1m,2m,3m,5m,15m,30m,90m,1h,2h,4h,6h,8h,12h,1d,1wk,1mo,3mo"

// BenchmarkPipeline runs the whole program, as a process, against the fake provider, as another, into PostgreSQL, with
// pacing off: 50 instruments x 17 timeframes. It reports bars a second, their ratio to a raw COPY of as many rows into a
// table of the same form, and the process's largest resident memory.
func BenchmarkPipeline(b *testing.B) {
	postgres := servers.RunPostgres(b, servers.Options{})
	address := provider(b, []string{when})
	for b.Loop() {
		run := benchSync(b, postgres.URL(), address, futuresRoots, everyTimeframe)
		floor := copyFloor(b, postgres.URL())
		b.ReportMetric(float64(run.bars)/run.took.Seconds(), "bars/s")
		b.ReportMetric(floor.Seconds()/run.took.Seconds(), "of-COPY")
		b.ReportMetric(float64(run.memory)/(1<<20), "MiB-resident")
		reset(b, postgres.URL())
	}
}

// BenchmarkScale tells what a series costs with 10, 100 and 1,000 instruments; flat means the ratio to 10 stays near 1.
func BenchmarkScale(b *testing.B) {
	postgres := servers.RunPostgres(b, servers.Options{})
	address := provider(b, []string{when})
	var base float64
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				run := benchSync(b, postgres.URL(), address, tickers(n), "15m,30m,90m,1h,2h,4h,1d,1wk,1mo")
				cost := run.took.Seconds() / float64(n*9)
				if n == 10 {
					base = cost
				}
				b.ReportMetric(cost*1e3, "ms/series")
				b.ReportMetric(cost/base, "of-10")
				b.ReportMetric(float64(run.memory)/(1<<20), "MiB-resident")
				reset(b, postgres.URL())
			}
		})
	}
}

// measured is one run of the program.
type measured struct {
	bars   int
	took   time.Duration
	memory int64 // largest resident set, bytes
}

func benchSync(b *testing.B, database, address, instruments, timeframes string) measured {
	b.Helper()
	cmd := command(b, []string{
		when, "DATABASE_URL=" + database, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=1000000", "YAHOO_DAILY_BUDGET=0",
		"INSTRUMENTS=" + instruments, "TIMEFRAMES=" + timeframes, "LOG_LEVEL=warn",
	}, "sync")
	began := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(began)
	if err != nil {
		b.Fatalf("sync: %v\n%s", err, out[max(0, len(out)-2000):])
	}
	db, err := sql.Open("pgx", database)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	run := measured{took: took}
	if err := db.QueryRow("SELECT count(*) FROM candles").Scan(&run.bars); err != nil {
		b.Fatal(err)
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		run.memory = usage.Maxrss << 10
	}
	return run
}

// copyFloor is how long a raw COPY of the very same rows, in the order of the key, takes into a table of the same form.
func copyFloor(b *testing.B, database string) time.Duration {
	b.Helper()
	ctx := b.Context()
	conn, err := pgconn.Connect(ctx, database)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, err := os.Create(filepath.Join(b.TempDir(), "rows"))
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	if _, err := conn.CopyTo(ctx, rows, "COPY (SELECT * FROM candles ORDER BY series_id, ts) TO STDOUT (FORMAT binary)"); err != nil {
		b.Fatal(err)
	}
	if _, err := rows.Seek(0, io.SeekStart); err != nil {
		b.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "DROP TABLE IF EXISTS raw; CREATE TABLE raw (LIKE candles INCLUDING ALL)").ReadAll(); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if _, err := conn.CopyFrom(ctx, rows, "COPY raw FROM STDIN (FORMAT binary)"); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

func reset(b *testing.B, database string) {
	b.Helper()
	db, err := sql.Open("pgx", database)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
		b.Fatal(err)
	}
}
