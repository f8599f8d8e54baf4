package fake_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// discard is a client that reads nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkServe renders the longest window of each native timeframe, generated and uncompressed unless it says so.
func BenchmarkServe(b *testing.B) {
	now := at(b, "2026-11-18 10:00")
	for _, c := range []struct {
		name, symbol, interval string
		days                   int
		gzip                   bool
	}{
		{"ES/1m", "ES=F", "1m", 7, false},
		{"ES/5m", "ES=F", "5m", 59, false},
		{"ES/5m/gzip", "ES=F", "5m", 59, true},
		{"GC/5m", "GC=F", "5m", 59, false},
		{"AAPL/5m", "AAPL", "5m", 59, false},
		{"ES/1h", "ES=F", "1h", 60, false},
		{"ES/1d", "ES=F", "1d", 365, false},
		{"ES/1d/all", "ES=F", "1d", 10000, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := provider(b, now)
			r := httptest.NewRequest(http.MethodGet, target(c.symbol, c.interval, now.Add(-time.Duration(c.days)*24*time.Hour), now), nil)
			if c.gzip {
				r.Header.Set("Accept-Encoding", "gzip")
			}
			for b.Loop() {
				p.ServeHTTP(discard{http.Header{}}, r)
			}
			b.ReportMetric(float64(p.Requests()[0].Rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
