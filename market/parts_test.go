package market_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/calendar"
	"barkeep/market"
)

func TestPartsHoldTwoNumbers(t *testing.T) {
	t.Parallel()
	seen := map[market.Parts]bool{}
	for have := range market.MostParts + 1 {
		for due := range market.MostParts + 1 {
			p := market.PartsOf(have, due)
			if p.Have() != have || p.Due() != due || seen[p] {
				t.Fatalf("%d of %d become %d of %d", have, due, p.Have(), p.Due())
			}
			seen[p] = true
		}
	}
	for _, pair := range [][2]int{{256, 256}, {255, 256}, {256, 0}, {-1, 5}, {5, -1}, {1440, 1440}} {
		if p := market.PartsOf(pair[0], pair[1]); p != 0 {
			t.Errorf("%v become %d of %d", pair, p.Have(), p.Due())
		}
	}
}

// TestCandlesCarryParts does to columns, with bars that have parts and bars that have none, what it does to a list.
func TestCandlesCarryParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SampledFrom([]market.Parts{0, 0, market.PartsOf(4, 5), market.PartsOf(200, 255)})
		draw := func(name string) (*market.Candles, []market.Parts) {
			list := rapid.SliceOfN(part, 0, 6).Draw(t, name)
			c := market.NewCandles(0)
			for i, p := range list {
				c.Append(market.Candle{Start: time.Unix(int64(i), 0), Parts: p})
			}
			return c, list
		}
		c, list := draw("first")
		more, others := draw("more")
		c.AppendAll(more)
		list = slices.Concat(list, others)
		i := rapid.IntRange(0, len(list)).Draw(t, "i")
		j := rapid.IntRange(i, len(list)).Draw(t, "j")
		view := c.Slice(i, j)
		view.Append(market.Candle{Parts: market.PartsOf(7, 7)})
		if n := len(list); n > 0 {
			c.SetParts(n-1, market.PartsOf(1, 2))
			list[n-1] = market.PartsOf(1, 2)
		}
		whole := c.Clone()
		got := []market.Parts{}
		for k := range whole.Len() {
			got = append(got, whole.At(k).Parts)
		}
		if !slices.Equal(got, list) || view.PartsAt(j-i) != market.PartsOf(7, 7) {
			t.Fatalf("parts %v, want %v", got, list)
		}
	})
}

func TestCheckRefusesTooFewParts(t *testing.T) {
	t.Parallel()
	c := stamped(10, 20)
	c.SetParts(1, market.PartsOf(1, 1))
	if err := c.Check(); err != nil || c.PartsAt(0) != 0 {
		t.Errorf("%v, %v", err, c.Parts)
	}
	c.Parts = c.Parts[:1]
	if err := c.Check(); err == nil || err.Error() != "candle columns differ in length: ts 2, parts 1" {
		t.Errorf("error %v", err)
	}
}

// TestResampleCountsBaseBars folds base bars on the grid and off it, inside of sessions and outside, some of them impossible, and
// counts them the slow way.
func TestResampleCountsBaseBars(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cal := resolve(t, rapid.SampledFrom(append(names(), "ABCD.QQ", "7203.T", "0700.HK")).Draw(t, "name")).Calendar
		p := rapid.SampledFrom(append(pairs(), pair{market.M1, market.H4}, pair{market.M1, market.H12})).Draw(t, "pair")
		base := scattered(t, cal, bars(t, cal, p.from), p.from)
		out := market.Resample(base, p.from, p.to, cal, never())
		for i := range out.Len() {
			if got, want := out.At(i).Parts, parts(cal, p, base, out.At(i).Start); got != want {
				t.Fatalf("the %s bar of %s on %s has %d of %d, want %d of %d", p.to, out.At(i).Start, cal.Name,
					got.Have(), got.Due(), want.Have(), want.Due())
			}
			if got := out.At(i); !cal.Inferred && got.Parts.Have() < got.Parts.Due() && got.Flags&market.FlagIncomplete == 0 {
				t.Fatalf("%d of %d and not incomplete", got.Parts.Have(), got.Parts.Due())
			}
		}
	})
}

