package main_test

import (
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// company is what a provider says of a symbol, and what it serves of it.
type company struct {
	kind, currency string
	first          string  // the date of its first trade
	since          string  // the first date of which rows are served
	price          float64 // about which its rows lie
}

// split is a split of an issuer.
type split struct {
	date     string
	ratio    float64
	told     bool // in events, and rows of before are on the scale after it; else they are as they were traded
	unlisted bool // rows of before are on the scale after it, and nothing tells why
}

// issuer is a provider that serves one company under every symbol, by the hour and by the day.
type issuer struct {
	url string

	mu    sync.Mutex
	is    company
	split split
}

func newIssuer(t *testing.T, is company) *issuer {
	t.Helper()
	i := &issuer{is: is}
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

// become changes what the provider serves.
func (i *issuer) become(change func(*company, *split)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(&i.is, &i.split)
}

// opening is 09:30 in New York on a date of summer.
func opening(t time.Time) time.Time { return t.Add(13*time.Hour + 30*time.Minute) }

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

// row is a bar as it was traded at an instant, on the scale of before its split.
func (i *issuer) row(at time.Time) (open, high, low, shut float64, volume int64) {
	n := float64(at.Unix() / 3600)
	round := func(x float64) float64 { return math.Round(x*100) / 100 }
	open, shut = round(i.is.price*(1+0.01*math.Sin(n))), round(i.is.price*(1+0.01*math.Cos(n)))
	return open, round(math.Max(open, shut) + 0.37), round(math.Min(open, shut) - 0.41), shut, 1000 + int64(n)%977
}

// ServeHTTP answers a request for a chart.
func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	_, symbol, _ := strings.Cut(r.URL.Path, "/chart/")
	from, _ := strconv.ParseInt(r.URL.Query().Get("period1"), 10, 64)
	to, _ := strconv.ParseInt(r.URL.Query().Get("period2"), 10, 64)
	interval := r.URL.Query().Get("interval")
	quote := map[string][]any{}
	var stamps []int64
	for d := day("2026-06-01"); d.Unix() <= to; d = d.AddDate(0, 0, 1) {
		if d.Weekday() == time.Saturday || d.Weekday() == time.Sunday || d.Before(day(i.is.since)) || d.Equal(day("2026-06-19")) || d.Equal(day("2026-07-03")) {
			continue
		}
		for hour := range map[string]int{"1d": 1, "1h": 7}[interval] {
			at := opening(d).Add(time.Duration(hour) * time.Hour)
			if at.Unix() < from || at.Unix() > to {
				continue
			}
			open, high, low, shut, volume := i.row(at)
			scale := 1.0
			if i.split.date != "" && (!d.Before(day(i.split.date)) || i.split.told || i.split.unlisted) {
				scale, volume = i.split.ratio, int64(float64(volume)*i.split.ratio)
			}
			stamps = append(stamps, at.Unix())
			for name, v := range map[string]float64{"open": open, "high": high, "low": low, "close": shut} {
				quote[name] = append(quote[name], v/scale)
			}
			quote["volume"] = append(quote["volume"], volume)
		}
	}
	result := map[string]any{"meta": map[string]any{
		"symbol": symbol, "currency": i.is.currency, "exchangeName": "NMS", "instrumentType": i.is.kind, "dataGranularity": interval,
		"firstTradeDate": opening(day(i.is.first)).Unix(), "exchangeTimezoneName": "America/New_York", "regularMarketTime": to,
	}, "indicators": map[string]any{"quote": []any{quote}}}
	if len(stamps) > 0 {
		result["timestamp"] = stamps
	}
	if at := opening(day(max(i.split.date, "2026-01-01"))).Unix(); i.split.told && from <= at && at <= to {
		result["events"] = map[string]any{"splits": map[string]any{strconv.FormatInt(at, 10): map[string]any{
			"date": at, "numerator": i.split.ratio, "denominator": 1, "splitRatio": strconv.FormatFloat(i.split.ratio, 'f', -1, 64) + ":1",
		}}}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"chart": map[string]any{"result": []any{result}, "error": nil}})
}

// first is the company of the tests before anything happens to it.
func first() company {
	return company{kind: "EQUITY", currency: "USD", first: "2012-05-18", since: "2026-06-01", price: 600}
}

// issuerEnv is the configuration of a worker that keeps FB, at 17:05 in New York of a date.
func issuerEnv(e engine, i *issuer, more ...string) func(date string) []string {
	return func(date string) []string {
		return append([]string{
			"BARKEEP_NOW=" + date + "T21:05:00Z", "DATABASE_URL=" + e.url, "YAHOO_BASE_URL=" + i.url, "YAHOO_REQUESTS_PER_MINUTE=600000",
			"INSTRUMENTS=FB", "TIMEFRAMES=1h,4h,1d,1wk", "LOG_LEVEL=warn",
		}, more...)
	}
}
