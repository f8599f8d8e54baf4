package format_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
	"barkeep/store/postgres"
	"barkeep/store/sqlite"
	"barkeep/yahoo"
)

// benchBars is a year of 1m bars of a future, about.
const benchBars = 390_000

// BenchmarkStream reads 390,000 bars from an archive and writes them in each kind, and compares that with reading the same rows
// by the engine's driver alone into the same columns, in turns. csv/floor and so on are ratios of the medians: 1.2 takes a
// fifth longer. first-ms is until the first byte of the slowest kind, csv-MiB and so on by how much the heap grows at most.
func BenchmarkStream(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		path := filepath.Join(b.TempDir(), "bench.db")
		archive, err := sqlite.Open(b.Context(), sqlite.Config{Path: path, Now: time.Now, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		defer archive.Close()
		fill(b, archive)
		benchStream(b, archive, plainSQLite(b, path))
	})
	b.Run("postgres", func(b *testing.B) {
		url := postgresDatabase(b)
		archive, err := postgres.Open(b.Context(), postgres.Config{URL: url, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		defer archive.Close()
		fill(b, archive)
		execute(b, url, "ANALYZE") // as autovacuum does within a minute: else the planner takes every series for a short one
		benchStream(b, archive, plainPostgres(b, url))
	})
}

func benchStream(b *testing.B, archive store.Archive, plain func() int) {
	b.Helper()
	reader, err := query.New(query.Config{
		Bars: archive, Truth: archive, Stills: archive, Capabilities: yahoo.Capabilities(), Resolve: yahoo.Resolve, Now: time.Now,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	times := map[string][]time.Duration{}
	first, growth := time.Duration(0), map[format.Kind]uint64{}
	for b.Loop() {
		began := time.Now()
		if n := plain(); n != benchBars {
			b.Fatalf("%d rows", n)
		}
		times["floor"] = append(times["floor"], time.Since(began))
		for _, kind := range []format.Kind{format.Arrow, format.CSV, format.Parquet, format.JSON} {
			debug.FreeOSMemory()
			stop := watchHeap()
			began := time.Now()
			to := &sink{kind: kind}
			_, err := reader.Stream(b.Context(), query.Request{Series: es1m(), Limit: 1}, to)
			if err == nil {
				err = to.w.Close(nil)
			}
			if err != nil || to.bars != benchBars {
				b.Fatal(kind, to.bars, err)
			}
			times[string(kind)] = append(times[string(kind)], time.Since(began))
			growth[kind], first = max(growth[kind], stop()), max(first, to.first.Sub(began))
		}
	}
	median := func(kind string) float64 {
		slices.Sort(times[kind])
		return times[kind][len(times[kind])/2].Seconds()
	}
	for _, kind := range []format.Kind{format.Arrow, format.CSV, format.Parquet, format.JSON} {
		b.ReportMetric(median(string(kind))/median("floor"), string(kind)+"/floor")
		b.ReportMetric(float64(growth[kind])/(1<<20), string(kind)+"-MiB")
	}
	b.ReportMetric(benchBars/median("floor"), "floor-rows/s")
	b.ReportMetric(float64(first.Microseconds())/1e3, "first-ms")
	b.ReportMetric(0, "ns/op")
}

// sink writes what is streamed, and notes when the first byte came.
type sink struct {
	kind  format.Kind
	w     format.Writer
	bars  int
	first time.Time
}

func (s *sink) Write(p []byte) (int, error) {
	if s.first.IsZero() {
		s.first = time.Now()
	}
	return io.Discard.Write(p)
}

func (s *sink) Begin(query.Head) (err error) {
	s.w, err = format.New(s.kind, s, format.Options{Series: es1m()})
	return err
}

func (s *sink) Bars(bars *market.Candles) error {
	s.bars += bars.Len()
	return s.w.Write(es1m(), bars)
}

// fill stores the bars: a walk by ticks with gaps, as a future's.
func fill(b *testing.B, archive store.Archive) {
	b.Helper()
	if _, _, err := archive.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	bars := market.NewCandles(benchBars)
	price, seed := 5000.0, uint64(1)
	draw := func(n uint64) float64 {
		seed = seed*6364136223846793005 + 1442695040888963407
		return float64(seed >> 33 % n)
	}
	for i := range benchBars {
		open := price
		price += (draw(9) - 4) / 4
		bars.Append(market.Candle{
			Start: time.Date(2025, 1, 1, 0, i, 0, 0, time.UTC), Open: open, High: max(open, price) + draw(5)/4,
			Low: min(open, price) - draw(5)/4, Close: price, Volume: int64(draw(2000)),
		})
	}
	tx, err := archive.Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Upsert(b.Context(), es1m(), bars); err != nil {
		b.Fatal(err)
	}
	if err := tx.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
}

const plainRows = `SELECT ts, open, high, low, close, volume, flags FROM candles ORDER BY series_id, ts`

// plainSQLite reads the rows as whoever knows the driver does: its values as they are.
func plainSQLite(b *testing.B, path string) func() int {
	return func() (n int) {
		db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=cache_size(-16384)")
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		rows, err := db.QueryContext(b.Context(), plainRows)
		if err != nil {
			b.Fatal(err)
		}
		defer rows.Close()
		var ts, open, high, low, shut, volume, flags any
		for ; rows.Next(); n++ {
			if err := rows.Scan(&ts, &open, &high, &low, &shut, &volume, &flags); err != nil {
				b.Fatal(err)
			}
		}
		if err := rows.Err(); err != nil {
			b.Fatal(err)
		}
		return n
	}
}

// plainPostgres reads them as the driver gives values.
func plainPostgres(b *testing.B, url string) func() int {
	return func() (n int) {
		conn, err := pgx.Connect(b.Context(), url)
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close(context.WithoutCancel(b.Context()))
		rows, err := conn.Query(b.Context(), plainRows)
		if err != nil {
			b.Fatal(err)
		}
		defer rows.Close()
		var ts time.Time
		var open, high, low, shut float64
		var volume *int64
		var flags int16
		for ; rows.Next(); n++ {
			if err := rows.Scan(&ts, &open, &high, &low, &shut, &volume, &flags); err != nil {
				b.Fatal(err)
			}
		}
		if err := rows.Err(); err != nil {
			b.Fatal(err)
		}
		return n
	}
}

// watchHeap samples the heap until the function it returns is called, which gives by how much it grew at most.
func watchHeap() func() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	before := sample[0].Value.Uint64()
	stop, peak := make(chan struct{}), before
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			metrics.Read(sample)
			peak = max(peak, sample[0].Value.Uint64())
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	return func() uint64 { close(stop); watching.Wait(); return peak - before }
}

// postgresDatabase makes an empty database on the suite's PostgreSQL server, and drops it after the benchmark.
func postgresDatabase(b *testing.B) string {
	b.Helper()
	server := os.Getenv("BARKEEP_TEST_POSTGRES")
	if server == "" {
		b.Fatal("BARKEEP_TEST_POSTGRES is not set: `make bench` brings a PostgreSQL server")
	}
	name := fmt.Sprintf("format_%d_%d", os.Getpid(), time.Now().UnixNano())
	execute(b, server, "CREATE DATABASE "+name)
	b.Cleanup(func() { execute(b, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	base, more, _ := strings.Cut(server, "?")
	return base[:strings.LastIndexByte(base, '/')+1] + name + "?" + more
}

func execute(b *testing.B, url, statement string) {
	b.Helper()
	ctx := context.WithoutCancel(b.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	_, err = conn.Exec(ctx, statement)
	if err = cmp.Or(err, conn.Close(ctx)); err != nil {
		b.Fatal(err)
	}
}
