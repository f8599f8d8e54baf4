package udf_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/server/servertest"
	"barkeep/server/udf"
	"barkeep/store"
)

// listed is an archive in which the provider said what AAPL is.
type listed struct{ *servertest.Archive }

func (l listed) Listings(context.Context) ([]store.Listing, error) {
	apple := market.Listing{Type: "EQUITY", Currency: "USD", Exchange: "NMS", Zone: "America/New_York", ShortName: "Apple Inc."}
	return []store.Listing{{Instrument: "AAPL", First: apple, Last: apple}}, l.Pass()
}

func of(name string, timeframe market.Timeframe) market.Series {
	return market.Series{Instrument: name, Timeframe: timeframe}
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	moment, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

// bench is a server with the door over an archive in memory: two sessions of AAPL in 1m with a weekend between, a year of its
// days, and an hour of ES.
func bench(t testing.TB, options ...func(*servertest.Bench)) *servertest.Bench {
	t.Helper()
	b := servertest.New(t, append(options, func(b *servertest.Bench) {
		b.Config.Calendars = listed{b.Archive}
		minutes := servertest.Ramp(at(t, "2026-01-09T14:30"), time.Minute, 390)
		minutes.AppendAll(servertest.Ramp(at(t, "2026-01-12T14:30"), time.Minute, 390))
		minutes.Volume[0] = market.NoVolume
		apple, days := servertest.Resolve(t, "AAPL"), market.NewCandles(0)
		market.D1.Expected(apple.Calendar, market.Window{From: at(t, "2025-01-01T00:00"), To: at(t, "2026-01-13T00:00")}, func(key time.Time) bool {
			days.Append(market.Candle{Start: key, Open: 1, High: 2, Low: 1, Close: 2, Volume: int64(days.Len())})
			return true
		})
		b.Archive.Series = map[market.Series]*market.Candles{
			of("AAPL", market.M1): minutes, of("AAPL", market.D1): days, of("ES", market.H1): servertest.Ramp(at(t, "2026-01-14T23:00"), time.Hour, 3),
			of("EMPTY", market.D1): market.NewCandles(0),
		}
	})...)
	reader, err := query.New(query.Config{Bars: b.Archive, Now: b.Config.Now, Logger: b.Config.Logger})
	if err != nil {
		t.Fatal(err)
	}
	err = udf.Mount(b.Server, udf.Config{
		Reader: reader, Resolve: market.Resolve, Symbol: func(i market.Instrument) string { return i.Name + "=F" },
		Origins: []string{"https://Charts.example.org", " http://localhost:3000"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// history is an answer as the library's own datafeed reads it.
type history struct {
	S             string
	ErrMsg        string
	NextTime      *int64
	T             []int64
	O, H, L, C, V []float64
}

// library makes the calls of TradingView's UDFCompatibleDatafeed, with its parameters and in its order.
type library struct {
	t *testing.T
	b *servertest.Bench
}

func call[T any](l library, path string, parameters ...string) T {
	l.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(parameters); i += 2 {
		values.Set(parameters[i], parameters[i+1])
	}
	return servertest.Decode[T](l.t, l.b.Get(l.t, "/udf/"+path+"?"+values.Encode()), http.StatusOK)
}

func (l library) history(symbol, resolution string, from, to int64, countback int) history {
	l.t.Helper()
	parameters := []string{"symbol", symbol, "resolution", resolution, "from", fmt.Sprint(from), "to", fmt.Sprint(to), "currencyCode", "USD"}
	if countback > 0 {
		parameters = append(parameters, "countback", strconv.Itoa(countback))
	}
	return call[history](l, "history", parameters...)
}

// TestTheLibrarysCalls goes the way of a chart that opens: configuration, time, a search, the symbol, and its history, page by
// page to the first bar. What it gathers are the bars of the archive.
func TestTheLibrarysCalls(t *testing.T) {
	t.Parallel()
	b := bench(t)
	l := library{t, b}
	config := call[struct {
		Search      bool     `json:"supports_search"`
		Group       bool     `json:"supports_group_request"`
		Time        bool     `json:"supports_time"`
		Resolutions []string `json:"supported_resolutions"`
	}](l, "config")
	if !config.Search || config.Group || !config.Time || !slices.Equal(config.Resolutions, []string{"1", "60", "1D"}) {
		t.Errorf("config %+v", config)
	}
	if got := b.Get(t, "/udf/time"); got.Body != fmt.Sprint(b.Clock.Now().Unix()) || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("time %q", got.Body)
	}
	hits := call[[]map[string]string](l, "search", "query", "aap", "type", "", "exchange", "", "limit", "30")
	if len(hits) != 1 || hits[0]["symbol"] != "AAPL" || hits[0]["description"] != "Apple Inc." || hits[0]["type"] != "stock" || hits[0]["exchange"] != "NMS" {
		t.Fatalf("search %+v", hits)
	}
	symbol := call[map[string]any](l, "symbols", "symbol", hits[0]["exchange"]+":"+hits[0]["symbol"])
	for key, want := range map[string]any{
		"name": "AAPL", "ticker": "AAPL", "session": "0930-1600:23456", "timezone": "America/New_York", "minmov": 1.0, "pricescale": 100.0,
		"has_intraday": true, "has_daily": true, "has_weekly_and_monthly": false, "currency_code": "USD", "listed_exchange": "NMS",
	} {
		if symbol[key] != want {
			t.Errorf("symbol: %s is %v, want %v", key, symbol[key], want)
		}
	}
	if got := fmt.Sprint(symbol["supported_resolutions"], symbol["intraday_multipliers"], symbol["daily_multipliers"]); got != "[1 1D] [1] [1]" {
		t.Errorf("resolutions %s", got)
	}
	for _, page := range []int{1, 100, 329, 10_000} {
		sameHistory(t, b.Archive.Series[of("AAPL", market.M1)], l.all("AAPL", "1", b.Clock.Now().Unix(), page))
	}
}

// all pages back from an instant, each time to the first bar that it has, until there is no data.
func (l library) all(symbol, resolution string, to int64, countback int) (all history) {
	l.t.Helper()
	for {
		got := l.history(symbol, resolution, to-60*int64(countback), to, countback)
		if got.S == "no_data" {
			if got.NextTime != nil {
				l.t.Errorf("there is nothing before %d, and nextTime is %d", to, *got.NextTime)
			}
			return all
		}
		if got.S != "ok" || len(got.T) == 0 || len(got.T) > countback || got.T[len(got.T)-1] >= to {
			l.t.Fatalf("%d bars before %d: %s, %d bars", countback, to, got.S, len(got.T))
		}
		to = got.T[0]
		all.T, all.O, all.H = append(got.T, all.T...), append(got.O, all.O...), append(got.H, all.H...)
		all.L, all.C, all.V = append(got.L, all.L...), append(got.C, all.C...), append(got.V, all.V...)
	}
}

func sameHistory(t *testing.T, bars *market.Candles, got history) {
	t.Helper()
	if !slices.Equal(got.T, bars.TS) || !slices.Equal(got.O, bars.Open) || !slices.Equal(got.H, bars.High) || !slices.Equal(got.L, bars.Low) ||
		!slices.Equal(got.C, bars.Close) || len(got.V) != bars.Len() {
		t.Fatalf("%d bars, the archive has %d others", len(got.T), bars.Len())
	}
	for i, volume := range bars.Volume {
		if got.V[i] != float64(max(volume, 0)) {
			t.Fatalf("bar %d: volume %v, the archive has %d", i, got.V[i], volume)
		}
	}
}

// TestHistoryWithoutCountback reads windows: to is not in them, and of one without bars nextTime is the newest bar before it.
func TestHistoryWithoutCountback(t *testing.T) {
	t.Parallel()
	l := library{t, bench(t)}
	friday, monday := at(t, "2026-01-09T20:59").Unix(), at(t, "2026-01-12T14:30").Unix()
	for _, c := range []struct {
		symbol, resolution string
		from, to           int64
		bars               int
		next               int64 // 0 for none
	}{
		{"AAPL", "1", friday, monday, 1, 0},
		{"AAPL", "1", friday, monday + 1, 2, 0},
		{"AAPL", "1", friday + 60, monday, 0, friday},
		{"AAPL", "1", monday, monday, 0, friday},
		{"AAPL", "1", 0, 1000, 0, 0},
		{"AAPL", "D", at(t, "2026-01-08T00:00").Unix(), at(t, "2026-01-09T00:00").Unix(), 1, 0},
		{"AAPL", "1D", at(t, "2026-01-08T00:01").Unix(), at(t, "2026-01-09T00:01").Unix(), 1, 0},
		{"AAPL", "1D", at(t, "2026-01-10T00:00").Unix(), at(t, "2026-01-12T00:00").Unix(), 0, at(t, "2026-01-09T00:00").Unix()},
		{"ES", "60", -1 << 40, 1 << 40, 3, 0},
	} {
		got := l.history(c.symbol, c.resolution, c.from, c.to, 0)
		want := "ok"
		if c.bars == 0 {
			want = "no_data"
		}
		next := int64(0)
		if got.NextTime != nil {
			next = *got.NextTime
		}
		if got.S != want || len(got.T) != c.bars || next != c.next {
			t.Errorf("%+v: %s, %v, nextTime %d", c, got.S, got.T, next)
		}
	}
	if got := l.history("AAPL", "1D", 0, 1<<40, 0); got.T[len(got.T)-1] != at(t, "2026-01-12T00:00").Unix() {
		t.Errorf("the newest day is stamped %d, want midnight UTC of its date", got.T[len(got.T)-1])
	}
}

// TestBadInputIsToldByTheProtocol has every parameter that can be wrong.
func TestBadInputIsToldByTheProtocol(t *testing.T) {
	t.Parallel()
	b := bench(t)
	for target, want := range map[string]string{
		"symbols?symbol=NOSUCH":                                    "unknown_symbol",
		"symbols":                                                  "unknown_symbol",
		"symbols?symbol=EMPTY":                                     "unknown_symbol",
		"search?limit=0":                                           "limit is",
		"search?limit=many":                                        "limit is",
		"history?symbol=AAPL":                                      "resolution is",
		"history?resolution=1":                                     "to is",
		"history?resolution=7&to=1":                                "resolution is",
		"history?symbol=AAPL&resolution=1&to=2":                    "from is",
		"history?symbol=AAPL&resolution=1&to=2&from=3":             "which is after to",
		"history?symbol=AAPL&resolution=1&to=x&from=3":             "to is",
		"history?symbol=AAPL&resolution=1&to=2&countback=0":        "countback is",
		"history?symbol=AAPL&resolution=1&to=2&countback=1.5":      "countback is",
		"history?symbol=NOSUCH&resolution=1&to=2&countback=1":      "unknown_symbol",
		"history?symbol=ES&resolution=1D&to=2&from=1":              `no bars of ES 1d are stored: there are ["60"]`,
		"history?symbol=ES&resolution=60&to=99999999999999&from=1": "to is",
	} {
		got := servertest.Decode[history](t, b.Get(t, "/udf/"+target), http.StatusOK)
		if got.S != "error" || !strings.Contains(got.ErrMsg, want) {
			t.Errorf("%s: %+v, want %s", target, got, want)
		}
	}
	b.Archive.Fail(fmt.Errorf("s3cr3t of the database"))
	if got := b.Get(t, "/udf/config"); got.Status != http.StatusInternalServerError || strings.Contains(got.Body, "s3cr3t") {
		t.Errorf("an archive that fails: %d %s", got.Status, got.Body)
	}
}

// TestPagesOfOtherOrigins may read only where they were named, and never with cookies.
func TestPagesOfOtherOrigins(t *testing.T) {
	t.Parallel()
	b := bench(t)
	for origin, allowed := range map[string]bool{
		"https://charts.example.org": true, "http://localhost:3000": true, "http://charts.example.org": false, "https://evil.example": false,
		"null": false, "": false, "https://charts.example.org.evil.example": false,
	} {
		for _, path := range []string{"/udf/config", "/udf/history?symbol=ES&resolution=60&to=1&from=0", "/udf/symbols?symbol=NOSUCH", "/status"} {
			got := b.Ask(t, http.MethodGet, path, "", "Origin", origin)
			want := ""
			if allowed && path != "/status" {
				want = origin
			}
			if got.Header.Get("Access-Control-Allow-Origin") != want || got.Header.Get("Access-Control-Allow-Credentials") != "" ||
				path != "/status" && got.Header.Get("Vary") != "Origin" {
				t.Errorf("%s from %q: %v", path, origin, got.Header)
			}
		}
	}
}

// TestSearch orders what begins with a text before what holds it.
func TestSearch(t *testing.T) {
	t.Parallel()
	l := library{t, bench(t)}
	for _, c := range []struct{ parameters, want string }{
		{"query=", "AAPL ES"},
		{"query=E", "ES AAPL"},
		{"query=apple", "AAPL"},
		{"query=es%3Df", "ES"},
		{"query=&type=futures", "ES"},
		{"query=&exchange=nms", "AAPL"},
		{"query=&limit=1", "AAPL"},
		{"query=zzz", ""},
		{"query=&limit=99999", "AAPL ES"},
	} {
		var names []string
		values, err := url.ParseQuery(c.parameters)
		if err != nil {
			t.Fatal(err)
		}
		var pairs []string
		for name := range values {
			pairs = append(pairs, name, values.Get(name))
		}
		for _, hit := range call[[]map[string]string](l, "search", pairs...) {
			names = append(names, hit["symbol"])
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s finds %q, want %q", c.parameters, got, c.want)
		}
	}
}

// FuzzUDF sends anything for every parameter: what comes back is JSON of the protocol, never a fault.
func FuzzUDF(f *testing.F) {
	b := bench(f)
	f.Add("history", "AAPL", "1", "0", "1768521600", "100", "a", "stock", "NMS", "3")
	f.Add("symbols", "NMS:AAPL", "1D", "-1", "9", "", "", "", "", "")
	f.Add("search", "", "", "", "", "0", "ES", "futures", "", "-1")
	f.Fuzz(func(t *testing.T, path, symbol, resolution, from, to, countback, text, kind, exchange, limit string) {
		if path != "history" && path != "symbols" && path != "search" {
			path = "history"
		}
		values := url.Values{}
		for name, value := range map[string]string{
			"symbol": symbol, "resolution": resolution, "from": from, "to": to, "countback": countback, "query": text, "type": kind,
			"exchange": exchange, "limit": limit,
		} {
			if value != "" {
				values.Set(name, value)
			}
		}
		got := b.Get(t, "/udf/"+path+"?"+values.Encode())
		if !json.Valid([]byte(got.Body)) || got.Status != http.StatusOK {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
}
