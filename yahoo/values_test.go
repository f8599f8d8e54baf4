package yahoo_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo"
)

// flagged are the positions of the bars with a flag.
func flagged(bars *market.Candles, flag market.Flag) (at []int) {
	for i, f := range bars.Flags {
		if f&flag != 0 {
			at = append(at, i)
		}
	}
	return at
}

// TestZeroLow: two hours of a pair had a low of 0 (2018-07-26). They are kept, flagged, and get into no longer bar.
func TestZeroLow(t *testing.T) {
	t.Parallel()
	chart := sheet(t, "2018-07-26 15:00 | 0.6790 0.6792 0.6783 0.6785 0", "2018-07-26 16:00 | 0.6785 0.6785 0 0.6785 0",
		"2018-07-26 17:00 | 0.6786 0.6786 0 0.6783 0", "2018-07-26 18:00 | 0.6783 0.6788 0.6781 0.6785 0")
	chart.Meta.ExchangeTimezoneName = "Europe/London"
	w := market.Window{From: ny("2018-07-26 00:00"), To: ny("2018-07-28 00:00")}
	req := market.FetchRequest{Instrument: instrument(t, "NZDUSD=X"), Timeframe: market.H1, Window: w}
	got := chart.Closed(req, w, ny("2018-07-28 08:00"))
	if at := flagged(got.Candles, market.FlagImpossible); !slices.Equal(at, []int{1, 2}) || got.Candles.Len() != 4 || got.Impossible != 0 {
		t.Fatalf("of %q flagged are %v; %d left out", print(got.Candles), at, got.Impossible)
	}
	longer := market.Resample(got.Candles, market.H1, market.H4, req.Instrument.Calendar, ny("2018-07-28 08:00"))
	if longer.Len() != 1 || longer.Low[0] != 0.6781 || longer.Flags[0]&market.FlagIncomplete == 0 {
		t.Errorf("4h: %q", print(longer))
	}
}

// TestSingleZeros: a single 0 bears a flag where it is far from the prices beside it, in whichever column.
func TestSingleZeros(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, instrument string
		rows             []string
		want             []int
	}{
		{"each column", "AAPL", []string{"10", "0 11 9 10", "10 0 9 10", "10 11 0 10", "10 11 9 0", "10"}, upTo(1, 5)},
		{"several of a row", "BTC-USD", []string{"10", "0 11 0 10", "0 0 0 10", "10"}, []int{1, 2}},
		{"at the ends", "ES", []string{"10 11 0 10", "10", "10", "0 11 9 10"}, []int{0, 3}},
		{"alone", "AAPL", []string{"10 11 0 10"}, []int{0}},
		{"beside an impossible price", "AAPL", []string{"10", "1e308 1e308 0 10", "10 11 0 10", "-5", "10"}, []int{1, 2, 3}},
		{"four opens", "^GSPC", times(4, "0 102 99 101"), upTo(0, 4)},
		{"opens of decades", "^GSPC", times(9, "0 102 99 101"), nil},
		{"opens of a pair", "EURUSD=X", times(9, "0 1.2 1.1 1.15"), upTo(0, 9)},
		{"lows of an index", "^GSPC", times(9, "102 102 0 101"), upTo(0, 9)},
		{"oil at 0 on the way", "CL", []string{"1.1", "0.9 0.9 0 0.2", "0", "0 0.05 -0.3 -0.2", "-1.4"}, nil},
		{"a warrant", "AAPL", []string{"0.02", "0.01 0.01 0 0.01", "0.01"}, nil},
	} {
		got := closedDays(t, days(t, c.rows...), c.instrument)
		if at := flagged(got.Candles, market.FlagImpossible); !slices.Equal(at, c.want) || got.Candles.Len() != len(c.rows) {
			t.Errorf("%s: of %d rows kept are %d, flagged %v; want %v", c.name, len(c.rows), got.Candles.Len(), at, c.want)
		}
	}
}

