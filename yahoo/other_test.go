package yahoo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo"
)

// row is one row of a made-up body.
type row struct {
	at       time.Time
	null     bool
	flat     bool // one price, and no volume
	oneTrade bool // one price, with its volume
}

// every makes n rows from a time on.
func every(from time.Time, step time.Duration, n int) []row {
	rows := make([]row, n)
	for i := range rows {
		rows[i].at = from.Add(time.Duration(i) * step)
	}
	return rows
}

// eachDay makes a row at the same clock time on each of n weekdays.
func eachDay(from time.Time, n int) []row {
	var rows []row
	for d := from; len(rows) < n; d = d.AddDate(0, 0, 1) {
		if d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
			rows = append(rows, row{at: d})
		}
	}
	return rows
}

// like sets what the rows hold.
func like(r row, rows []row) []row {
	for i := range rows {
		at := rows[i].at
		rows[i] = r
		rows[i].at = at
	}
	return rows
}

// bodyOf writes a body: the members of its meta, and rows.
func bodyOf(tb testing.TB, meta map[string]any, rows []row) string {
	tb.Helper()
	ts, columns := []int64{}, map[string][]any{}
	for _, r := range rows {
		ts = append(ts, r.at.Unix())
		values := []any{10.0, 12.0, 9.0, 11.0, 50}
		switch {
		case r.null:
			values = []any{nil, nil, nil, nil, nil}
		case r.flat:
			values = []any{11.0, 11.0, 11.0, 11.0, 0}
		case r.oneTrade:
			values = []any{11.0, 11.0, 11.0, 11.0, 5}
		}
		for i, name := range []string{"open", "high", "low", "close", "volume"} {
			columns[name] = append(columns[name], values[i])
		}
	}
	return wrap(tb, meta, ts, columns)
}

func wrap(tb testing.TB, meta map[string]any, ts []int64, columns map[string][]any) string {
	tb.Helper()
	one := map[string]any{"meta": meta, "indicators": map[string]any{"quote": []any{columns}}}
	if len(ts) > 0 {
		one["timestamp"] = ts
	}
	text, err := json.Marshal(map[string]any{"chart": map[string]any{"result": []any{one}, "error": nil}})
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// answered fetches once from a provider that gives one body.
func answered(tb testing.TB, req market.FetchRequest, now time.Time, body string) (*market.FetchResult, error) {
	tb.Helper()
	provider := &memory{answer: func(int, *http.Request) *http.Response { return respond(http.StatusOK, body) }}
	config := swift(now, "http://one")
	config.Transport = provider
	return client(tb, config).Fetch(tb.Context(), req)
}

// isOther fails the test unless the answer was refused as one for something else, in words that hold all parts.
func isOther(tb testing.TB, got *market.FetchResult, err error, parts ...string) {
	tb.Helper()
	var refusal *market.FetchError
	if !errors.As(err, &refusal) || refusal.Outcome != market.OutcomeOther {
		tb.Errorf("got %+v and %v, want it refused as an answer for something else", got, err)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			tb.Errorf("%q does not say %q", err, part)
		}
	}
}

func TestFetchRefusesAnotherSymbol(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	for _, c := range []struct {
		asked string
		named any
		other bool
	}{
		{"ES", "ES=F", false},
		{"ES", "es=f", false},
		{"ES", " ES=F ", false},
		{"ES", "ES%3DF", false},
		{"ES", "", false},
		{"ES", " ", false},
		{"ES", nil, false},
		{"ES", "NQ=F", true},
		{"ES", "ES", true}, // an equity
		{"ES", "MES=F", true},
		{"ES", "ESZ26.CME", true},
		{"ESZ26", "ESZ26.CME", false},
		{"ESZ26", "ESH27.CME", true},
		{"ESZ26", "ES=F", true},
		{"AAPL", "MSFT", true},
		{"AAPL", "AAPL.MX", true},
		{"^GSPC", "%5EGSPC", false},
		{"^GSPC", "^SPX", true},
		{"M&M.NS", "M&amp;M.NS", false},
		{"EURUSD=X", "EURUSD=X", false},
		{"EURUSD=X", "USDEUR=X", true},
		{"USDJPY=X", "JPY=X", false},
		{"USDJPY=X", "JPYUSD=X", true},
		{"BTC-USD", "ETH-USD", true},
		{"AAPL", strings.Repeat("A", 1000), true},
	} {
		req := question(t, market.M5, now)
		req.Instrument = instrument(t, c.asked)
		for kind, rows := range map[string][]row{"bars": every(now.Add(-30*time.Minute), 5*time.Minute, 3), "no rows": nil} {
			t.Run(fmt.Sprintf("%s %.20v %s", c.asked, c.named, kind), func(t *testing.T) {
				t.Parallel()
				got, err := answered(t, req, now, bodyOf(t, map[string]any{"symbol": c.named, "dataGranularity": "5m"}, rows))
				if c.other {
					isOther(t, got, err, yahoo.Symbol(req.Instrument)+" 5m", fmt.Sprint(c.named)[:min(40, len(c.named.(string)))])
				} else if err != nil || got.Rows != len(rows) {
					t.Errorf("got %+v and %v, want the answer taken", got, err)
				}
			})
		}
	}
}

