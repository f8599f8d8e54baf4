package main_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
	"barkeep/store/postgres"
	"barkeep/store/sqlite"
	"barkeep/store/storetest/servers"
	"barkeep/yahoo"
)

// oldMillions is how many millions of old bars BenchmarkOldBars puts beside the new ones; BARKEEP_BENCH_MILLIONS says another number.
const oldMillions = 5

// BenchmarkOldBars tells what a daily update of 200 equities in 11 timeframes and a page of the newest 1,000 bars, with how
// complete it is, cost beside millions of old bars of the same series, in times of what they cost before these were there.
func BenchmarkOldBars(b *testing.B) {
	millions := oldMillions
	if text := os.Getenv("BARKEEP_BENCH_MILLIONS"); text != "" {
		var err error
		if millions, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("postgres", func(b *testing.B) {
		url := servers.RunPostgres(b, servers.Options{}).URL()
		benchOld(b, oldBars{
			url: url, driver: "pgx", source: url, millions: millions, old: `
			INSERT INTO candles (ts, open, high, low, close, volume, series_id, flags)
			SELECT timestamptz '2000-01-03 00:00Z' + n * interval '1 minute', 100, 101, 99, 100.5, 1000, s.id, 0
			FROM (SELECT id FROM series WHERE timeframe = '1m' ORDER BY id) s, generate_series(1, $1::integer) n`,
			settle: "VACUUM (ANALYZE) candles",
			open: func() (closing, error) {
				return postgres.Open(b.Context(), postgres.Config{URL: url, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
			},
		})
	})
	b.Run("sqlite", func(b *testing.B) {
		path := b.TempDir() + "/old.db"
		benchOld(b, oldBars{
			url: "sqlite:" + path, driver: "sqlite", source: path, millions: millions, old: `
			WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < $1)
			INSERT INTO candles (ts, open, high, low, close, volume, series_id, flags)
			SELECT 946857600 + n * 60, 100.0, 101.0, 99.0, 100.5, 1000, s.id, 0
			FROM (SELECT id FROM series WHERE timeframe = '1m' ORDER BY id) s CROSS JOIN counted`,
			settle: "PRAGMA wal_checkpoint(TRUNCATE)",
			open: func() (closing, error) {
				return sqlite.Open(b.Context(), sqlite.Config{Path: path, Now: time.Now, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
			},
		})
	})
}

// oldBars is an archive that gains old bars.
type oldBars struct {
	url            string // as DATABASE_URL
	driver, source string // as database/sql wants them
	millions       int
	old, settle    string // SQL that stores so many bars a series, and what the engine does by itself in time
	open           func() (closing, error)
}

// closing is an archive that is closed when it was read.
type closing interface {
	store.Archive
	Close()
}

const oldInstruments = 200

func benchOld(b *testing.B, o oldBars) {
	b.Helper()
	names := tickers(oldInstruments)
	day := func(date string) time.Duration {
		now := "BARKEEP_NOW=" + date + "T14:25:00-07:00"
		address := provider(b, []string{now})
		cmd := command(b, []string{
			now, "DATABASE_URL=" + o.url, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=1000000", "YAHOO_DAILY_BUDGET=0",
			"INSTRUMENTS=" + names, "TIMEFRAMES=1m,5m,15m,30m,1h,2h,4h,6h,12h,1d,1wk", "LOG_LEVEL=warn",
		}, "sync")
		began := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("sync of %s: %v\n%s", date, err, out[max(0, len(out)-2000):])
		}
		return time.Since(began)
	}
	days := func(dates ...string) time.Duration { // the first finds cold caches
		day(dates[0])
		var took []time.Duration
		for _, date := range dates[1:] {
			took = append(took, day(date))
		}
		slices.Sort(took)
		return took[len(took)/2]
	}
	day("2026-08-07")
	update := days("2026-08-10", "2026-08-11", "2026-08-12", "2026-08-13")
	page := newestPages(b, o)
	began := time.Now()
	o.execute(b, o.old, o.millions*1_000_000/oldInstruments)
	o.execute(b, o.settle)
	b.ReportMetric(time.Since(began).Seconds(), "s-to-fill")
	b.ReportMetric(days("2026-08-17", "2026-08-18", "2026-08-19", "2026-08-20").Seconds()/update.Seconds(), "update-ratio")
	b.ReportMetric(newestPages(b, o).Seconds()/page.Seconds(), "page-ratio")
	b.ReportMetric(update.Seconds(), "update-s")
	b.ReportMetric(float64(page.Microseconds()), "us-page")
	b.ReportMetric(float64(o.millions), "old-millions")
	b.ReportMetric(0, "ns/op")
}

// newestPages is how long a page of the newest 1,000 bars takes, in the middle of those of all instruments.
func newestPages(b *testing.B, o oldBars) time.Duration {
	b.Helper()
	archive, err := o.open()
	if err != nil {
		b.Fatal(err)
	}
	defer archive.Close()
	now, err := time.Parse(time.DateOnly, "2026-08-21")
	if err != nil {
		b.Fatal(err)
	}
	reader, err := query.New(query.Config{
		Bars: archive, Truth: archive, Stills: archive, Capabilities: yahoo.Capabilities(), Resolve: yahoo.Resolve,
		Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for range 2 { // the first round finds cold caches
		took = took[:0]
		for i := range oldInstruments {
			series := market.Series{Instrument: fmt.Sprintf("X%c%c%c", 'A'+i/676%26, 'A'+i/26%26, 'A'+i%26), Timeframe: market.M1}
			began := time.Now()
			answer, err := reader.Read(b.Context(), query.Request{Series: series, Window: market.Window{To: now}, Limit: 1000, Newest: true, Complete: true})
			if err != nil || answer.Bars.Len() != 1000 {
				b.Fatal(answer.Bars.Len(), err)
			}
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	return took[len(took)/2]
}

func (o oldBars) execute(b *testing.B, statement string, args ...any) {
	b.Helper()
	db, err := sql.Open(o.driver, o.source)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement, args...); err != nil {
		b.Fatal(err)
	}
}
