package fake_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo/fake"
)

func TestRequestsAreKept(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 10:00")
	p := provider(t, now)
	from := now.AddDate(0, 0, -3)
	r := get(t, p, "ES=F", "1h", from, now)
	ask(p, target("nosuch", "1d", from, now))
	ask(p, "/favicon.ico")
	all := p.Requests()
	want := []fake.Request{
		{Time: now, Symbol: "ES=F", Interval: "1h", Period1: from.Unix(), Period2: now.Unix(), Status: 200, Rows: len(r.ts)},
		{Time: now, Symbol: "NOSUCH", Interval: "1d", Period1: from.Unix(), Period2: now.Unix(), Status: 404},
	}
	if len(all) != 3 || p.Count() != 3 || all[0] != want[0] || all[1] != want[1] || all[2].Status != 404 {
		t.Errorf("requests %+v, want %+v and a 404", all, want)
	}
}

func TestBusiestWindow(t *testing.T) {
	t.Parallel()
	start := at(t, "2026-11-18 10:00")
	now := start
	p, err := fake.New(fake.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if p.Busiest(time.Minute) != 0 {
		t.Error("without requests the busiest window is not empty")
	}
	for _, second := range []int{0, 30, 59, 60, 61, 200, 201} {
		now = start.Add(time.Duration(second) * time.Second)
		ask(p, "/")
	}
	for window, want := range map[time.Duration]int{time.Minute: 4, 62 * time.Second: 5, time.Second: 1, 2 * time.Second: 2, time.Hour: 7} {
		if got := p.Busiest(window); got != want {
			t.Errorf("Busiest(%v) = %d, want %d", window, got, want)
		}
	}
}

// TestConcurrentUse asks, injects and reads from many goroutines; the race detector and the counts judge it.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 10:00")
	p := provider(t, now)
	symbols := []string{"ES=F", "NQ=F", "AAPL", "MSFT", "BTC-USD", "ZC=F"}
	p.Inject(fake.Fault{Kind: fake.Throttle, Symbol: "NQ=F", Times: 7})
	var wg sync.WaitGroup
	var throttled atomic.Int64
	alone := ask(p, target("ES=F", "5m", now.AddDate(0, 0, -5), now)).Body.String()
	for worker := range 8 {
		wg.Go(func() {
			for i := range 12 {
				symbol := symbols[(worker+i)%len(symbols)]
				w := ask(p, target(symbol, "5m", now.AddDate(0, 0, -5), now))
				if w.Code == http.StatusTooManyRequests {
					throttled.Add(1)
				}
				if symbol == "ES=F" && w.Body.String() != alone {
					t.Error("the same question has two answers")
				}
				_ = p.Count() + p.Busiest(time.Minute)
				_ = p.Bars(symbol, market.H1, market.Window{From: now.Add(-time.Hour), To: now})
			}
		})
	}
	wg.Wait()
	if p.Count() != 8*12+1 || throttled.Load() != 7 {
		t.Errorf("%d requests and %d throttled, want 97 and 7", p.Count(), throttled.Load())
	}
	for i, r := range p.Requests() {
		if r.Status == 0 || r.Symbol == "" {
			t.Errorf("request %d is not finished: %+v", i, r)
		}
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 10:00")
	p := provider(t, now)
	url := target("ES=F", "5m", now.AddDate(0, 0, -20), now)
	plainBody := ask(p, url)
	for range 2 { // the second one reuses the compressor
		r := httptest.NewRequest(http.MethodGet, url, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > plainBody.Body.Len()/2 {
			t.Fatalf("headers %v, %d bytes of %d", w.Header(), w.Body.Len(), plainBody.Body.Len())
		}
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil || string(text) != plainBody.Body.String() {
			t.Errorf("the compressed body differs (%v)", err)
		}
	}
}
