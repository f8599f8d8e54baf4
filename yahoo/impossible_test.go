package yahoo_test

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/yahoo"
)

// days makes a row for each of the given values from 2 March 2026 on, a trading day each: "o h l c", or one price for all four.
func days(tb testing.TB, values ...string) *yahoo.Chart {
	tb.Helper()
	day, rows := ny("2026-03-02 00:00"), []string{}
	for _, v := range values {
		var p [4]float64
		if n, _ := fmt.Sscan(v, &p[0], &p[1], &p[2], &p[3]); n == 1 {
			p[1], p[2], p[3] = p[0], p[0], p[0]
		}
		rows = append(rows, fmt.Sprintf("%s | %v %v %v %v 5", day.Format("2006-01-02 15:04"), p[0], p[1], p[2], p[3]))
		day = day.AddDate(0, 0, 1)
		for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday || day.Equal(ny("2026-04-03 00:00")) { // Good Friday
			day = day.AddDate(0, 0, 1)
		}
	}
	return sheet(tb, rows...)
}

// times repeats values.
func times(n int, values ...string) (all []string) {
	for range n {
		all = append(all, values...)
	}
	return all
}

// closedDays applies the row rules to all rows of a daily chart, long after it.
func closedDays(tb testing.TB, chart *yahoo.Chart, name string) *market.FetchResult {
	tb.Helper()
	w := market.Window{From: time.Unix(slices.Min(chart.TS), 0).AddDate(0, 0, -2), To: time.Unix(slices.Max(chart.TS), 0).AddDate(0, 0, 2)}
	req := market.FetchRequest{Instrument: instrument(tb, name), Timeframe: market.D1, Window: w, Depth: market.Everything}
	return chart.Closed(req, w, ny("2080-01-01 00:00"))
}

