package yahoo_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/yahoo"
)

// ny reads "2026-03-10 14:05[:07]" as New York time.
func ny(text string) time.Time {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	if len(text) == len("2026-03-10 14:05") {
		text += ":00"
	}
	t, err := time.ParseInLocation(time.DateTime, text, zone)
	if err != nil {
		panic(err)
	}
	return t
}

func instrument(tb testing.TB, name string) market.Instrument {
	tb.Helper()
	i, err := yahoo.Resolve(name)
	if err != nil {
		tb.Fatal(err)
	}
	return i
}

// sheet reads rows "2026-03-10 14:05 | o h l c v" with null for a null price and nothing but a stamp for a null row;
// the last column may be null.
func sheet(tb testing.TB, rows ...string) *yahoo.Chart {
	tb.Helper()
	chart := &yahoo.Chart{Meta: yahoo.Meta{ExchangeTimezoneName: "America/New_York"}}
	for _, r := range rows {
		stamp, values, _ := strings.Cut(r, "|")
		cells := strings.Fields(values)
		if len(cells) == 0 {
			cells = []string{"null", "null", "null", "null", "null"}
		}
		read := func(i int) float64 {
			if cells[i] == "null" {
				return math.NaN()
			}
			var f float64
			if _, err := fmt.Sscan(cells[i], &f); err != nil {
				tb.Fatalf("row %q: %v", r, err)
			}
			return f
		}
		volume := yahoo.NullVolume
		if cells[4] != "null" {
			volume = int64(read(4))
		}
		chart.TS = append(chart.TS, ny(strings.TrimSpace(stamp)).Unix())
		chart.Open, chart.High = append(chart.Open, read(0)), append(chart.High, read(1))
		chart.Low, chart.Close = append(chart.Low, read(2)), append(chart.Close, read(3))
		chart.Volume = append(chart.Volume, volume)
	}
	return chart
}

// print is the sheet of candles, in New York time.
func print(c *market.Candles) []string {
	lines := []string{}
	for i := range c.Len() {
		b := c.At(i)
		lines = append(lines, fmt.Sprintf("%s | %g %g %g %g %d", b.Start.In(ny("2026-01-01 00:00").Location()).Format("2006-01-02 15:04:05"),
			b.Open, b.High, b.Low, b.Close, b.Volume))
	}
	return lines
}

