package yahoo_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/yahoo"
)

const day = 24 * time.Hour

func TestBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, instrument string
		timeframe        market.Timeframe
		window           market.Window
		limits           yahoo.Limits
		now              string
		from, to         string // of the window that may be kept
		period1, period2 string
		empty            bool
	}{
		{
			name: "one bar early", instrument: "ES", timeframe: market.M5, now: "2026-03-12 15:00",
			window: market.Window{From: ny("2026-03-10 12:00"), To: ny("2026-03-11 12:00")},
			from:   "2026-03-10 12:00", to: "2026-03-11 12:00", period1: "2026-03-10 11:55", period2: "2026-03-11 12:00",
		},
		{
			name: "the bar before a session's open is the last of the session before", instrument: "ES", timeframe: market.H1,
			now:    "2026-03-12 15:00",
			window: market.Window{From: ny("2026-03-08 18:00"), To: ny("2026-03-11 12:00")},
			from:   "2026-03-08 18:00", to: "2026-03-11 12:00", period1: "2026-03-06 16:00", period2: "2026-03-11 12:00",
		},
		{
			name: "daily, over a weekend", instrument: "AAPL", timeframe: market.D1, now: "2026-03-12 15:00",
			limits: yahoo.Limits{Depth: market.Everything},
			window: market.Window{From: ny("2026-03-09 00:00"), To: ny("2026-03-12 00:00")},
			from:   "2026-03-09 00:00", to: "2026-03-12 00:00", period1: "2026-03-06 00:00", period2: "2026-03-12 00:00",
		},
		{
			name: "never into the future", instrument: "ES", timeframe: market.M5, now: "2026-03-12 15:00",
			window: market.Window{From: ny("2026-03-12 12:00"), To: ny("2026-03-20 12:00")},
			from:   "2026-03-12 12:00", to: "2026-03-12 15:00", period1: "2026-03-12 11:55", period2: "2026-03-12 15:00",
		},
		{
			name: "at the wall the first bar is given up", instrument: "ES", timeframe: market.M5, now: "2026-03-12 15:00",
			limits: yahoo.Limits{Depth: 2 * day, Margin: 5 * time.Minute},
			window: market.Window{From: ny("2026-01-01 00:00"), To: ny("2026-03-12 15:00")},
			from:   "2026-03-10 15:10", to: "2026-03-12 15:00", period1: "2026-03-10 15:05", period2: "2026-03-12 15:00",
		},
		{
			name: "a wall within a bar", instrument: "ES", timeframe: market.H1, now: "2026-03-12 15:00",
			limits: yahoo.Limits{Depth: 2 * day, Margin: 5 * time.Minute},
			window: market.Window{From: ny("2026-01-01 00:00"), To: ny("2026-03-12 15:00")},
			from:   "2026-03-10 17:00", to: "2026-03-12 15:00", period1: "2026-03-10 15:05", period2: "2026-03-12 15:00",
		},
		{
			name: "a wall in closed hours gives up the session's first bar", instrument: "ES", timeframe: market.M5, now: "2026-03-12 15:00",
			limits: yahoo.Limits{Depth: 4*day + 12*time.Hour, Margin: 0}, // Sunday 8 March 03:00: the clocks change that night
			window: market.Window{From: ny("2026-01-01 00:00"), To: ny("2026-03-12 15:00")},
			from:   "2026-03-08 18:05", to: "2026-03-12 15:00", period1: "2026-03-08 03:00", period2: "2026-03-12 15:00",
		},
		{
			name: "just within the wall", instrument: "ES", timeframe: market.M5, now: "2026-03-12 15:00",
			limits: yahoo.Limits{Depth: 2 * day, Margin: 0},
			window: market.Window{From: ny("2026-03-10 15:05"), To: ny("2026-03-12 15:00")},
			from:   "2026-03-10 15:05", to: "2026-03-12 15:00", period1: "2026-03-10 15:00", period2: "2026-03-12 15:00",
		},
		{
			name: "too long a request keeps its newest part", instrument: "ES", timeframe: market.M1, now: "2026-03-12 15:00",
			limits: yahoo.Limits{Depth: 29 * day, Length: day, Margin: 5 * time.Minute},
			window: market.Window{From: ny("2026-03-02 00:00"), To: ny("2026-03-12 12:00")},
			from:   "2026-03-11 12:06", to: "2026-03-12 12:00", period1: "2026-03-11 12:05", period2: "2026-03-12 12:00",
		},
		{
			name: "wholly beyond the wall", instrument: "ES", timeframe: market.M5, now: "2026-03-12 15:00", empty: true,
			limits: yahoo.Limits{Depth: 2 * day, Margin: 5 * time.Minute},
			window: market.Window{From: ny("2026-01-01 00:00"), To: ny("2026-02-01 00:00")},
		},
		{
			name: "wholly in the future", instrument: "ES", timeframe: market.M5, now: "2026-03-12 15:00", empty: true,
			window: market.Window{From: ny("2026-03-13 00:00"), To: ny("2026-03-14 00:00")},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.limits.Depth == 0 {
				c.limits = yahoo.Limits{Depth: 60 * day, Margin: 5 * time.Minute}
			}
			req := market.FetchRequest{Instrument: instrument(t, c.instrument), Timeframe: c.timeframe, Window: c.window}
			got := yahoo.Bounds(req, c.limits, ny(c.now))
			if got.Empty() != c.empty {
				t.Fatalf("empty is %t, want %t: %+v", got.Empty(), c.empty, got)
			}
			if c.empty {
				return
			}
			want := yahoo.Span{Period1: ny(c.period1).Unix(), Period2: ny(c.period2).Unix()}
			if !got.Window.From.Equal(ny(c.from)) || !got.Window.To.Equal(ny(c.to)) || got.Period1 != want.Period1 || got.Period2 != want.Period2 {
				t.Errorf("got %v (%d to %d), want %s to %s (%d to %d)", got.Window, got.Period1, got.Period2, c.from, c.to,
					want.Period1, want.Period2)
			}
		})
	}
}