func TestImpossibleZeros(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, instrument string
		rows             []string
		last             float64 // meta.regularMarketPrice
		impossible       []int   // positions of the rows that are left out
	}{
		{name: "a row of zeros", instrument: "AAPL", rows: []string{"187", "188", "0", "189"}, impossible: []int{2}},
		{name: "a pair", instrument: "NZDUSD=X", rows: []string{
			"0.679 0.6792 0.6783 0.6785", "0", "0", "0.6783 0.6788 0.6781 0.6785",
		}, impossible: []int{1, 2}},
		{name: "a low of 0 is kept", instrument: "NZDUSD=X", rows: []string{"0.679 0.6792 0.6783 0.6785", "0.6785 0.6785 0 0.6785", "0.6783"}},
		{name: "an open of 0, row after row, as of old indices", instrument: "^GSPC", rows: times(9, "0 102 99 101")},
		{name: "the first row and the last", instrument: "AAPL", rows: []string{"0", "187", "188", "0"}, impossible: []int{0, 3}},
		{
			name: "a long run between prices", instrument: "AAPL",
			rows: slices.Concat([]string{"187", "188"}, times(40, "0"), []string{"188", "189"}), impossible: upTo(2, 42),
		},
		{
			name: "zeros before the first price", instrument: "AAPL",
			rows: slices.Concat(times(40, "0"), []string{"188", "189"}), impossible: upTo(0, 40),
		},
		{name: "zeros at the end for some days", instrument: "AAPL", rows: []string{"2.5", "2.4", "0", "0", "0"}, impossible: []int{2, 3, 4}},
		{
			name: "zeros at the end for weeks, while the last price is another", instrument: "AAPL", last: 2.4,
			rows: slices.Concat([]string{"2.5", "2.4"}, times(30, "0")), impossible: upTo(2, 32),
		},
		{name: "nothing but zeros, while the last price is another", instrument: "AAPL", last: 187, rows: times(5, "0"), impossible: upTo(0, 5)},
		{name: "beside a split that is not adjusted", instrument: "AAPL", rows: []string{"200", "201", "100", "0", "101", "99"}, impossible: []int{3}},
		{name: "a coin of many digits", instrument: "SHIB-USD", rows: []string{"0.0000121", "0.0000118", "0", "0.0000122"}, impossible: []int{2}},

		{name: "oil below 0", instrument: "CL", rows: []string{"18.27", "17.73 17.85 -40.32 -37.63", "-14 13.86 -16.74 10.01", "10.01 15 10 13.78"}},
		{name: "oil at 0 on the way", instrument: "CL", rows: []string{"1.1", "0.9 0.9 0 0.2", "0", "0 0.05 -0.3 -0.2", "-1.4"}},
		{name: "oil through 0 in great steps", instrument: "CL", rows: []string{"20", "18 18 0 17", "-19", "-20"}},
		{name: "oil that rests beside 0", instrument: "CL", rows: []string{"0.3", "0.3 0.3 0 0.3", "0.3", "0.31"}},
		{name: "oil that touches 0 from below", instrument: "CL", rows: []string{"-5", "-3 0 -4 -1", "-2", "-4"}},
		{name: "a fall to 0", instrument: "AAPL", rows: []string{"5", "4", "1.2", "0.4", "0", "0"}},
		{name: "a warrant", instrument: "AAPL", rows: []string{"0.02", "0.01", "0.01", "0", "0", "0.01", "0", "0", "0"}},
		{name: "a right that is over", instrument: "AAPL", rows: slices.Concat([]string{"2.5", "2.4"}, times(30, "0"))},
		{name: "nothing but zeros", instrument: "AAPL", rows: times(5, "0")},
		{name: "nothing but zeros, and a last price of a cent", instrument: "AAPL", last: 0.01, rows: times(5, "0")},
		{name: "a rate near 0", instrument: "^IRX", rows: []string{"0.04", "0.013", "0.005", "0", "-0.005", "0.003", "0", "0.018"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			chart := days(t, c.rows...)
			chart.Meta.RegularMarketPrice = c.last
			got := closedDays(t, chart, c.instrument)
			var kept, left []int64
			for i, ts := range chart.TS {
				if slices.Contains(c.impossible, i) {
					left = append(left, ts)
				} else {
					kept = append(kept, ts)
				}
			}
			// The keys of a calendar in another zone are other instants of the same days.
			if got.Impossible != len(left) || got.Dropped != len(left) || got.Candles.Len() != len(kept) {
				t.Fatalf("%d impossible, %d dropped, kept\n%q\nwant %d of %d left out", got.Impossible, got.Dropped, print(got.Candles),
					len(left), len(c.rows))
			}
			if c.instrument == "AAPL" && (!slices.Equal(got.Candles.TS, kept) || !slices.Equal(got.ImpossibleBars, left)) {
				t.Errorf("kept %q, impossible %q; want %q and %q", stamps(got.Candles.TS), stamps(got.ImpossibleBars), stamps(kept), stamps(left))
			}
		})
	}
}