func TestClosedIntraday(t *testing.T) {
	t.Parallel()
	bar := " | 10 12 9 11 50"
	tick := " | 11 11 11 11 0"
	for _, c := range []struct {
		name, instrument, live, from, to, now string
		timeframe                             market.Timeframe
		rows, want                            []string
		null                                  int
	}{
		{
			name: "live row off the grid", instrument: "ES", timeframe: market.M5, live: "2026-03-10 14:12:37", now: "2026-03-10 14:12:50",
			rows: []string{"2026-03-10 14:00" + bar, "2026-03-10 14:05" + bar, "2026-03-10 14:10" + bar, "2026-03-10 14:12:37" + tick},
			want: []string{"2026-03-10 14:00", "2026-03-10 14:05"},
		},
		{
			name: "live row after a null slot", instrument: "ES", timeframe: market.M5, live: "2026-03-10 14:12:37", now: "2026-03-10 14:16:00",
			rows: []string{"2026-03-10 14:05" + bar, "2026-03-10 14:10", "2026-03-10 14:12:37" + tick},
			want: []string{"2026-03-10 14:05"}, null: 1,
		},
		{
			name: "live row exactly on the close", instrument: "ES", timeframe: market.M5, live: "2026-03-10 17:00", now: "2026-03-10 17:30",
			rows: []string{"2026-03-10 16:50" + bar, "2026-03-10 16:55", "2026-03-10 17:00" + tick},
			want: []string{"2026-03-10 16:50"}, null: 1,
		},
		{
			name: "live row on the close, last trade seconds later", instrument: "AAPL", timeframe: market.M1, live: "2026-03-10 16:00:04",
			now:  "2026-03-10 18:00",
			rows: []string{"2026-03-10 15:58" + bar, "2026-03-10 15:59" + bar, "2026-03-10 16:00" + tick},
			want: []string{"2026-03-10 15:58", "2026-03-10 15:59"},
		},
		{
			name: "live row on the close of an hourly series", instrument: "AAPL", timeframe: market.H1, live: "2026-03-10 16:00:04",
			now:  "2026-03-10 18:00",
			rows: []string{"2026-03-10 14:30" + bar, "2026-03-10 15:30" + bar, "2026-03-10 16:00" + tick},
			want: []string{"2026-03-10 14:30", "2026-03-10 15:30"},
		},
		{
			name: "live row with null padding behind it", instrument: "ES", timeframe: market.M5, live: "2026-03-10 14:12:37",
			now:  "2026-03-10 15:00",
			rows: []string{"2026-03-10 14:05" + bar, "2026-03-10 14:12:37" + tick, "2026-03-10 14:15"},
			want: []string{"2026-03-10 14:05"}, null: 1,
		},
		{
			name: "a flat bar without volume inside the session is real", instrument: "ES", timeframe: market.M5, live: "2026-03-10 14:21:00",
			now:  "2026-03-10 14:30",
			rows: []string{"2026-03-10 14:05" + bar, "2026-03-10 14:10" + tick},
			want: []string{"2026-03-10 14:05", "2026-03-10 14:10"},
		},
		{
			name: "a bar beginning at the last trade is unfinished", instrument: "ES", timeframe: market.M5, live: "2026-03-10 14:10",
			now:  "2026-03-10 14:20",
			rows: []string{"2026-03-10 14:05" + bar, "2026-03-10 14:10" + bar},
			want: []string{"2026-03-10 14:05"},
		},
		{
			name: "a bar beginning at the last trade is real once rows follow", instrument: "ES", timeframe: market.M5,
			live: "2026-03-10 14:10", now: "2026-03-10 14:20",
			rows: []string{"2026-03-10 14:05" + bar, "2026-03-10 14:10" + bar, "2026-03-10 14:15"},
			want: []string{"2026-03-10 14:05", "2026-03-10 14:10"}, null: 1,
		},
		{
			name: "a bar beginning at the last trade is real once the session closed", instrument: "ES", timeframe: market.M5,
			live: "2026-03-10 16:55", now: "2026-03-10 17:00",
			rows: []string{"2026-03-10 16:50" + bar, "2026-03-10 16:55" + bar},
			want: []string{"2026-03-10 16:50", "2026-03-10 16:55"},
		},
		{
			name: "a real bar in closed hours, in the middle", instrument: "ES", timeframe: market.H1, live: "2026-03-11 01:20:00",
			now:  "2026-03-11 01:20:05",
			rows: []string{"2026-03-10 16:00" + bar, "2026-03-10 17:00" + bar, "2026-03-10 18:00" + bar, "2026-03-11 01:20:00" + tick},
			want: []string{"2026-03-10 16:00", "2026-03-10 17:00", "2026-03-10 18:00"},
		},
		{
			name: "a real bar in closed hours, at the end", instrument: "ES", timeframe: market.H1, live: "2026-03-11 01:20:00",
			now:  "2026-03-11 01:20:05",
			rows: []string{"2026-03-10 16:00" + bar, "2026-03-10 17:00" + bar},
			want: []string{"2026-03-10 16:00", "2026-03-10 17:00"},
		},
		{
			name: "half-day hours off the hour grid", instrument: "ES", timeframe: market.H1, live: "2026-05-25 12:59:58", now: "2026-05-25 13:00",
			rows: []string{"2026-05-25 09:30" + bar, "2026-05-25 10:30" + bar, "2026-05-25 11:30" + bar, "2026-05-25 12:30" + bar},
			want: []string{"2026-05-25 09:30", "2026-05-25 10:30", "2026-05-25 11:30", "2026-05-25 12:30"},
		},
		{
			name: "half-day bar before the early close", instrument: "ES", timeframe: market.H1, live: "2026-05-25 12:59:57", now: "2026-05-25 12:59:59",
			rows: []string{"2026-05-25 11:30" + bar, "2026-05-25 12:30" + bar},
			want: []string{"2026-05-25 11:30"},
		},
		{
			name: "the session's last hour ends with the session", instrument: "AAPL", timeframe: market.H1, live: "2026-03-10 15:59:59",
			now:  "2026-03-10 16:00",
			rows: []string{"2026-03-10 14:30" + bar, "2026-03-10 15:30" + bar},
			want: []string{"2026-03-10 14:30", "2026-03-10 15:30"},
		},
		{
			name: "unfinished to the second", instrument: "ES", timeframe: market.M5, live: "2026-03-10 14:09:58", now: "2026-03-10 14:09:59",
			rows: []string{"2026-03-10 14:00" + bar, "2026-03-10 14:05" + bar},
			want: []string{"2026-03-10 14:00"},
		},
		{
			name: "window is half open, and period2 returns a bar too many", instrument: "ES", timeframe: market.M5,
			from: "2026-03-10 14:05", to: "2026-03-10 14:15", now: "2026-03-10 17:00",
			rows: []string{"2026-03-10 14:00" + bar, "2026-03-10 14:05" + bar, "2026-03-10 14:10" + bar, "2026-03-10 14:15" + bar},
			want: []string{"2026-03-10 14:05", "2026-03-10 14:10"},
		},
		{
			name: "nulls of any price, and of the volume alone", instrument: "ES", timeframe: market.M5, now: "2026-03-10 17:00",
			rows: []string{
				"2026-03-10 14:00 | null 1 1 1 1", "2026-03-10 14:05 | 1 null 1 1 1", "2026-03-10 14:10 | 1 1 null 1 1",
				"2026-03-10 14:15 | 1 1 1 null 1", "2026-03-10 14:20 | 1 1 1 1 null", "2026-03-10 14:25 | 1 1 1 1 5",
			},
			want: []string{"2026-03-10 14:20", "2026-03-10 14:25"}, null: 4,
		},
		{
			name: "everything is null", instrument: "ES", timeframe: market.M5, now: "2026-03-10 17:00",
			rows: []string{"2026-03-10 14:00", "2026-03-10 14:05"}, want: nil, null: 2,
		},
		{
			name: "unordered and repeated rows", instrument: "ES", timeframe: market.M5, now: "2026-03-10 17:00",
			rows: []string{"2026-03-10 14:05" + bar, "2026-03-10 14:00" + bar, "2026-03-10 14:05" + bar, "2026-03-10 14:00" + bar},
			want: []string{"2026-03-10 14:00", "2026-03-10 14:05"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			chart := sheet(t, c.rows...)
			if c.live != "" {
				chart.Meta.RegularMarketTime = ny(c.live).Unix()
			}
			closedMust(t, chart, c.instrument, c.timeframe, window(c.from, c.to), ny(c.now), c.want, c.null)
		})
	}
}

