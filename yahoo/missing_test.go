package yahoo_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/yahoo"
)

// stamps prints starts in New York time.
func stamps(starts []int64) []string {
	lines := []string{}
	for _, ts := range starts {
		lines = append(lines, time.Unix(ts, 0).In(ny("2026-01-01 00:00").Location()).Format("2006-01-02 15:04"))
	}
	return lines
}

func TestClosedListsMissingBars(t *testing.T) {
	t.Parallel()
	bar := " | 10 12 9 11 50"
	for _, c := range []struct {
		name, instrument string
		timeframe        market.Timeframe
		from, to, now    string
		firstTrade       string
		rows             []string
		null, absent     []string
	}{
		{
			name: "a null row and no row", instrument: "ES", timeframe: market.M5,
			from: "2026-03-10 10:00", to: "2026-03-10 10:30", now: "2026-03-10 12:00",
			rows: []string{
				"2026-03-10 10:00" + bar, "2026-03-10 10:05", "2026-03-10 10:10 | 10 12 null 11 50", "2026-03-10 10:25" + bar,
			},
			null: []string{"2026-03-10 10:05", "2026-03-10 10:10"}, absent: []string{"2026-03-10 10:15", "2026-03-10 10:20"},
		},
		{
			name: "rows in any order, and one full beside a null one", instrument: "ES", timeframe: market.M5,
			from: "2026-03-10 10:00", to: "2026-03-10 10:20", now: "2026-03-10 12:00",
			rows: []string{"2026-03-10 10:15" + bar, "2026-03-10 10:05", "2026-03-10 10:00", "2026-03-10 10:00" + bar},
			null: []string{"2026-03-10 10:05"}, absent: []string{"2026-03-10 10:10"},
		},
		{
			name: "null rows of closed hours are not expected", instrument: "ES", timeframe: market.H1,
			from: "2026-03-10 16:00", to: "2026-03-10 19:00", now: "2026-03-10 20:00",
			rows: []string{"2026-03-10 16:00" + bar, "2026-03-10 17:00", "2026-03-10 18:00" + bar},
		},
		{
			name: "a bar that is not over is not due", instrument: "ES", timeframe: market.M5,
			from: "2026-03-10 10:00", to: "2026-03-10 11:00", now: "2026-03-10 10:09:59",
			rows: []string{"2026-03-10 10:05"}, absent: []string{"2026-03-10 10:00"},
		},
		{
			name: "no rows at all", instrument: "ES", timeframe: market.H1,
			from: "2026-03-10 15:00", to: "2026-03-10 19:00", now: "2026-03-10 20:00",
			absent: []string{"2026-03-10 15:00", "2026-03-10 16:00", "2026-03-10 18:00"},
		},
		{
			name: "a closed window lacks nothing", instrument: "ES", timeframe: market.M5,
			from: "2026-03-14 10:00", to: "2026-03-14 18:00", now: "2026-03-16 12:00",
		},
		{
			name: "days, whatever hour they are stamped with", instrument: "ES", timeframe: market.D1,
			from: "2026-03-06 00:00", to: "2026-03-12 00:00", now: "2026-03-12 12:00",
			rows: []string{"2026-03-06 09:30", "2026-03-09 00:00" + bar, "2026-03-10 16:59:59"},
			null: []string{"2026-03-06 00:00", "2026-03-10 00:00"}, absent: []string{"2026-03-11 00:00"},
		},
		{
			name: "nothing is due before the first trade", instrument: "AAPL", timeframe: market.D1,
			from: "2026-03-02 00:00", to: "2026-03-12 00:00", now: "2026-03-12 12:00", firstTrade: "2026-03-10 09:30",
			absent: []string{"2026-03-10 00:00", "2026-03-11 00:00"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			chart := sheet(t, c.rows...)
			if c.firstTrade != "" {
				chart.Meta.FirstTradeDate = ny(c.firstTrade).Unix()
			}
			req := market.FetchRequest{Instrument: instrument(t, c.instrument), Timeframe: c.timeframe, Depth: market.Everything}
			got := chart.Closed(req, window(c.from, c.to), ny(c.now))
			if null := stamps(got.NullBars); !slices.Equal(null, c.null) {
				t.Errorf("null bars are %q, want %q", null, c.null)
			}
			if absent := stamps(got.AbsentBars); !slices.Equal(absent, c.absent) {
				t.Errorf("absent bars are %q, want %q", absent, c.absent)
			}
		})
	}
}

// TestEveryDueBarIsKeptOrMissing is the law of the two lists: every bar that is due is kept, null or absent, and only one
// of these; a null bar has a row, and an absent one has none with a full set of prices that was kept.
func TestEveryDueBarIsKeptOrMissing(t *testing.T) {
	t.Parallel()
	es := instrument(t, "ES")
	rapid.Check(t, func(t *rapid.T) {
		req := market.FetchRequest{Instrument: es, Depth: market.Everything}
		req.Timeframe = rapid.SampledFrom([]market.Timeframe{market.M15, market.H1, market.D1}).Draw(t, "timeframe")
		from := ny("2026-03-05 00:00").Add(time.Duration(rapid.IntRange(0, 96).Draw(t, "from")) * 15 * time.Minute)
		w := market.Window{From: from, To: from.Add(time.Duration(rapid.IntRange(0, 120).Draw(t, "hours")) * time.Hour)}
		now := from.Add(time.Duration(rapid.IntRange(0, 150).Draw(t, "now")) * time.Hour)
		chart := &yahoo.Chart{Meta: yahoo.Meta{ExchangeTimezoneName: "America/New_York"}}
		null := math.NaN()
		for range rapid.IntRange(0, 60).Draw(t, "rows") {
			ts := from.Unix() + 900*rapid.Int64Range(-4, 500).Draw(t, "ts")
			p := rapid.SampledFrom([]float64{null, 10, 11}).Draw(t, "price")
			chart.TS = append(chart.TS, ts)
			chart.Open, chart.High = append(chart.Open, p), append(chart.High, p+1)
			chart.Low, chart.Close = append(chart.Low, p), append(chart.Close, p)
			chart.Volume = append(chart.Volume, 5)
		}
		got := chart.Closed(req, w, now)
		var due []int64
		req.Timeframe.Expected(es.Calendar, w, func(start time.Time) bool {
			if !req.Timeframe.End(es.Calendar, start).After(now) {
				due = append(due, start.Unix())
			}
			return true
		})
		for _, start := range due {
			lists := 0
			for _, list := range [][]int64{got.Candles.TS, got.NullBars, got.AbsentBars} {
				if slices.Contains(list, start) {
					lists++
				}
			}
			if lists != 1 {
				t.Fatalf("bar %s is in %d of the lists %v, %v, %v", stamps([]int64{start}), lists, got.Candles.TS, got.NullBars,
					got.AbsentBars)
			}
		}
		for _, list := range [][]int64{got.NullBars, got.AbsentBars} {
			if !slices.IsSorted(list) {
				t.Fatalf("not in order: %v", list)
			}
			for _, start := range list {
				if !slices.Contains(due, start) {
					t.Fatalf("bar %s is missing, but was not due", stamps([]int64{start}))
				}
			}
		}
		for _, start := range got.NullBars {
			if req.Timeframe.Intraday() && !slices.Contains(chart.TS, start) {
				t.Fatalf("null bar %s has no row", stamps([]int64{start}))
			}
		}
	})
}
