package api_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server"
	"barkeep/server/api"
	"barkeep/server/servertest"
	"barkeep/store"
	"barkeep/store/postgres"
	"barkeep/store/sqlite"
	"barkeep/store/storetest/servers"
)

// The archive of the benchmark: so many series of a few bars, and one of many.
const (
	benchSeries = 2200
	benchFew    = 50
	benchMany   = 100_000
)

// BenchmarkNewestCandlesSQLite asks over HTTP, for text as it is, for the newest 1,000 bars of a series beside 2,200 others,
// and for /healthz on the same connection. of-healthz is the rate of the one in rates of the other, taken in turns; of-encoding
// in rates of a server that encodes the same bars from memory.
func BenchmarkNewestCandlesSQLite(b *testing.B) {
	archive, err := sqlite.Open(b.Context(), sqlite.Config{Path: b.TempDir() + "/bench.db", Now: servertest.WinterNoon, Clock: servertest.WinterNoon, Logger: quiet()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(archive.Close)
	fill(b, archive)
	benchCandles(b, archive)
}

// BenchmarkNewestCandlesPostgres is the same on PostgreSQL.
func BenchmarkNewestCandlesPostgres(b *testing.B) {
	server := servers.RunPostgres(b, servers.Options{})
	archive, err := postgres.Open(b.Context(), postgres.Config{URL: server.URL(), Now: servertest.WinterNoon, Logger: quiet()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(archive.Close)
	fill(b, archive)
	analyze(b, server.URL())
	benchCandles(b, archive)
}

// analyze gathers the statistics that autovacuum gathers within a minute. Without them the planner takes every series for a
// short one, and sorts it.
func analyze(b *testing.B, url string) {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(b.Context()))
	if _, err := conn.Exec(b.Context(), "ANALYZE"); err != nil {
		b.Fatal(err)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func benchCandles(b *testing.B, archive store.Archive) {
	b.Helper()
	config := servertest.New(b).Config
	config.Ledger, config.States, config.Logger, config.Now = archive, archive.States, quiet(), time.Now
	s, err := server.New(config)
	if err != nil {
		b.Fatal(err)
	}
	reader, err := query.New(query.Config{
		Bars: archive, Truth: archive, Stills: archive, Resolve: market.Resolve, Now: servertest.WinterNoon, Logger: quiet(),
	})
	if err != nil {
		b.Fatal(err)
	}
	symbol := func(i market.Instrument) string { return i.Name }
	if err := api.Mount(s, api.Config{Reader: reader, Starter: &servertest.Ledger{}, Resolve: market.Resolve, Symbol: symbol, Calendars: &servertest.Archive{}, Past: &servertest.Archive{}}); err != nil {
		b.Fatal(err)
	}
	if err := s.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := s.Stop(context.WithoutCancel(b.Context())); err != nil {
			b.Error(err)
		}
	}()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	floor := encoding(b, archive)
	var health, candles, encoded time.Duration
	for b.Loop() {
		health += timed(b, client, s.URL()+"/healthz")
		encoded += timed(b, client, floor)
		candles += timed(b, client, s.URL()+"/api/v1/candles?instrument=ES&timeframe=1m&limit=1000")
	}
	b.ReportMetric(float64(b.N)*rounds/candles.Seconds(), "candles/s")
	b.ReportMetric(float64(b.N)*rounds/health.Seconds(), "healthz/s")
	b.ReportMetric(health.Seconds()/candles.Seconds(), "of-healthz")
	b.ReportMetric(encoded.Seconds()/candles.Seconds(), "of-encoding")
}

// encoding serves the same bars from memory, encoded for each request, by a server of the standard library.
func encoding(b *testing.B, archive store.Archive) (url string) {
	b.Helper()
	series := market.Series{Instrument: "ES", Timeframe: market.M1}
	bars, err := archive.Page(b.Context(), series, market.Window{To: time.Now(), From: time.Unix(0, 0)}, 1000, true)
	if err != nil || bars.Len() != 1000 {
		b.Fatalf("%d bars, %v", bars.Len(), err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rows, err := format.JSONRows(format.Options{Series: series}, bars)
		if err != nil {
			panic(err)
		}
		w.Header().Set("Content-Type", format.JSON.MediaType())
		_, _ = w.Write(rows)
	}))
	b.Cleanup(s.Close)
	return s.URL
}

// rounds is how many requests are sent before the other kind has its turn.
const rounds = 20

// timed sends requests, one after the other, and reads their answers to the end.
func timed(b *testing.B, client *http.Client, url string) time.Duration {
	b.Helper()
	began := time.Now()
	for range rounds {
		if err := get(b.Context(), client, url); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}

func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, answer.Status)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// fill stores the bars of the benchmark.
func fill(b *testing.B, archive store.Archive) {
	b.Helper()
	if _, _, err := archive.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	tx, err := archive.Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback()
	put := func(name string, timeframe market.Timeframe, n int) {
		bars := servertest.Ramp(servertest.WinterNoon().Add(-time.Duration(n)*time.Minute), time.Minute, n)
		if _, err := tx.Upsert(b.Context(), market.Series{Instrument: name, Timeframe: timeframe}, bars); err != nil {
			b.Fatal(err)
		}
	}
	for i := range benchSeries / len(benchTimeframes()) {
		for _, timeframe := range benchTimeframes() {
			put(fmt.Sprintf("X%c%c", 'A'+i/26%26, 'A'+i%26), timeframe, benchFew)
		}
	}
	put("ES", market.M1, benchMany)
	cover(b, tx)
	if err := tx.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// cover notes of the long series what is expected of it, with a thousand gaps.
func cover(b *testing.B, tx store.Tx) {
	b.Helper()
	es := servertest.Resolve(b, "ES")
	series := market.Series{Instrument: "ES", Timeframe: market.M1}
	from := servertest.WinterNoon().Add(-benchMany * time.Minute)
	c := market.Coverage{
		Series: series, From: from, Horizon: servertest.WinterNoon(), Expected: benchMany + 1000, Present: benchMany, Calendar: es.Calendar.Version(),
	}
	var gaps []market.Gap
	for i := range 1000 {
		at := from.Add(time.Duration(i) * 100 * time.Minute)
		gaps = append(gaps, market.Gap{Series: series, First: at, Last: at, Bars: 1, Reason: market.GapAbsent, Seen: from})
	}
	if err := tx.Cover(b.Context(), c, nil, gaps); err != nil {
		b.Fatal(err)
	}
}

// benchTimeframes are eleven, as many as the configuration keeps by default.
func benchTimeframes() []market.Timeframe { return market.Timeframes()[:11] }