// window reads bounds in New York time; empty ones lie beyond every bar of 2025 and 2026.
func window(from, to string) market.Window {
	w := market.Window{From: ny("2025-06-01 00:00"), To: ny("2100-01-01 00:00")}
	if from != "" {
		w.From = ny(from)
	}
	if to != "" {
		w.To = ny(to)
	}
	return w
}

// closedMust applies the row rules and compares the kept stamps and the counts.
func closedMust(t *testing.T, chart *yahoo.Chart, name string, timeframe market.Timeframe, w market.Window, now time.Time,
	want []string, null int,
) *market.FetchResult {
	t.Helper()
	req := market.FetchRequest{Instrument: instrument(t, name), Timeframe: timeframe, Window: w, Depth: market.Everything}
	got := chart.Closed(req, w, now)
	var stamps []string
	for _, ts := range got.Candles.TS {
		stamps = append(stamps, time.Unix(ts, 0).In(now.Location()).Format("2006-01-02 15:04"))
	}
	if !slices.Equal(stamps, want) {
		t.Errorf("kept %q, want %q", stamps, want)
	}
	if got.Null != null || got.Rows != chart.Len() || got.Dropped != chart.Len()-null-len(want) {
		t.Errorf("rows %d, null %d, dropped %d; want %d, %d, %d", got.Rows, got.Null, got.Dropped, chart.Len(), null,
			chart.Len()-null-len(want))
	}
	if err := got.Candles.Check(); err != nil {
		t.Error(err)
	}
	return got
}