// TestImpossiblePricesAreFlagged: what is judged in package market arrives with the last price, the currency and the splits of
// the answer; the row before the window is a neighbour too.
func TestImpossiblePricesAreFlagged(t *testing.T) {
	t.Parallel()
	steady := times(12, "10")
	for _, c := range []struct {
		name  string
		last  float64
		split bool
		rows  []string
		want  []int
	}{
		{name: "between others", rows: slices.Concat(steady, []string{"-5", "10", "10 1e308 10 10"}, steady), want: []int{12, 14}},
		{name: "at the end, by the last price", last: 10, rows: slices.Concat(steady, times(5, "1000")), want: upTo(12, 17)},
		{name: "at the end, believed by the last price", last: 1000, rows: slices.Concat(steady, times(5, "1000"))},
		{name: "across a split", split: true, rows: []string{"10", "10", "1", "10", "10"}, want: []int{2}},
		{name: "without a split", rows: []string{"10", "10", "1", "10", "10"}},
	} {
		chart := days(t, c.rows...)
		chart.Meta.RegularMarketPrice = c.last
		if n := chart.Len(); c.last != 0 {
			chart.Meta.RegularMarketTime = chart.TS[n-1] + 16*3600
		}
		if c.split {
			chart.Splits = []yahoo.Split{{Date: chart.TS[3], Numerator: 1, Denominator: 10}}
		}
		got := closedDays(t, chart, "AAPL")
		if at := flagged(got.Candles, market.FlagImpossible); !slices.Equal(at, c.want) || got.Candles.Len() != chart.Len() {
			t.Errorf("%s: kept %d of %d, flagged %v; want %v", c.name, got.Candles.Len(), chart.Len(), at, c.want)
		}
	}
	chart := days(t, "10", "1000", "10")
	w := market.Window{From: time.Unix(chart.TS[1], 0), To: time.Unix(chart.TS[2], 0)}
	req := market.FetchRequest{Instrument: instrument(t, "AAPL"), Timeframe: market.D1, Window: w}
	if got := chart.Closed(req, w, ny("2080-01-01 00:00")); got.Candles.Len() != 1 || got.Candles.Flags[0] != market.FlagImpossible {
		t.Errorf("by the rows outside the window: %+v", got.Candles)
	}
}

// TestOfTwoRowsTheBetterHolds: of rows of one bar the later holds, but not over one that says more or can be true.
func TestOfTwoRowsTheBetterHolds(t *testing.T) {
	t.Parallel()
	chart := sheet(t, "2026-03-10 14:00 | 10 10 10 10 5", "2026-03-10 14:05 | 11 12 11 11 5", "2026-03-10 14:05 | 1e9 1e9 1e9 1e9 5",
		"2026-03-10 14:10 | 12 12 12 12 7", "2026-03-10 14:10 | 12 12 12 12 0", "2026-03-10 14:15 | 12 12 12 12 0",
		"2026-03-10 14:15 | 12 13 12 12 0", "2026-03-10 14:20 | 12 12 12 12 5")
	want := []string{
		"2026-03-10 14:00:00 | 10 10 10 10 5", "2026-03-10 14:05:00 | 11 12 11 11 5", "2026-03-10 14:10:00 | 12 12 12 12 7",
		"2026-03-10 14:15:00 | 12 13 12 12 0", "2026-03-10 14:20:00 | 12 12 12 12 5",
	}
	w := window("2026-03-10 14:00", "2026-03-10 15:00")
	got := chart.Closed(market.FetchRequest{Instrument: instrument(t, "ES"), Timeframe: market.M5, Window: w}, w, ny("2026-03-10 20:00"))
	if !slices.Equal(print(got.Candles), want) {
		t.Errorf("kept %q, want %q", print(got.Candles), want)
	}
}