// TestOtherSymbolBeforeAllElse: what else such an answer says is about another symbol, also that it does not exist.
func TestOtherSymbolBeforeAllElse(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	for name, body := range map[string]string{
		"traded nowhere any more": bodyOf(t, map[string]any{"symbol": "DEAD", "exchangeName": "YHD"}, nil),
		"not found": `{"chart":{"result":[{"meta":{"symbol":"DEAD"}}],"error":{"code":"Not Found",` +
			`"description":"No data found, symbol may be delisted"}}}`,
	} {
		for _, status := range []int{http.StatusOK, http.StatusNotFound} {
			provider := &memory{answer: func(int, *http.Request) *http.Response { return respond(status, body) }}
			config := swift(now, "http://one")
			config.Transport = provider
			got, err := client(t, config).Fetch(t.Context(), question(t, market.M5, now))
			if name == "not found" || status == http.StatusOK {
				isOther(t, got, err, "DEAD")
			} else if outcome := market.OutcomeOf(err); outcome == "" || outcome == market.OutcomeNotFound {
				t.Errorf("%s with status %d: got %+v and %v", name, status, got, err)
			}
		}
	}
}

func TestFetchRefusesAnotherInterval(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	for _, c := range []struct {
		asked market.Timeframe
		named any
		kind  string
		want  market.Outcome // "" for an answer
	}{
		{market.M5, "5m", "FUTURE", ""},
		{market.M5, "5M", "FUTURE", market.OutcomeOther}, // months to some
		{market.M5, nil, "FUTURE", ""},
		{market.M5, "", "FUTURE", ""},
		{market.H1, "1h", "FUTURE", ""},
		{market.H1, "60m", "FUTURE", ""},
		{market.M5, "1h", "FUTURE", market.OutcomeOther},
		{market.M5, "1m", "FUTURE", market.OutcomeOther},
		{market.M5, "1d", "EQUITY", market.OutcomeOther},
		{market.M5, "1d", "MUTUALFUND", market.OutcomeNever}, // which has nothing else, so that asking again does not help
		{market.M5, "1wk", "mutualfund", market.OutcomeNever},
		{market.M5, "1h", "MUTUALFUND", market.OutcomeOther},
		{market.D1, "1wk", "MUTUALFUND", market.OutcomeOther},
		{market.D1, "5d", "EQUITY", market.OutcomeOther},
		{market.D1, "nonsense", "EQUITY", market.OutcomeOther},
	} {
		for kind, rows := range map[string][]row{"one bar": every(now.Add(-2*time.Hour), 0, 1), "no rows": nil} {
			t.Run(fmt.Sprintf("%s %v %s %s", c.asked, c.named, c.kind, kind), func(t *testing.T) {
				t.Parallel()
				meta := map[string]any{"symbol": "ES=F", "instrumentType": c.kind, "dataGranularity": c.named}
				got, err := answered(t, question(t, c.asked, now), now, bodyOf(t, meta, rows))
				switch {
				case c.want == market.OutcomeOther:
					isOther(t, got, err, "ES=F "+string(c.asked), fmt.Sprint(c.named))
				case market.OutcomeOf(err) != c.want || c.want == "" && (err != nil || got.Rows != len(rows)):
					t.Errorf("got %+v and %v, want %q", got, err, c.want)
				}
			})
		}
	}
}