// TestClosedLastWins: a repeated stamp takes the later row.
func TestClosedLastWins(t *testing.T) {
	t.Parallel()
	chart := sheet(t, "2026-03-10 14:05 | 1 1 1 1 1", "2026-03-10 14:00 | 2 2 2 2 2", "2026-03-10 14:05 | 3 3 3 3 3")
	got := closedMust(t, chart, "ES", market.M5, window("", ""), ny("2026-03-10 17:00"),
		[]string{"2026-03-10 14:00", "2026-03-10 14:05"}, 0)
	if got.Candles.Open[1] != 3 {
		t.Errorf("kept open %v of the repeated bar, want 3", got.Candles.Open[1])
	}
}

// TestClosedCorrectsNothing: odd prices are kept and flagged, a null volume is told from zero.
func TestClosedCorrectsNothing(t *testing.T) {
	t.Parallel()
	chart := sheet(t, "2020-04-20 00:00 | 17.73 17.85 -40.32 -37.63 247947", "2020-04-21 00:00 | 30 20 10 15 0", "2020-04-22 00:00 | 10 20 5 15 null")
	got := closedMust(t, chart, "CL", market.D1, window("2020-01-01 00:00", ""), ny("2020-05-01 00:00"),
		[]string{"2020-04-20 00:00", "2020-04-21 00:00", "2020-04-22 00:00"}, 0)
	bars := got.Candles
	if bars.Close[0] != -37.63 || bars.Flags[0]&market.FlagNegative == 0 {
		t.Errorf("negative close kept as %v with flags %b", bars.Close[0], bars.Flags[0])
	}
	if bars.Open[1] != 30 || bars.High[1] != 20 || bars.Flags[1]&market.FlagOutside == 0 {
		t.Errorf("open outside high and low kept as %+v", bars.At(1))
	}
	if bars.Volume[1] != 0 || bars.Volume[2] != market.NoVolume {
		t.Errorf("volumes %v, want 0 and NoVolume", bars.Volume[1:])
	}
}