// upTo lists the numbers from one to another, which is not among them.
func upTo(from, to int) (all []int) {
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

// TestImpossibleRowBesideARealOne: of two rows of one bar the one that can be true holds, whichever comes later.
func TestImpossibleRowBesideARealOne(t *testing.T) {
	t.Parallel()
	chart := sheet(t, "2026-03-10 14:00 | 10 10 10 10 5", "2026-03-10 14:05 | 11 11 11 11 5", "2026-03-10 14:05 | 0 0 0 0 0",
		"2026-03-10 14:10 | 0 0 0 0 0", "2026-03-10 14:10 | 12 12 12 12 5", "2026-03-10 14:15 | 0 0 0 0 5", "2026-03-10 14:20",
		"2026-03-10 14:25 | 12 12 12 12 5")
	w := window("2026-03-10 14:00", "2026-03-10 14:30")
	got := chart.Closed(market.FetchRequest{Instrument: instrument(t, "ES"), Timeframe: market.M5, Window: w}, w, ny("2026-03-10 20:00"))
	want := []string{"2026-03-10 14:00", "2026-03-10 14:05", "2026-03-10 14:10", "2026-03-10 14:25"}
	if !slices.Equal(stamps(got.Candles.TS), want) || got.Candles.Open[1] != 11 || got.Candles.Open[2] != 12 {
		t.Errorf("kept %q, want %q", print(got.Candles), want)
	}
	if got.Impossible != 3 || got.Dropped != 3 || got.Null != 1 {
		t.Errorf("impossible %d, dropped %d, null %d; want 3, 3, 1", got.Impossible, got.Dropped, got.Null)
	}
	if !slices.Equal(stamps(got.ImpossibleBars), []string{"2026-03-10 14:15"}) ||
		!slices.Equal(stamps(got.NullBars), []string{"2026-03-10 14:20"}) || len(got.AbsentBars) != 0 {
		t.Errorf("impossible %q, null %q, absent %q", stamps(got.ImpossibleBars), stamps(got.NullBars), stamps(got.AbsentBars))
	}
}

// TestImpossibleCountsTheWindowAlone: what lies outside, or is not over, is neither a bar nor impossible.
func TestImpossibleCountsTheWindowAlone(t *testing.T) {
	t.Parallel()
	chart := sheet(t, "2026-03-10 14:00 | 0 0 0 0 0", "2026-03-10 14:05 | 11 11 11 11 5", "2026-03-10 14:10 | 0 0 0 0 0",
		"2026-03-10 14:15 | 11 11 11 11 5", "2026-03-10 14:20 | 0 11 11 11 5")
	w := window("2026-03-10 14:05", "2026-03-10 14:30")
	got := chart.Closed(market.FetchRequest{Instrument: instrument(t, "ES"), Timeframe: market.M5, Window: w}, w, ny("2026-03-10 14:21"))
	if got.Impossible != 1 || got.Dropped != 3 || !slices.Equal(stamps(got.ImpossibleBars), []string{"2026-03-10 14:10"}) {
		t.Errorf("impossible %d %q, dropped %d", got.Impossible, stamps(got.ImpossibleBars), got.Dropped)
	}
}

// TestZerosLaws spoils random prices far from 0: what was spoilt is left out and nothing else is. A walk through 0 loses nothing.
func TestZerosLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"AAPL", "CL", "EURUSD=X", "BTC-USD", "^GSPC"}).Draw(rt, "instrument")
		price := rapid.Float64Range(2, 90_000).Draw(rt, "price")
		chart, spoilt := &yahoo.Chart{Meta: yahoo.Meta{ExchangeTimezoneName: "America/New_York"}}, 0
		sound := rapid.IntRange(0, 59).Draw(rt, "sound")
		for i := range rapid.IntRange(60, 80).Draw(rt, "rows") {
			price *= 1 + rapid.Float64Range(-0.006, 0.006).Draw(rt, "move")
			p := [4]float64{price, price * 1.01, price * 0.99, price * 1.005}
			if rapid.IntRange(0, 2).Draw(rt, "zeros if 0") == 0 && i != sound {
				spoilt++
				p = [4]float64{}
			}
			addRow(chart, ny("2026-03-02 00:00").AddDate(0, 0, i), p)
			chart.Meta.RegularMarketPrice = price
		}
		got := closedDays(t, chart, name)
		if got.Impossible != spoilt || got.Rows-got.Dropped != got.Candles.Len() {
			rt.Fatalf("%d of %d rows are impossible, want %d", got.Impossible, got.Rows, spoilt)
		}
		for i := range got.Candles.Len() {
			if b := got.Candles.At(i); b.Open*b.High*b.Low*b.Close == 0 {
				rt.Fatalf("kept %+v", b)
			}
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		cents := rapid.IntRange(-300, 300).Draw(rt, "cents")
		chart := &yahoo.Chart{Meta: yahoo.Meta{ExchangeTimezoneName: "America/New_York"}}
		for i := range rapid.IntRange(1, 80).Draw(rt, "rows") {
			from := cents
			cents += rapid.IntRange(-20, 20).Draw(rt, "move")
			high, low := max(from, cents)+rapid.IntRange(0, 9).Draw(rt, "above"), min(from, cents)-rapid.IntRange(0, 9).Draw(rt, "below")
			price := func(cents int) float64 { return float64(float32(cents) / 100) }
			addRow(chart, ny("2026-03-02 00:00").AddDate(0, 0, i), [4]float64{price(from), price(high), price(low), price(cents)})
		}
		if got := closedDays(t, chart, "CL"); got.Impossible != 0 || got.Candles.Len() != chart.Len() {
			rt.Fatalf("of a walk through 0 %d of %d rows are impossible", got.Impossible, got.Rows)
		}
	})
}