// scattered adds bars off the grid and on days and in hours when nothing is due, and parts, which say nothing.
func scattered(t *rapid.T, cal *calendar.Calendar, bars *market.Candles, tf market.Timeframe) *market.Candles {
	if bars.Len() == 0 {
		return bars
	}
	all := bars.Clone()
	for k := range rapid.IntRange(0, 40).Draw(t, "more") {
		at := bars.At(rapid.IntRange(0, bars.Len()-1).Draw(t, fmt.Sprint("near ", k))).Start
		if tf.Intraday() {
			at = at.Add(time.Duration(rapid.IntRange(-600, 600).Draw(t, "minutes")) * time.Minute)
		} else {
			at = cal.Midnight(calendar.DateOf(at.In(cal.Zone)).AddDays(rapid.IntRange(-3, 3).Draw(t, "days")))
		}
		all.Append(market.Candle{Start: at, Open: 1, High: 1, Low: 1, Close: 1, Parts: market.PartsOf(3, 9)})
	}
	sorted, err := market.Series{Instrument: "X", Timeframe: tf}.Storable(all)
	if err != nil {
		t.Fatal(err)
	}
	return sorted
}

// parts are those of the bar that starts at start, counted the slow way.
func parts(cal *calendar.Calendar, p pair, base *market.Candles, start time.Time) market.Parts {
	used, present, expects := 0, 0, due(cal, start, p)
	for i := range base.Len() {
		b := base.At(i)
		if b.Flags&market.FlagImpossible != 0 || !p.to.Bucket(cal, b.Start).Equal(start) {
			continue
		}
		date := cal.TradingDate(b.Start)
		if !p.from.Intraday() {
			date = calendar.DateOf(b.Start.In(cal.Zone))
		}
		s, trades := cal.Session(date)
		counts := trades && !s.SettledNext
		if p.from.Intraday() {
			counts = trades && s.TradesDuring(b.Start, p.from.Length())
		}
		if counts {
			present++
		}
		if counts || !p.from.Intraday() || !cal.Certain(date) {
			used++
		}
	}
	if cal.Inferred || expects == 0 {
		span := p.to.Span(cal, market.Window{From: start, To: start.Add(time.Second)})
		room := int((span.Length() + 12*time.Hour) / (24 * time.Hour))
		if p.to.Intraday() {
			room = int(p.to.Length() / p.from.Length())
		}
		return market.PartsOf(min(used, room), 0)
	}
	return market.PartsOf(min(present, expects), expects)
}

// TestResamplePartsByExample says what the numbers are where they surprise.
func TestResamplePartsByExample(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why, name string
		from, to  market.Timeframe
		bars      string
		want      string
	}{
		{"a week", "AAPL", market.D1, market.W1, "2026-03-09 2026-03-10 2026-03-11 2026-03-12 2026-03-13", "5 of 5"},
		{"without its Wednesday", "AAPL", market.D1, market.W1, "2026-03-09 2026-03-10 2026-03-12 2026-03-13", "4 of 5"},
		{"a Saturday is not due", "AAPL", market.D1, market.W1, "2026-03-09 2026-03-14", "1 of 5"},
		{"a Saturday alone", "AAPL", market.D1, market.W1, "2026-03-14", "0 of 5"},
		{"with Good Friday", "AAPL", market.D1, market.W1, "2026-03-30 2026-03-31 2026-04-01 2026-04-02", "4 of 4"},
		{"a week that is closed", "600519.SS", market.D1, market.W1, "2024-02-14", "1 of 0"},
		{"hours that are not known", "ABCD.QQ", market.D1, market.W1, "2026-03-09 2026-03-11", "2 of 0"},
		{"half an hour", "ES", market.M15, market.M30, "2026-03-09T10:00 2026-03-09T10:15", "2 of 2"},
		{"with a hole", "ES", market.M15, market.M30, "2026-03-09T10:15", "1 of 2"},
		{"the end of a half day, off the grid", "ES", market.H1, market.H2, "2026-11-26T12:00 2026-11-26T12:30", "1 of 1"},
		{"too many for the numbers", "ES", market.M1, market.H12, "2026-03-09T10:00", "0 of 0"},
	} {
		cal, base := resolve(t, tt.name).Calendar, market.NewCandles(0)
		for _, start := range strings.Fields(tt.bars) {
			day, hour, _ := strings.Cut(start, "T")
			base.Append(market.Candle{Start: at(t, cal.Zone, day+" "+cmp.Or(hour, "00:00")), Open: 1, High: 1, Low: 1, Close: 1, Volume: 10})
		}
		out := market.Resample(base, tt.from, tt.to, cal, never())
		if out.Len() != 1 {
			t.Errorf("%s: %d bars", tt.why, out.Len())
			continue
		}
		p := out.At(0).Parts
		if got := fmt.Sprintf("%d of %d", p.Have(), p.Due()); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.why, got, tt.want)
		}
	}
}