// TestFetchJudgesRows: rows at another interval are refused whatever the body claims; rows that only might be are taken. Those of
// a few times the interval that the body names are taken too, and the result says how they lie.
func TestFetchJudgesRows(t *testing.T) {
	t.Parallel()
	open, now := ny("2026-03-09 09:30"), ny("2026-03-12 16:30")
	night := ny("2026-03-08 18:00")
	live := row{at: ny("2026-03-12 16:00:04")}
	fewTimes := []string{"15m as 5m", "45m as 5m", "30m as 15m", "2m as 1m", "9m as 1m", "15m as 5m, padded", "2h as 1h"}
	for _, c := range []struct {
		name, instrument string
		timeframe        market.Timeframe
		rows             []row
		live             time.Time // of the last trade
		other            string    // "" for an answer that is taken
	}{
		{"5m", "AAPL", market.M5, every(open, 5*time.Minute, 78), time.Time{}, ""},
		{"1h as 5m", "AAPL", market.M5, every(open, time.Hour, 7), time.Time{}, "1h apart"},
		{"1h as 5m with the live row", "AAPL", market.M5, append(every(open, time.Hour, 7), row{at: ny("2026-03-09 16:00"), flat: true}), ny("2026-03-09 16:00"), "1h apart"},
		{"1h as 5m, padded", "ES", market.M5, append(every(night, time.Hour, 10), like(row{null: true}, every(night.Add(10*time.Hour), time.Hour, 20))...), time.Time{}, "1h apart"},
		{"15m as 5m", "AAPL", market.M5, every(open, 15*time.Minute, 26), time.Time{}, "15m apart"},
		{"45m as 5m", "AAPL", market.M5, every(open, 45*time.Minute, 9), time.Time{}, "45m0s apart"},
		{"50m as 5m", "AAPL", market.M5, every(open, 50*time.Minute, 7), time.Time{}, "50m0s apart"},
		{"9m as 1m", "ES", market.M1, every(night, 9*time.Minute, 40), time.Time{}, "9m0s apart"},
		{"10m as 1m", "ES", market.M1, every(night, 10*time.Minute, 40), time.Time{}, "10m0s apart"},
		{"15m as 2m, off its grid", "AAPL", market.M2, every(open, 15*time.Minute, 26), time.Time{}, "15m apart"},
		{"15m as 5m, padded", "ES", market.M5, append(every(night, 15*time.Minute, 10), like(row{null: true}, every(night.Add(150*time.Minute), 15*time.Minute, 20))...), time.Time{}, "15m apart"},
		{"2h as 1h", "ES", market.H1, every(night, 2*time.Hour, 10), time.Time{}, "2h apart"},
		{"30m as 15m", "AAPL", market.M15, every(open, 30*time.Minute, 13), time.Time{}, "30m apart"},
		{"2m as 1m", "AAPL", market.M1, every(open, 2*time.Minute, 100), time.Time{}, "2m apart"},
		{"1m as 5m", "AAPL", market.M5, every(open, time.Minute, 60), time.Time{}, "1m apart"},
		{"5m as 1h", "ES", market.H1, every(night, 5*time.Minute, 60), time.Time{}, "5m apart"},
		{"1d as 5m", "AAPL", market.M5, eachDay(open, 4), time.Time{}, "one row a day"},
		{"1d as 5m, the last one live", "AAPL", market.M5, append(eachDay(open, 2), live), live.at, "one row a day"},
		{"1d as 5m of a future", "ES", market.M5, eachDay(ny("2026-03-10 00:00"), 2), time.Time{}, "one row a day"},
		{"1d as 1h of a future, a half day among them", "ES", market.H1, []row{{at: ny("2026-03-10 00:00")}, {at: ny("2026-03-11 09:30")}}, time.Time{}, "one row a day"},
		{"1wk as 5m", "AAPL", market.M5, every(ny("2026-02-09 00:00"), 7*day, 4), time.Time{}, "one row a day"},
		{"1h as 1d", "AAPL", market.D1, every(open, time.Hour, 7), time.Time{}, "several rows a day"},
		{"4h as 1d", "AAPL", market.D1, append(append(every(open, 4*time.Hour, 2), every(open.Add(day), 4*time.Hour, 2)...), every(open.Add(2*day), 4*time.Hour, 2)...), time.Time{}, "several rows a day"},
		{"1wk as 1d", "AAPL", market.D1, every(ny("2026-02-09 00:00"), 7*day, 4), time.Time{}, "a week apart"},
		{"two weeks as 1d of a future", "ES", market.D1, every(ny("2026-02-09 00:00"), 7*day, 2), time.Time{}, "leave out sessions"},
		{"this week as 1d of a future, live", "ES", market.D1, []row{{at: ny("2026-03-09 00:00")}, live}, live.at, "leave out sessions"},
		{"a day of a future left out", "ES", market.D1, []row{{at: ny("2026-03-10 00:00")}, live}, live.at, ""},
		{"1mo as 1d", "AAPL", market.D1, []row{{at: ny("2025-10-01 00:00")}, {at: ny("2025-11-01 00:00")}, {at: ny("2025-12-01 00:00")}, {at: ny("2026-01-01 00:00")}}, time.Time{}, "a month apart"},
		{"3mo as 1d", "AAPL", market.D1, []row{{at: ny("2025-01-01 00:00")}, {at: ny("2025-04-01 00:00")}, {at: ny("2025-07-01 00:00")}, {at: ny("2025-10-01 00:00")}}, time.Time{}, "a quarter apart"},

		{"one row", "AAPL", market.M5, every(open, 0, 1), time.Time{}, ""},
		{"one row and the live one", "ES", market.M5, []row{{at: ny("2026-03-11 00:00")}, {at: ny("2026-03-11 14:12:37"), flat: true}}, ny("2026-03-11 14:12:37"), ""},
		{"only the live row", "ES", market.D1, []row{live}, live.at, ""},
		{"two days at the opening bell", "OCDO.L", market.M5, eachDay(ny("2026-03-09 04:00"), 2), time.Time{}, ""},
		{"one trade a day at the opening bell", "OCDO.L", market.M5, like(row{oneTrade: true}, eachDay(ny("2026-03-09 04:00"), 4)), time.Time{}, ""},
		{"one trade an hour", "OCDO.L", market.M5, like(row{oneTrade: true}, every(open, time.Hour, 7)), time.Time{}, ""},
		{"one bar a day, at any time", "OCDO.L", market.M5, []row{{at: open.Add(5 * time.Minute)}, {at: open.Add(day + time.Hour)}, {at: open.Add(2*day + 2*time.Hour)}}, time.Time{}, ""},
		{"two auctions a day", "OCDO.L", market.M5, append(every(open.Add(2*time.Hour), 4*time.Hour, 2), every(open.Add(2*time.Hour+day), 4*time.Hour, 2)...), time.Time{}, ""},
		{"few and far between", "OCDO.L", market.M5, append(every(open, time.Hour, 3), every(open.Add(3*time.Hour), 25*time.Minute, 3)...), time.Time{}, ""},
		{"every other bar", "OCDO.L", market.M15, every(open, 30*time.Minute, 6), time.Time{}, ""},
		{"four hours as 5m", "AAPL", market.M5, every(open, time.Hour, 4), time.Time{}, "1h apart"},
		{"hourly trades in a padded grid", "ES", market.M5, padded(night, 5*time.Minute, 12, 120), time.Time{}, ""},
		{"the last hour and a row after hours", "AAPL", market.H1, every(ny("2026-03-09 15:30"), 30*time.Minute, 2), time.Time{}, ""},
		{"ten days of 1h, each with a row after hours", "AAPL", market.H1, afterHours(ny("2026-02-23 09:30"), 10), time.Time{}, ""},
		{"a single trade at most openings", "OCDO.L", market.M5, append(like(row{oneTrade: true}, eachDay(ny("2026-02-23 03:00"), 5)), eachDay(ny("2026-03-02 03:00"), 4)...), time.Time{}, ""},
		{"two openings and the live row", "OCDO.L", market.M5, append(eachDay(open, 2), row{at: live.at, flat: true}), live.at, ""},
		{"two openings and the live row of the second day", "OCDO.L", market.M5, append(eachDay(open, 2), row{at: ny("2026-03-10 16:00:04")}), ny("2026-03-10 16:00:04"), ""},
		{"each row twice", "AAPL", market.M5, append(every(open, 5*time.Minute, 20), every(open, 5*time.Minute, 20)...), time.Time{}, ""},
		{"1h as 5m, each row also null", "AAPL", market.M5, append(like(row{null: true}, every(open, time.Hour, 7)), every(open, time.Hour, 7)...), time.Time{}, "1h apart"},
		{"1d as 5m, and the close", "AAPL", market.M5, append(eachDay(open, 3), row{at: ny("2026-03-12 16:00"), flat: true}), live.at, "one row a day"},
		{"1d with three days twice", "AAPL", market.D1, append(eachDay(ny("2026-02-23 09:30"), 10), eachDay(ny("2026-02-23 10:30"), 3)...), time.Time{}, ""},
		{"1d of a single trade a week", "OCDO.L", market.D1, like(row{oneTrade: true}, every(ny("2026-02-09 03:00"), 7*day, 5)), time.Time{}, ""},
		{"1d, later once a week", "OCDO.L", market.D1, append(eachDay(ny("2026-02-02 03:00"), 5), every(ny("2026-02-13 03:00"), 7*day, 3)...), time.Time{}, ""},
		{"1d of a future with two days left out", "ES", market.D1, append(eachDay(ny("2026-03-02 00:00"), 4), row{at: ny("2026-03-11 00:00")}), time.Time{}, ""},
		{"a weekend of 1d", "ES", market.D1, []row{{at: ny("2026-03-06 00:00")}, {at: ny("2026-03-09 14:00")}}, ny("2026-03-09 14:00"), ""},
		{"half day of 1h", "ES", market.H1, append(every(ny("2026-03-08 18:00"), time.Hour, 6), every(ny("2026-03-09 09:30"), time.Hour, 4)...), time.Time{}, ""},
		{"1h with rows after hours", "AAPL", market.H1, append(every(open, time.Hour, 7), every(ny("2026-03-09 16:00"), time.Hour, 4)...), time.Time{}, ""},
		{"1h around a lunch break", "0700.HK", market.H1, append(every(ny("2026-03-08 21:30"), time.Hour, 2), every(ny("2026-03-09 01:00"), time.Hour, 3)...), time.Time{}, ""},
		{"1d", "AAPL", market.D1, append(eachDay(open, 3), live), live.at, ""},
		{"1d with a day twice", "AAPL", market.D1, append(eachDay(open, 4), row{at: open.Add(time.Hour)}), time.Time{}, ""},
		{"1d of what is seldom traded", "OCDO.L", market.D1, every(ny("2026-02-09 03:00"), 7*day, 2), time.Time{}, ""},
	} {
		for _, claim := range []any{string(c.timeframe), nil} {
			t.Run(fmt.Sprint(c.name, " ", claim), func(t *testing.T) {
				t.Parallel()
				req := market.FetchRequest{
					Instrument: instrument(t, c.instrument), Timeframe: c.timeframe, Depth: market.Everything,
					Window: market.Window{From: ny("2024-01-01 00:00"), To: now},
				}
				meta := map[string]any{"exchangeTimezoneName": "America/New_York", "dataGranularity": claim}
				if !c.live.IsZero() {
					meta["regularMarketTime"] = c.live.Unix()
				}
				got, err := answered(t, req, now, bodyOf(t, meta, c.rows))
				sparse := ""
				if claim != nil && slices.Contains(fewTimes, c.name) {
					sparse = "rows lie " + c.other
				}
				if c.other != "" && sparse == "" {
					isOther(t, got, err, c.other, yahoo.Symbol(req.Instrument)+" "+string(c.timeframe))
				} else if err != nil || got.Rows != len(c.rows) || got.Sparse != sparse {
					t.Errorf("got %+v and %v, want the answer taken, and %q", got, err, sparse)
				}
			})
		}
	}
}

