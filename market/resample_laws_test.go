package market_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/calendar"
	"barkeep/market"
)

// pair is a resampling that these tests try.
type pair struct{ from, to market.Timeframe }

func pairs() []pair {
	var all []pair
	for _, tf := range market.Timeframes() {
		if base := baseOf(tf); base != tf {
			all = append(all, pair{base, tf})
		}
	}
	return append(all, pair{market.M5, market.M15}, pair{market.H2, market.H4}, pair{market.H6, market.H12})
}

// bars draws a series on the calendar's grid with holes, odd volumes and flags. Volumes are whole, prices on a grid of
// quarters, so that the sums of these tests are exact.
func bars(t *rapid.T, cal *calendar.Calendar, tf market.Timeframe) *market.Candles {
	from := draw(t)
	length := 6 * 24 * time.Hour
	switch {
	case !tf.Intraday():
		length = 200 * 24 * time.Hour
	case tf.Length() < 5*time.Minute:
		length = 30 * time.Hour
	}
	keep := rapid.IntRange(1, 10).Draw(t, "keep")
	calm := rapid.SampledFrom([]uint64{4, 100, 1 << 40}).Draw(t, "calm") // one bar in so many bears flags
	seed := rapid.Uint64().Draw(t, "seed") | 1
	next := func(n uint64) uint64 { // xorshift: drawing each value would take rapid too long
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		return seed % n
	}
	out := market.NewCandles(0)
	tf.Expected(cal, market.Window{From: from, To: from.Add(length)}, func(start time.Time) bool {
		if int(next(10)) >= keep {
			return true
		}
		b := market.Candle{Start: start, Open: price(next), High: price(next), Low: price(next), Close: price(next)}
		b.Volume = int64(next(50)) - 1 // -1 is NoVolume
		if next(calm) == 0 {
			b.Flags = market.Flag(next(64))
		}
		out.Append(b)
		return true
	})
	return out
}

func price(next func(uint64) uint64) float64 { return float64(int64(next(400))-20) / 4 }

func TestResamplingLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cal := resolve(t, rapid.SampledFrom(names()).Draw(t, "name")).Calendar
		p := rapid.SampledFrom(pairs()).Draw(t, "pair")
		base := bars(t, cal, p.from)
		out := market.Resample(base, p.from, p.to, cal, never())
		if err := out.Check(); err != nil {
			t.Fatal(err)
		}
		used := 0
		for i := range out.Len() {
			b := out.At(i)
			for ; used < base.Len() && p.to.Bucket(cal, base.At(used).Start).Before(b.Start); used++ {
				if base.Flags[used]&market.FlagImpossible == 0 {
					t.Fatalf("no bar is made of %+v", base.At(used))
				}
			}
			part := market.NewCandles(0)
			for ; used < base.Len() && p.to.Bucket(cal, base.At(used).Start).Equal(b.Start); used++ {
				part.Append(base.At(used))
			}
			want := merged(b.Start, part, due(cal, b.Start, p))
			b.Parts = 0 // TestResampleCountsBaseBars
			if b != want {
				t.Fatalf("%s to %s on %s: %+v, want %+v", p.from, p.to, cal.Name, b, want)
			}
			s, ok := cal.SessionAt(b.Start)
			if p.to.Intraday() && (!ok || b.Start.Before(s.Anchor) || p.to.End(cal, b.Start).After(s.Close)) {
				t.Fatalf("bar of %v crosses its session", b.Start)
			}
		}
		for _, f := range base.Flags[used:] {
			if f&market.FlagImpossible == 0 {
				t.Fatalf("%d of %d base bars were used", used, base.Len())
			}
		}
	})
}

// due is how many base bars the calendar expects in one bar, counted the slow way.
func due(cal *calendar.Calendar, start time.Time, p pair) int {
	return expected(cal, p.to.Span(cal, market.Window{From: start, To: start.Add(time.Second)}), p.from).Len()
}

// merged is the definition of a resampled bar, column by column: the impossible bars of the part are as if they were not there.
func merged(start time.Time, part *market.Candles, due int) market.Candle {
	sound := market.NewCandles(0)
	for i := range part.Len() {
		if b := part.At(i); b.Flags&market.FlagImpossible == 0 {
			sound.Append(b)
		}
	}
	b := sound.At(0)
	b.Start, b.Close = start, sound.Close[sound.Len()-1]
	for _, high := range sound.High {
		b.High = max(b.High, high)
	}
	for _, low := range sound.Low {
		b.Low = min(b.Low, low)
	}
	known := false
	b.Volume = 0
	for _, v := range sound.Volume {
		if v != market.NoVolume {
			known = true
			b.Volume += v
		}
	}
	if !known {
		b.Volume = market.NoVolume
	}
	for _, f := range sound.Flags {
		b.Flags |= f
	}
	if sound.Len() < max(due, part.Len()) {
		b.Flags |= market.FlagIncomplete
	}
	return b
}

func TestResamplingTwiceEqualsOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cal := resolve(t, rapid.SampledFrom(names()).Draw(t, "name")).Calendar
		way := rapid.SampledFrom([][3]market.Timeframe{
			{market.H1, market.H2, market.H4},
			{market.H1, market.H2, market.H12},
			{market.H1, market.H4, market.H8},
			{market.H1, market.H6, market.H12},
			{market.M15, market.M30, market.M90},
			{market.M15, market.M30, market.H2},
			{market.M1, market.M5, market.M15},
			{market.M1, market.M3, market.M15},
		}).Draw(t, "way")
		base := bars(t, cal, way[0])
		now := never()
		if base.Len() > 0 { // by then every base bar is over, but maybe not the longest ones
			now = way[0].End(cal, base.At(base.Len()-1).Start)
		}
		middle := market.Resample(base, way[0], way[1], cal, now)
		twice := market.Resample(middle, way[1], way[2], cal, now)
		once := market.Resample(base, way[0], way[2], cal, now)
		once.Parts, twice.Parts = nil, nil // which count other base bars
		if !reflect.DeepEqual(once, twice) && once.Len()+twice.Len() > 0 {
			t.Fatalf("%v on %s: once %+v, twice %+v", way, cal.Name, once, twice)
		}
	})
}

// Rebuilding exactly the span that a change touches gives the same bars as rebuilding everything.
func TestRebuildingASpanIsEnough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cal := resolve(t, rapid.SampledFrom(names()).Draw(t, "name")).Calendar
		p := rapid.SampledFrom(pairs()).Draw(t, "pair")
		base := bars(t, cal, p.from)
		if base.Len() == 0 {
			t.Skip("no bars drawn")
		}
		i := rapid.IntRange(0, base.Len()-1).Draw(t, "first")
		j := rapid.IntRange(i+1, base.Len()).Draw(t, "end")
		span := p.to.Span(cal, base.Slice(i, j).Span())
		whole := market.Resample(base, p.from, p.to, cal, never()).In(span)
		part := market.Resample(base.In(span), p.from, p.to, cal, never())
		if whole.Len() != part.Len() {
			t.Fatalf("%d bars of the whole lie in %v, the part gives %d", whole.Len(), span, part.Len())
		}
		for k := range part.Len() {
			if whole.At(k) != part.At(k) {
				t.Fatalf("whole %+v, part %+v", whole.At(k), part.At(k))
			}
		}
	})
}