// TestRowsOffTheGrid: an intraday row that starts off the grid inside a session is no bar, wherever it is in the answer and
// whatever its values; rows on the grids that the provider really uses are bars.
func TestRowsOffTheGrid(t *testing.T) {
	t.Parallel()
	const bar, tick = " | 10 12 9 11 50", " | 11 11 11 11 0"
	for _, c := range []struct {
		name, instrument, zone string
		timeframe              market.Timeframe
		stamps, off            []string
	}{
		{name: "seconds", instrument: "ES", timeframe: market.M5, stamps: []string{"14:00", "14:05"}, off: []string{"14:02:30", "14:04:59", "14:07"}},
		{name: "the hour in a grid of half hours", instrument: "AAPL", timeframe: market.H1, stamps: []string{"09:30", "10:30", "15:30"}, off: []string{"10:00", "11:15"}},
		{name: "half hours in a grid of hours", instrument: "ES", timeframe: market.H1, stamps: []string{"09:00", "10:00"}, off: []string{"10:30"}},
		{name: "seconds of a minute", instrument: "AAPL", timeframe: market.M1, stamps: []string{"09:30", "09:31"}, off: []string{"09:31:40"}},
		{name: "a pair", instrument: "EURUSD=X", timeframe: market.M15, stamps: []string{"09:00", "09:15"}, off: []string{"09:10", "09:15:01"}},
		{name: "a coin", instrument: "BTC-USD", timeframe: market.H1, stamps: []string{"09:00", "10:00"}, off: []string{"09:30", "10:17"}},
		{name: "hours that are not known", instrument: "ABCD.QQ", timeframe: market.H1, stamps: []string{"09:15", "10:15", "11:30"}, off: []string{"10:17", "10:15:20"}},
		{name: "an opening at a quarter past", instrument: "TCS.NS", zone: "Asia/Kolkata", timeframe: market.H1, stamps: []string{"09:15", "10:15", "14:15", "15:15"}, off: []string{"11:00", "12:30"}},
		{name: "after a break as before it", instrument: "0700.HK", zone: "Asia/Hong_Kong", timeframe: market.H1, stamps: []string{"09:30", "10:30", "12:30", "13:30"}, off: []string{"11:00"}},
		{name: "anew after a break", instrument: "0700.HK", zone: "Asia/Hong_Kong", timeframe: market.H1, stamps: []string{"09:30", "10:30", "11:30", "13:00", "14:00"}, off: []string{"10:00"}},
		{name: "hours before the session", instrument: "AAPL", timeframe: market.M15, stamps: []string{"04:00", "09:15", "09:30"}, off: []string{"04:07", "09:20:20"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			all := slices.Concat(c.stamps, c.off)
			slices.Sort(all)
			for _, values := range []string{bar, tick} {
				var rows, want []string
				for _, s := range all {
					of := bar
					if slices.Contains(c.off, s) {
						of = values
					} else {
						want = append(want, "2026-03-10 "+s)
					}
					rows = append(rows, "2026-03-10 "+s+of)
				}
				chart, now := sheet(t, rows...), ny("2026-03-12 00:00")
				if c.zone != "" {
					chart.Meta.ExchangeTimezoneName = c.zone
					now = inZone(t, chart, c.zone, now)
				}
				closedMust(t, chart, c.instrument, c.timeframe, window("", ""), now, want, 0)
			}
		})
	}
}

// inZone moves a chart that was written in New York time to the same times of another zone.
func inZone(t *testing.T, chart *yahoo.Chart, name string, now time.Time) time.Time {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	move := func(at time.Time) time.Time {
		moved, err := time.ParseInLocation(time.DateTime, at.In(now.Location()).Format(time.DateTime), zone)
		if err != nil {
			t.Fatal(err)
		}
		return moved
	}
	for i, ts := range chart.TS {
		chart.TS[i] = move(time.Unix(ts, 0)).Unix()
	}
	return move(now)
}