// addRow adds a row of open, high, low and close.
func addRow(chart *yahoo.Chart, start time.Time, p [4]float64) {
	chart.TS = append(chart.TS, start.Unix())
	chart.Open, chart.High = append(chart.Open, p[0]), append(chart.High, p[1])
	chart.Low, chart.Close = append(chart.Low, p[2]), append(chart.Close, p[3])
	chart.Volume = append(chart.Volume, 5)
}

// TestNoRecordedRowIsImpossible holds the rule to everything that was recorded: nothing is lost. Then each recorded row in turn
// becomes 0: the row is left out, but where the instrument trades at a few cents or fell threefold nearby.
func TestNoRecordedRowIsImpossible(t *testing.T) {
	t.Parallel()
	rows, spoilt, believed := 0, 0, map[string]int{}
	for name, chart := range recordedCharts(t) {
		of := cmp.Or(chart.Meta.Symbol, "AAPL")
		if got := closedDays(t, chart, of); got.Impossible != 0 {
			t.Errorf("%s: %d rows of %d are impossible: %q", name, got.Impossible, got.Rows, stamps(got.ImpossibleBars))
		}
		for i := range chart.TS {
			if !chart.Full(i) {
				continue
			}
			if rows++; chart.Len() > 1000 && i%37 != 0 {
				continue // of long ones a part is enough
			}
			lo, hi := max(0, i-20), min(chart.Len(), i+21)
			part := &yahoo.Chart{
				Meta: chart.Meta, TS: chart.TS[lo:hi], Open: slices.Clone(chart.Open[lo:hi]), High: slices.Clone(chart.High[lo:hi]),
				Low: slices.Clone(chart.Low[lo:hi]), Close: slices.Clone(chart.Close[lo:hi]),
			}
			part.Open[i-lo], part.High[i-lo], part.Low[i-lo], part.Close[i-lo] = 0, 0, 0, 0
			if spoilt++; closedDays(t, part, of).Impossible != 1 {
				believed[name]++
			}
		}
	}
	t.Logf("%d recorded rows, none impossible; of %d that were made 0 these are believed: %v", rows, spoilt, believed)
	// The origin cut 59 years out of IBM's body, which stood at 7 and at 120, a row apart; ADH's have one row and no last price.
	if !maps.Equal(believed, map[string]int{
		"IBM-1d-19620102-n10-612488.json": 6, "ADH-1d-20200102-n1-27cfe0.json": 1, "ADH-1d-20200102-n1-93fe6f.json": 1,
	}) {
		t.Errorf("believed are %v", believed)
	}
	if rows < 100_000 {
		t.Errorf("only %d rows were recorded: too few to prove anything", rows)
	}
}

// recordedCharts are all recorded answers with rows, and the recorded bars in the form of one, by their file's name.
func recordedCharts(t *testing.T) map[string]*yahoo.Chart {
	t.Helper()
	all := map[string]*yahoo.Chart{}
	for _, folder := range []string{"chart", "chart-trimmed"} {
		for name, body := range bodies(t, folder) {
			chart, err := yahoo.Decode(body)
			if err == nil && chart.Len() > 0 && chart.Failed == (yahoo.Failure{}) {
				all[name] = chart
			}
		}
	}
	for name, text := range bodies(t, "bars") {
		all[name] = chartOfCSV(t, name, text)
	}
	return all
}

// chartOfCSV reads recorded bars: ts, open, high, low, close, volume, under the name ES_5m_....csv.
func chartOfCSV(t *testing.T, name string, text []byte) *yahoo.Chart {
	t.Helper()
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	parts := strings.Split(strings.TrimSuffix(name, ".csv"), "_")
	chart := &yahoo.Chart{Meta: yahoo.Meta{
		Symbol: parts[0] + "=F", DataGranularity: strings.Replace(parts[1], "60m", "1h", 1), ExchangeTimezoneName: "America/New_York",
	}}
	for _, cells := range lines[1:] {
		var v [6]float64
		for k := range v {
			if v[k], err = strconv.ParseFloat(cells[k], 64); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		addRow(chart, time.Unix(int64(v[0]), 0), [4]float64(v[1:5]))
		chart.Volume[chart.Len()-1] = int64(v[5])
	}
	return chart
}