// TestBoundsLaws: what is asked lies within the limits and one bar before what is kept, which lies in what was wanted.
func TestBoundsLaws(t *testing.T) {
	t.Parallel()
	names := []market.Instrument{instrument(t, "ES"), instrument(t, "AAPL"), instrument(t, "BTC-USD"), instrument(t, "ZC")}
	rapid.Check(t, func(t *rapid.T) {
		now := ny("2026-01-15 00:00").Add(time.Duration(rapid.Int64Range(0, int64(300*day)).Draw(t, "now")))
		from := now.Add(-time.Duration(rapid.Int64Range(0, int64(100*day)).Draw(t, "from")))
		req := market.FetchRequest{
			Instrument: rapid.SampledFrom(names).Draw(t, "instrument"),
			Timeframe:  rapid.SampledFrom([]market.Timeframe{market.M1, market.M5, market.M15, market.H1, market.D1}).Draw(t, "timeframe"),
			Window:     market.Window{From: from, To: from.Add(time.Duration(rapid.Int64Range(0, int64(100*day)).Draw(t, "length")))},
		}
		limits := yahoo.Limits{Depth: time.Duration(rapid.IntRange(1, 90).Draw(t, "depth")) * day, Margin: 5 * time.Minute}
		got := yahoo.Bounds(req, limits, now)
		if got.Empty() {
			return
		}
		if wall := now.Add(limits.Margin - limits.Depth); time.Unix(got.Period1, 0).Before(wall) {
			t.Fatalf("period1 %v lies beyond the wall %v", time.Unix(got.Period1, 0), wall)
		}
		if got.Window.From.Before(from) || got.Window.To.After(req.Window.To) || got.Window.To.After(now) {
			t.Fatalf("kept %v of %v at %v", got.Window, req.Window, now)
		}
		first := req.Timeframe.Previous(req.Instrument.Calendar, got.Window.From)
		if first.Unix() < got.Period1 {
			t.Fatalf("the first row, %v, may not come: asked from %v for %v", first, time.Unix(got.Period1, 0), got.Window)
		}
	})
}
