package web_test

import (
	"net/http/httptest"
	"os/exec"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/server/servertest"
	"barkeep/tools/clients"
	"barkeep/web"
)

// manyBars are a year of 1m bars of a future.
const manyBars = 390_000

// BenchmarkPan loads 390,000 bars into the chart in a real browser and drags it by 60 moves of the mouse, with all bars but a few
// in view, with a tenth of them, and near. Each figure is what the page's scripts took of the processor in one drag.
func BenchmarkPan(b *testing.B) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		b.Skip("chromium is not in PATH (Debian: apt-get install chromium): how long a pan takes in a browser is not measured")
	}
	bench := servertest.New(b)
	bench.Clock.Set(time.Date(2026, 8, 18, 21, 20, 0, 0, time.UTC))
	bench.Archive.Series[market.Series{Instrument: "ES", Timeframe: market.M1}] = barsOfSessions(b, bench.Clock.Now(), manyBars)
	if err := web.Mount(bench.Server); err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(bench.Server.Handler())
	b.Cleanup(server.Close)
	var took struct{ Load, All, Tenth, Near float64 } // milliseconds
	for b.Loop() {
		clients.Script{File: "testdata/pan.mjs", Arguments: []string{server.URL, browser, "390,000"}}.JSON(b, &took)
	}
	b.ReportMetric(took.Load, "load-script-ms")
	b.ReportMetric(took.All, "pan-all-script-ms")
	b.ReportMetric(took.Tenth, "pan-tenth-script-ms")
	b.ReportMetric(took.Near, "pan-near-script-ms")
	b.ReportMetric(0, "ns/op")
}

// barsOfSessions are n bars, the newest ones that the calendar of ES expects before an instant, on a walk of prices.
func barsOfSessions(b *testing.B, before time.Time, n int) *market.Candles {
	b.Helper()
	window := market.Window{From: before.AddDate(0, 0, -n/1380*7/5-60), To: before}
	var starts []time.Time
	market.M1.Expected(servertest.Resolve(b, "ES").Calendar, window, func(t time.Time) bool {
		starts = append(starts, t)
		return true
	})
	if len(starts) < n {
		b.Fatalf("%d bars are expected in %v, and %d are needed", len(starts), window, n)
	}
	bars, price, state := market.NewCandles(n), 5000.0, uint32(1)
	for _, start := range starts[len(starts)-n:] {
		state = state*1664525 + 1013904223
		close := price + float64(int(state>>24)-127)/128
		bars.Append(market.Candle{
			Start: start, Open: price, High: max(price, close) + 0.25, Low: min(price, close) - 0.25, Close: close, Volume: int64(state>>20) + 1,
		})
		price = close
	}
	return bars
}
