package chart_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/server/chart"
	"barkeep/server/servertest"
	"barkeep/store"
)

// listed is an archive in which the provider said what AAPL is.
type listed struct {
	*servertest.Archive
	changing *atomic.Bool // whether each look at a series finds another version of it
	versions *atomic.Int64
}

func (l listed) State(ctx context.Context, series market.Series) (market.SeriesState, bool, error) {
	state, found, err := l.Archive.State(ctx, series)
	if l.changing.Load() {
		state.Version = l.versions.Add(1)
	}
	return state, found, err
}

func (l listed) Listings(context.Context) ([]store.Listing, error) {
	apple := market.Listing{
		Symbol: "AAPL", Type: "EQUITY", Currency: "USD", Exchange: "NMS", Zone: "America/New_York", ShortName: "Apple Inc.",
		FirstTrade: time.Unix(345479400, 0),
	}
	return []store.Listing{{Instrument: "AAPL", First: apple, Last: apple}}, l.Pass()
}

// bench is a server with the door over an archive in memory: AAPL with 1m bars of 2026-01-15, a Thursday, and daily ones since
// 2025, and ES with one hour.
func bench(t testing.TB, most int) *servertest.Bench {
	t.Helper()
	b, _ := changingBench(t, most)
	return b
}

func changingBench(t testing.TB, most int, options ...func(*servertest.Bench)) (b *servertest.Bench, changing *atomic.Bool) {
	t.Helper()
	var archive listed
	changing = &atomic.Bool{}
	b = servertest.New(t, append(options, func(b *servertest.Bench) {
		archive = listed{b.Archive, changing, &atomic.Int64{}}
		b.Config.Calendars = archive
		fill(t, b)
	})...)
	reader, err := query.New(query.Config{
		Bars: archive, Truth: archive, Resolve: market.Resolve, Now: b.Config.Now, Logger: b.Config.Logger,
		Capabilities: market.Capabilities{Bases: map[market.Timeframe]market.Timeframe{market.W1: market.D1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	err = chart.MountBounded(b.Server, chart.Config{
		Reader: reader, Archive: b.Archive,
		Resolve: func(text string) (market.Instrument, error) { return market.Resolve(strings.TrimSuffix(text, "=F")) },
		Symbol: func(i market.Instrument) string {
			if i.Kind == market.KindFuture {
				return i.Name + "=F"
			}
			return i.Name
		},
	}, most)
	if err != nil {
		t.Fatal(err)
	}
	return b, changing
}

// fill puts bars, actions and a gap into the archive.
func fill(t testing.TB, b *servertest.Bench) {
	t.Helper()
	apple := servertest.Resolve(t, "AAPL")
	of := func(name string, timeframe market.Timeframe) market.Series {
		return market.Series{Instrument: name, Timeframe: timeframe}
	}
	days := market.NewCandles(0)
	market.D1.Expected(apple.Calendar, market.Window{From: at(t, "2025-01-01"), To: at(t, "2026-01-15T05:00:01")}, func(key time.Time) bool {
		p := 100 + float64(days.Len())
		days.Append(market.Candle{Start: key, Open: p, High: p + 2, Low: p - 1, Close: p + 1, Volume: 1000})
		return true
	})
	minutes := servertest.Ramp(at(t, "2026-01-15T14:30:00"), time.Minute, 300)
	minutes.Volume[1] = market.NoVolume
	minutes = without(minutes, 10, 11)
	b.Archive.Series = map[market.Series]*market.Candles{
		of("AAPL", market.M1): minutes, of("AAPL", market.D1): days,
		of("AAPL", market.W1): servertest.Ramp(at(t, "2025-12-22T05:00:00"), 7*24*time.Hour, 3),
		of("ES", market.H1):   servertest.Ramp(at(t, "2026-01-14T23:00:00"), time.Hour, 12),
	}
	b.Archive.Runs = []market.Gap{{
		Series: of("AAPL", market.M1), First: at(t, "2026-01-15T14:40:00"), Last: at(t, "2026-01-15T14:41:00"), Bars: 2, Reason: market.GapNull,
	}}
	b.Archive.ActionList = actions(t, apple)
	b.Archive.Restated = []store.Restatement{{Series: of("AAPL", market.D1), Number: 1, Action: 3, Factor: market.Factor{}}}
}

// actions are a dividend, told before a split of 4:1 and so on the scale before it, one that was taken back, the split, and a
// gain.
func actions(t testing.TB, apple market.Instrument) []store.Action {
	t.Helper()
	all := []store.Action{
		{Action: market.Action{Kind: market.ActionDividend, Time: at(t, "2025-06-02T13:30:00"), Amount: 1}, Seen: at(t, "2025-06-02")},
		{
			Action: market.Action{Kind: market.ActionDividend, Time: at(t, "2025-07-02T13:30:00"), Amount: 9}, Seen: at(t, "2025-07-02"),
			Gone: at(t, "2025-07-03"),
		},
		{
			Action: market.Action{Kind: market.ActionSplit, Time: at(t, "2025-09-02T13:30:00"), Numerator: 4, Denominator: 1},
			Seen:   at(t, "2025-09-02"),
		},
		{Action: market.Action{Kind: market.ActionCapitalGain, Time: at(t, "2025-12-01T14:30:00"), Amount: 0.5}, Seen: at(t, "2025-12-01")},
	}
	for i := range all {
		all[i].Instrument, all[i].Number, all[i].Date = "AAPL", int64(i+1), all[i].Action.Date(apple.Calendar)
	}
	return all
}

func without(bars *market.Candles, from, to int) *market.Candles {
	left := bars.Slice(0, from).Clone()
	left.AppendAll(bars.Slice(to+1, bars.Len()))
	return left
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	layout := "2006-01-02T15:04:05"
	moment, err := time.Parse(layout[:len(text)], text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

// body is an answer as a client of the provider reads it.
type body struct {
	Chart struct {
		Result []struct {
			Meta struct {
				Symbol, Currency, ExchangeName, InstrumentType, ExchangeTimezoneName, Timezone, DataGranularity, Range, ShortName string
				FirstTradeDate                                                                                                    *int64
				GMTOffset, PriceHint                                                                                              int
				RegularMarketTime                                                                                                 int64
				RegularMarketPrice                                                                                                float64
				ValidRanges                                                                                                       []string
				CurrentTradingPeriod                                                                                              struct{ Pre, Regular, Post struct{ Start, End int64 } }
				TradingPeriods                                                                                                    [][]struct{ Start, End int64 }
			}
			Timestamp []int64
			Events    struct {
				Dividends, CapitalGains map[string]struct {
					Amount float64
					Date   int64
				}
				Splits map[string]struct {
					Numerator, Denominator float64
					SplitRatio             string
					Date                   int64
				}
			}
			Indicators struct {
				Quote []struct {
					Open, High, Low, Close []*float64
					Volume                 []*int64
				}
				AdjClose []struct{ AdjClose []*float64 }
			}
		}
		Error *struct{ Code, Description string }
	}
}

func ask(t testing.TB, b *servertest.Bench, target string, status int) body {
	t.Helper()
	return servertest.Decode[body](t, b.Get(t, "/v8/finance/chart/"+target), status)
}

func unix(t testing.TB, text string) int64 { t.Helper(); return at(t, text).Unix() }

// TestChartHasTheProvidersShape reads a window of minutes in which the archive lacks two, of which the provider has null rows.
func TestChartHasTheProvidersShape(t *testing.T) {
	t.Parallel()
	b := bench(t, 1000)
	target := fmt.Sprintf("AAPL?interval=1m&period1=%d&period2=%d&includePrePost=true&corsDomain=x&events=div",
		unix(t, "2026-01-15T14:30:00"), unix(t, "2026-01-15T14:45:00"))
	got := ask(t, b, target, http.StatusOK).Chart
	if got.Error != nil || len(got.Result) != 1 || len(got.Result[0].Indicators.Quote) != 1 || got.Result[0].Indicators.AdjClose != nil {
		t.Fatalf("%+v", got)
	}
	r := got.Result[0]
	q := r.Indicators.Quote[0]
	if len(r.Timestamp) != 16 || r.Timestamp[0] != unix(t, "2026-01-15T14:30:00") || r.Timestamp[15] != unix(t, "2026-01-15T14:45:00") {
		t.Fatalf("timestamps %v: both bounds are included", r.Timestamp)
	}
	for i := range 16 {
		null := i == 10 || i == 11
		if (q.Close[i] == nil) != null || (q.Open[i] == nil) != null || (q.Volume[i] == nil) != (null || i == 1) {
			t.Errorf("bar %d: close %v, volume %v", i, q.Close[i], q.Volume[i])
		}
	}
	if *q.Open[2] != 100.5 || *q.High[2] != 101.5 || *q.Low[2] != 99.5 || *q.Close[2] != 100.75 || *q.Volume[2] != 2 {
		t.Errorf("bar 2: %v %v %v %v %v", *q.Open[2], *q.High[2], *q.Low[2], *q.Close[2], *q.Volume[2])
	}
	m := r.Meta
	period := m.CurrentTradingPeriod
	if m.Symbol != "AAPL" || m.Currency != "USD" || m.ExchangeName != "NMS" || m.InstrumentType != "EQUITY" || *m.FirstTradeDate != 345479400 ||
		m.ExchangeTimezoneName != "America/New_York" || m.Timezone != "EST" || m.GMTOffset != -18000 || m.DataGranularity != "1m" ||
		m.Range != "" || m.PriceHint != 2 || m.ShortName != "Apple Inc." || len(m.ValidRanges) != 11 {
		t.Errorf("meta %+v", m)
	}
	if tp := m.TradingPeriods; len(tp) != 1 || len(tp[0]) != 1 || tp[0][0].Start != period.Regular.Start || tp[0][0].End != period.Regular.End {
		t.Errorf("trading periods %+v, want one session", tp)
	}
	if m.RegularMarketTime != unix(t, "2026-01-15T19:30:00") || m.RegularMarketPrice != 175 {
		t.Errorf("the last trade was %v at %d", m.RegularMarketPrice, m.RegularMarketTime)
	}
	if period.Regular.Start != unix(t, "2026-01-15T14:30:00") || period.Regular.End != unix(t, "2026-01-15T21:00:00") ||
		period.Pre.End != period.Regular.Start || period.Post.Start != period.Regular.End {
		t.Errorf("the session is %+v", period)
	}
}

// TestChartOfDays has the opening bell as stamp, adjusted closes, and every kind of event on the scale of the bars.
func TestChartOfDays(t *testing.T) {
	t.Parallel()
	b := bench(t, 1000)
	for _, events := range []string{"div,splits,capitalGains", "div%7Csplit%7CcapitalGains%7Cearn"} {
		r := ask(t, b, "AAPL?interval=1d&range=max&events="+events, http.StatusOK).Chart.Result[0]
		n := len(r.Timestamp)
		if n != 260 || r.Timestamp[n-1] != unix(t, "2026-01-15T14:30:00") || r.Meta.Range != "max" || len(r.Indicators.AdjClose) != 1 {
			t.Fatalf("%d days to %v: %+v", n, r.Timestamp[n-1], r.Meta)
		}
		first, last := *r.Indicators.AdjClose[0].AdjClose[0], *r.Indicators.AdjClose[0].AdjClose[n-1]
		if q := r.Indicators.Quote[0]; last != *q.Close[n-1] || first >= *q.Close[0] {
			t.Errorf("adjusted closes %v to %v, closes %v to %v", first, last, *q.Close[0], *q.Close[n-1])
		}
		paid, gains, splits := r.Events.Dividends, r.Events.CapitalGains, r.Events.Splits
		key := fmt.Sprint(unix(t, "2025-06-02T13:30:00"))
		if len(paid) != 1 || paid[key].Amount != 0.25 || paid[key].Date != unix(t, "2025-06-02T13:30:00") {
			t.Errorf("dividends %+v, want one of 0.25 after the split", paid)
		}
		split := splits[fmt.Sprint(unix(t, "2025-09-02T13:30:00"))]
		if len(splits) != 1 || split.SplitRatio != "4:1" || split.Numerator != 4 || split.Denominator != 1 || len(gains) != 1 {
			t.Errorf("splits %+v, gains %+v", splits, gains)
		}
	}
	if r := ask(t, b, "AAPL?interval=1d&range=5d&includeAdjustedClose=false", http.StatusOK).Chart.Result[0]; len(r.Timestamp) != 5 ||
		r.Indicators.AdjClose != nil || r.Events.Dividends != nil {
		t.Errorf("five days: %+v", r)
	}
}

// TestWindows counts the bars of ranges and bounds. Days are sessions; the archive's newest is of today.
func TestWindows(t *testing.T) {
	t.Parallel()
	b := bench(t, 1000)
	for _, c := range []struct {
		target string
		bars   int
		first  string
	}{
		{"AAPL", 1, "2026-01-15T14:30:00"}, // the provider's defaults: one day of 1d
		{"aapl?range=3d", 3, "2026-01-13T14:30:00"},
		{"AAPL?range=ytd", 10, "2026-01-02T14:30:00"},
		{"AAPL?range=1mo", 22, "2025-12-15T14:30:00"},
		{"AAPL?range=1wk", 6, "2026-01-08T14:30:00"}, // from a Thursday to the next one
		{"AAPL?range=1d&interval=1m", 300, "2026-01-15T14:30:00"},
		{"AAPL?range=5000d", 260, "2025-01-02T14:30:00"},
		{"ES%3DF?range=1d&interval=60m", 12, "2026-01-14T23:00:00"},
		{"ES=F?range=1y&interval=1h", 12, "2026-01-14T23:00:00"},
		{"AAPL?period1=1768435200&period2=1768521600", 1, "2026-01-15T14:30:00"},
		{"AAPL?period1=1768487400&period2=1768487400", 1, "2026-01-15T14:30:00"}, // the bell itself
		{"AAPL?period1=1768487401&period2=1768521600", 0, ""},
		{"AAPL?period1=-1099511627776&period2=1099511627776", 260, "2025-01-02T14:30:00"},
		{"AAPL?period1=1767700800&interval=1wk", 1, "2026-01-05T05:00:00"}, // a Tuesday: the bar that holds it is there
		{"AAPL?range=max&interval=1wk", 3, "2025-12-22T05:00:00"},
		{"AAPL?period1=1768435200", 1, "2026-01-15T14:30:00"},
	} {
		got := ask(t, b, c.target, http.StatusOK).Chart.Result[0]
		if len(got.Timestamp) != c.bars || c.bars > 0 && got.Timestamp[0] != unix(t, c.first) {
			t.Errorf("%s: %d bars %v, want %d from %s", c.target, len(got.Timestamp), got.Timestamp[:min(2, len(got.Timestamp))], c.bars, c.first)
		}
		if c.bars == 0 && got.Indicators.Quote[0].Open != nil {
			t.Errorf("%s: quote %+v, want an empty one", c.target, got.Indicators.Quote)
		}
	}
}

// TestTradingPeriodsHoldEveryBar: of a future the evening before is part of another date.
func TestTradingPeriodsHoldEveryBar(t *testing.T) {
	t.Parallel()
	r := ask(t, bench(t, 1000), "ES=F?range=5d&interval=1h", http.StatusOK).Chart.Result[0]
	for _, ts := range r.Timestamp {
		inside := slices.ContainsFunc(r.Meta.TradingPeriods, func(p []struct{ Start, End int64 }) bool { return p[0].Start <= ts && ts < p[0].End })
		if !inside {
			t.Errorf("%d lies in none of %+v", ts, r.Meta.TradingPeriods)
		}
	}
	if len(r.Meta.TradingPeriods) != 2 {
		t.Errorf("%d periods, want one for each of two dates", len(r.Meta.TradingPeriods))
	}
	if r := ask(t, bench(t, 1000), "AAPL?range=5d", http.StatusOK).Chart.Result[0]; r.Meta.TradingPeriods != nil {
		t.Errorf("daily bars have %+v", r.Meta.TradingPeriods)
	}
}

// TestRefusals are in the words and with the codes of the provider.
func TestRefusals(t *testing.T) {
	t.Parallel()
	b := bench(t, 250)
	for _, c := range []struct {
		target, code, description string
		status                    int
	}{
		{"NOSUCH", "Not Found", "No data found, symbol may be delisted", 404},
		{"%20%20", "Not Found", "No data found, symbol may be delisted", 404},
		{"AAPL?interval=1s", "Bad Request", "Invalid input - interval=1s is not supported. Valid intervals: [1m, 2m, 3m, 5m, 15m, 30m, 60m, ", 400},
		{"AAPL?range=1", "Unprocessable Entity", "Invalid input - range=1 is not supported. Valid ranges: [1d, 5d, 1mo, ", 422},
		{"AAPL?range=0d", "Unprocessable Entity", "Invalid input - range=0d", 422},
		{"AAPL?period1=x", "Bad Request", "Invalid input - period1=x", 400},
		{"AAPL?period1=1&period2=99999999999999", "Bad Request", "Invalid input - period2=", 400},
		{"AAPL?period1=2&period2=1", "Bad Request", "start date cannot be after end date. startDate = 2, endDate = 1", 400},
		{"AAPL?period1=1&period2=2", "Bad Request", "Data doesn't exist for startDate = 1, endDate = 2", 400},
		{"ES=F?interval=5m&period1=1&period2=2", "Unprocessable Entity", "5m data not available for startTime=1 and endTime=2. Of ES=F the archive holds 1h.", 422},
		{"ES=F?interval=5m&range=1mo", "Unprocessable Entity", "5m data not available for startTime=1765774800 and endTime=1768515000. ", 422},
		{"AAPL?range=1d&interval=1m", "Unprocessable Entity", "Only 1 days worth of 1m granularity data are allowed to be fetched per request.", 422},
	} {
		got := ask(t, b, c.target, c.status).Chart
		if got.Result != nil || got.Error == nil || got.Error.Code != c.code || !strings.Contains(got.Error.Description, c.description) {
			t.Errorf("%s: %+v, want %s: %s", c.target, got.Error, c.code, c.description)
		}
	}
}

// TestFaultsShowNoInternals has an archive that fails, and one that never stops changing.
func TestFaultsShowNoInternals(t *testing.T) {
	t.Parallel()
	b, changing := changingBench(t, 1000)
	changing.Store(true)
	if got := b.Get(t, "/v8/finance/chart/AAPL?interval=1m"); got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("a series that is written all the time: %d %s", got.Status, got.Body)
	}
	changing.Store(false)
	b.Archive.Fail(fmt.Errorf("s3cr3t of the database"))
	if got := b.Get(t, "/v8/finance/chart/AAPL"); got.Status != http.StatusInternalServerError || strings.Contains(got.Body, "s3cr3t") {
		t.Errorf("an archive that fails: %d %s", got.Status, got.Body)
	}
}

// FuzzChart sends anything for every parameter: what comes back is a chart or a refusal of the provider's, never a fault.
func FuzzChart(f *testing.F) {
	b := bench(f, 1000)
	f.Add("AAPL", "1d", "1", "2", "1d", "div|split", "true", "false")
	f.Add("ES=F", "60m", "-99999999999", "", "ytd", "earn", "", "")
	f.Add("^GSPC", "90m", "", "1768521600", "9999y", ",", "x", "FALSE")
	f.Fuzz(func(t *testing.T, symbol, interval, period1, period2, span, events, prePost, adjusted string) {
		values := url.Values{}
		for name, value := range map[string]string{
			"interval": interval, "period1": period1, "period2": period2, "range": span, "events": events, "includePrePost": prePost,
			"includeAdjustedClose": adjusted,
		} {
			if value != "" {
				values.Set(name, value)
			}
		}
		if symbol = strings.Trim(symbol, "/."); symbol == "" || strings.ContainsAny(symbol, "/") {
			symbol = "AAPL" // another route
		}
		got := b.Get(t, "/v8/finance/chart/"+url.PathEscape(symbol)+"?"+values.Encode())
		var answer body
		if err := json.Unmarshal([]byte(got.Body), &answer); err != nil || got.Status >= 500 || (answer.Chart.Error == nil) != (got.Status == 200) {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
}
