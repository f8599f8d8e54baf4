package api_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

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
// in rates of a server that encodes the same bars from memory. written-of-healthz is the rate at which that server sends the text
// once encoded: more cannot be had without compression. crowd-p99-ms is the slowest hundredth of 200 connections at once.
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
	floor, newest := encoding(b, archive), s.URL()+"/api/v1/candles?instrument=ES&timeframe=1m&limit=1000"
	var health, candles, gzipped, encoded, written time.Duration
	for b.Loop() {
		health += timed(b, client, s.URL()+"/healthz", "")
		encoded += timed(b, client, floor+"/encoded", "")
		written += timed(b, client, floor+"/written", "")
		candles += timed(b, client, newest, "")
		gzipped += timed(b, client, newest, "gzip")
	}
	b.ReportMetric(float64(b.N)*rounds/candles.Seconds(), "candles/s")
	b.ReportMetric(float64(b.N)*rounds/health.Seconds(), "healthz/s")
	b.ReportMetric(health.Seconds()/candles.Seconds(), "of-healthz")
	b.ReportMetric(health.Seconds()/gzipped.Seconds(), "gzip-of-healthz")
	b.ReportMetric(health.Seconds()/written.Seconds(), "written-of-healthz")
	b.ReportMetric(encoded.Seconds()/candles.Seconds(), "of-encoding")
	crowd(b, newest)
}

// encoding serves the same bars from memory by a server of the standard library: encoded for each request, or only written.
func encoding(b *testing.B, archive store.Archive) (url string) {
	b.Helper()
	series := market.Series{Instrument: "ES", Timeframe: market.M1}
	bars, err := archive.Page(b.Context(), series, market.Window{To: time.Now(), From: time.Unix(0, 0)}, 1000, true)
	if err != nil || bars.Len() != 1000 {
		b.Fatalf("%d bars, %v", bars.Len(), err)
	}
	once, err := format.JSONRows(format.Options{Series: series}, bars)
	if err != nil {
		b.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rows := once
		if r.URL.Path == "/encoded" {
			if rows, err = format.JSONRows(format.Options{Series: series}, bars); err != nil {
				panic(err)
			}
		}
		w.Header().Set("Content-Type", format.JSON.MediaType())
		_, _ = w.Write(rows)
	}))
	b.Cleanup(s.Close)
	return s.URL
}

// rounds is how many requests are sent before the other kind has its turn.
const rounds = 20

// timed sends requests, one after the other, and reads their answers to the end, as they are sent.
func timed(b *testing.B, client *http.Client, url, encoding string) time.Duration {
	b.Helper()
	began := time.Now()
	for range rounds {
		if err := get(b.Context(), client, url, encoding); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}

// crowd has so many connections ask at once, each one request after the other, and tells how long the slowest hundredth takes.
func crowd(b *testing.B, url string) {
	b.Helper()
	const connections, each = 200, 50
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	took := make([]time.Duration, connections*each)
	var group errgroup.Group
	began := time.Now()
	for i := range connections {
		group.Go(func() error {
			for k := range each {
				began := time.Now()
				if err := get(b.Context(), client, url, ""); err != nil {
					return err
				}
				took[i*each+k] = time.Since(began)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(took))/time.Since(began).Seconds(), "crowd/s")
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "crowd-p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1e3, "crowd-p99-ms")
}

func get(ctx context.Context, client *http.Client, url, encoding string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if encoding != "" {
		request.Header.Set("Accept-Encoding", encoding)
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