// afterHours are hourly rows of n weekdays and a row at each close.
func afterHours(from time.Time, n int) []row {
	var rows []row
	for _, r := range eachDay(from, n) {
		rows = append(append(rows, every(r.at, time.Hour, 7)...), row{at: r.at.Add(390 * time.Minute)})
	}
	return rows
}

// padded has n slots of which every nth is a row with prices.
func padded(from time.Time, step time.Duration, nth, n int) []row {
	rows := every(from, step, n)
	for i := range rows {
		rows[i].null = i%nth != 0
	}
	return rows
}

// TestASymbolWithoutIntradayBars is told by the ranges that it offers, whatever it is, also where the body names the interval
// that was asked for; rows of that interval are taken.
func TestASymbolWithoutIntradayBars(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	rows := every(now.Add(-2*time.Hour), 0, 1)
	for name, c := range map[string]struct {
		asked  market.Timeframe
		named  string
		ranges []string
		rows   []row
		want   market.Outcome
	}{
		"no rows":                 {market.M5, "5m", []string{"1mo", "1y", "max"}, nil, market.OutcomeNever},
		"days":                    {market.H1, "1d", []string{"1mo", "max"}, rows, market.OutcomeNever},
		"days, and a day's range": {market.H1, "1d", []string{"1d", "1mo"}, rows, market.OutcomeOther},
		"no rows in closed hours": {market.M5, "5m", []string{"1d", "5d", "max"}, nil, ""},
		"rows":                    {market.M5, "5m", []string{"1mo", "max"}, rows, ""},
		"days asked":              {market.D1, "1d", []string{"1mo", "max"}, rows, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			meta := map[string]any{"symbol": "ES=F", "instrumentType": "ECNQUOTE", "dataGranularity": c.named, "validRanges": c.ranges}
			got, err := answered(t, question(t, c.asked, now), now, bodyOf(t, meta, c.rows))
			if market.OutcomeOf(err) != c.want || c.want == "" && got == nil {
				t.Errorf("got %+v and %v, want %q", got, err, c.want)
			}
		})
	}
}