func TestClosedRecordings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, instrument string
		timeframe        market.Timeframe
		now              time.Time
		rows, null, kept int
	}{
		{"chart/ES=F-1d-live-only-20231121.json", "ES", market.D1, time.Unix(1700569860, 0), 1, 0, 0},
		{"chart/ES=F-1d-20230103-20230110.json", "ES", market.D1, time.Unix(1700569860, 0), 6, 0, 6},
		{"chart-trimmed/GC=F-1m-edited-20260821.json", "GC", market.M1, time.Unix(1787400000, 0), 5, 0, 5},
		{"chart/AAPL-1m-20210111-n242-f0e201.json", "AAPL", market.M1, time.Unix(1610389813, 0), 242, 1, 240},
		{"chart-trimmed/AAPL-1m-20230713-n3-f14271.json", "AAPL", market.M1, time.Unix(1689300000, 0), 3, 0, 2},
		{"chart/AAPL-1h-20220902-n8-3c278f.json", "AAPL", market.H1, time.Unix(1662155000, 0), 8, 0, 7},
		{"chart/AAPL-1d-20250430-n127-dd39be.json", "AAPL", market.D1, time.Unix(1761772000, 0), 127, 0, 127},
		{"chart/AAPL-1d-20250721-n24-a7ae50.json", "AAPL", market.D1, time.Unix(1755800543, 0), 24, 0, 23},
		{"chart/BZ=F-1d-20260706-n23-e9ab0b.json", "BZ", market.D1, time.Unix(1785946800, 0), 23, 0, 22},
	} {
		folder, name, _ := strings.Cut(c.file, "/")
		chart, err := yahoo.Decode(bodies(t, folder)[name])
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		req := market.FetchRequest{Instrument: instrument(t, c.instrument), Timeframe: c.timeframe, Depth: market.Everything}
		got := chart.Closed(req, market.Window{From: c.now.AddDate(-1, 0, 0), To: c.now}, c.now)
		if got.Rows != c.rows || got.Null != c.null || got.Candles.Len() != c.kept {
			t.Errorf("%s: rows %d, null %d, kept %d; want %d, %d, %d, ending\n%s", c.file, got.Rows, got.Null, got.Candles.Len(),
				c.rows, c.null, c.kept, strings.Join(print(got.Candles.Slice(max(0, got.Candles.Len()-3), got.Candles.Len())), "\n"))
		}
	}
}

// TestClosedLaws: whatever the rows, every one is kept, null or dropped; bars rise, lie in the window, are over, and
// hold values of the body.
func TestClosedLaws(t *testing.T) {
	t.Parallel()
	req := market.FetchRequest{Instrument: instrument(t, "ES"), Depth: market.Everything}
	rapid.Check(t, func(t *rapid.T) {
		req := req
		req.Timeframe = rapid.SampledFrom([]market.Timeframe{market.M1, market.M5, market.H1, market.D1}).Draw(t, "timeframe")
		chart := &yahoo.Chart{Meta: yahoo.Meta{ExchangeTimezoneName: "America/New_York"}}
		start := ny("2026-03-06 00:00").Unix()
		served := map[float64]bool{}
		for i := range rapid.IntRange(0, 40).Draw(t, "rows") {
			price := float64(i + 1)
			if rapid.IntRange(0, 5).Draw(t, "null") == 0 {
				price = math.NaN()
			}
			served[price] = true
			chart.TS = append(chart.TS, start+60*rapid.Int64Range(0, 6*1440).Draw(t, "minute"))
			chart.Open, chart.High = append(chart.Open, price), append(chart.High, price)
			chart.Low, chart.Close = append(chart.Low, price), append(chart.Close, price)
			chart.Volume = append(chart.Volume, rapid.Int64Range(0, 3).Draw(t, "volume"))
		}
		if n := chart.Len(); n > 0 {
			chart.Meta.RegularMarketTime = chart.TS[rapid.IntRange(0, n-1).Draw(t, "live")]
		}
		now := time.Unix(start+60*rapid.Int64Range(0, 8*1440).Draw(t, "now"), 0)
		w := market.Window{From: time.Unix(start, 0).Add(time.Hour), To: now}
		got := chart.Closed(req, w, now)
		if got.Rows != chart.Len() || got.Rows != got.Null+got.Dropped+got.Candles.Len() {
			t.Fatalf("rows %d are not null %d + dropped %d + kept %d", got.Rows, got.Null, got.Dropped, got.Candles.Len())
		}
		if err := got.Candles.Check(); err != nil {
			t.Fatal(err)
		}
		for i := range got.Candles.Len() {
			bar := got.Candles.At(i)
			if !w.Contains(bar.Start) || req.Timeframe.End(req.Instrument.Calendar, bar.Start).After(now) || !served[bar.Close] {
				t.Fatalf("kept %+v in %v at %v", bar, w, now)
			}
		}
	})
}