// TestRowsAtTheClose: a single price without volume at the close is no bar, on its own day and later, once and twice; a row with
// values there is one, both days alike.
func TestRowsAtTheClose(t *testing.T) {
	t.Parallel()
	const bar, tick, print = " | 10 12 9 11 50", " | 11 11 11 11 0", " | 11 11 11 11 3"
	for _, c := range []struct {
		name, instrument string
		timeframe        market.Timeframe
		live             string
		rows, after      []string // after: of the next day
		want             []string
	}{
		{name: "once", instrument: "ES", timeframe: market.M5, live: "17:00", rows: []string{"16:50" + bar, "16:55" + bar, "17:00" + tick}, after: []string{"18:00" + bar}, want: []string{"16:50", "16:55"}},
		{name: "twice", instrument: "ES", timeframe: market.M5, live: "17:00", rows: []string{"16:55" + bar, "17:00" + tick, "17:00" + tick}, after: []string{"18:00" + bar}, want: []string{"16:55"}},
		{name: "at the last trade and at the close", instrument: "AAPL", timeframe: market.M5, live: "16:00:04", rows: []string{"15:55" + bar, "15:59:58" + tick, "16:00" + tick}, want: []string{"15:55"}},
		{name: "off the grid twice", instrument: "AAPL", timeframe: market.M1, live: "16:00:04", rows: []string{"15:59" + bar, "16:00:01" + tick, "16:00:04" + tick}, want: []string{"15:59"}},
		{name: "twice, with the last trade later", instrument: "AAPL", timeframe: market.H1, live: "16:00:04", rows: []string{"15:30" + bar, "16:00" + tick, "16:00" + tick}, want: []string{"15:30"}},
		{name: "of an hour that is not over, twice", instrument: "AAPL", timeframe: market.M5, live: "15:55", rows: []string{"15:50" + bar, "15:55" + bar, "15:55" + tick}, want: []string{"15:50", "15:55"}},
		{name: "with a volume", instrument: "ES", timeframe: market.H1, live: "17:00", rows: []string{"16:00" + bar, "17:00" + print}, after: []string{"18:00" + bar}, want: []string{"16:00", "17:00"}},
		{name: "with values", instrument: "AAPL", timeframe: market.M5, live: "16:00", rows: []string{"15:55" + bar, "16:00" + bar}, want: []string{"15:55", "16:00"}},
		{name: "of a pair on Friday", instrument: "EURUSD=X", timeframe: market.M5, live: "17:00", rows: []string{"16:55" + bar, "17:00" + tick}, want: []string{"16:55"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const day = "2026-03-13 " // a Friday
			var rows, want []string
			for _, r := range c.rows {
				rows = append(rows, day+r)
			}
			for _, w := range c.want {
				want = append(want, day+w)
			}
			chart := sheet(t, rows...)
			chart.Meta.RegularMarketTime = ny(day + c.live).Unix()
			today := closedMust(t, chart, c.instrument, c.timeframe, window("", ""), ny(day+"18:10"), want, 0)
			for i, b := range today.Candles.Flags {
				late := strings.HasSuffix(want[i], "17:00") || strings.HasSuffix(want[i], "16:00") && c.instrument == "AAPL"
				if off := b&market.FlagOffSession != 0; off != late {
					t.Errorf("the bar of %s bears flags %b", want[i], b)
				}
			}
			for _, r := range c.after {
				rows = append(rows, "2026-03-15 "+r)
				want = append(want, "2026-03-15 "+r[:5])
			}
			chart = sheet(t, rows...)
			chart.Meta.RegularMarketTime = ny("2026-03-17 11:00").Unix()
			closedMust(t, chart, c.instrument, c.timeframe, window("", ""), ny("2026-03-17 12:00"), want, 0)
		})
	}
}

// TestLiveDayTwice: the live row of a future's new session is left out, however often it is there.
func TestLiveDayTwice(t *testing.T) {
	t.Parallel()
	const bar, next = " | 10 12 9 11 50", " | 11 11 11 11 0"
	for name, rows := range map[string][]string{
		"one stamp":  {"2026-03-09 00:00" + bar, "2026-03-10 00:00" + bar, "2026-03-10 18:31:07" + next, "2026-03-10 18:31:07" + next},
		"two stamps": {"2026-03-09 00:00" + bar, "2026-03-10 00:00" + bar, "2026-03-10 18:31:01" + next, "2026-03-10 18:31:07" + next},
	} {
		chart := sheet(t, rows...)
		chart.Meta.RegularMarketTime, chart.Meta.RegularMarketPrice = ny("2026-03-10 18:31:07").Unix(), 11
		got := closedMust(t, chart, "ES", market.D1, window("", ""), ny("2026-03-10 18:40"), []string{"2026-03-09 00:00", "2026-03-10 00:00"}, 0)
		if got.Candles.High[1] != 12 {
			t.Errorf("%s: the day is %q", name, print(got.Candles))
		}
	}
}

// TestLiveRowsAMomentApart: the live row is there twice, on the grid of an open session and a second later.
func TestLiveRowsAMomentApart(t *testing.T) {
	t.Parallel()
	chart := sheet(t, "2026-03-13 16:35 | 10 12 9 11 50", "2026-03-13 16:40 | 11 11 11 11 0", "2026-03-13 16:40:01 | 11 11 11 11 0")
	chart.Meta.RegularMarketTime = ny("2026-03-13 16:40").Unix()
	closedMust(t, chart, "ES", market.M5, window("", ""), ny("2026-03-13 18:10"), []string{"2026-03-13 16:35"}, 0)
}
