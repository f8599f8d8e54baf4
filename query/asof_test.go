package query_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// known is what a truth held of a series at an instant, value by value.
func (a *truth) known(series market.Series, at time.Time) *market.Candles {
	held := newArchive()
	for _, arrived := range a.arrivals[series] {
		if !arrived.at.After(at) {
			held.write(series, arrived.bar)
		}
	}
	return held.all(series)
}

// Whatever arrived when, a page as of an instant is a part of what was held then, for series that are fetched and for those that
// are folded from them; nothing comes out of a cache.
func TestAsOfIsWhatWasKnown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tf := rapid.SampledFrom([]market.Timeframe{market.H1, market.H2, market.H4, market.D1, market.W1, market.Mo1, market.Mo3}).Draw(t, "timeframe")
		base, _ := bases().Base(tf)
		a, start := newTruth(), time.Date(2025, 6, 2, 0, 0, 0, 0, time.UTC)
		var starts []time.Time
		length := map[bool]time.Duration{true: 20 * 24 * time.Hour, false: 400 * 24 * time.Hour}[base == market.H1]
		base.Expected(newYork(), market.Window{From: start, To: start.Add(length)}, func(s time.Time) bool {
			starts = append(starts, s)
			return true
		})
		at, first := start.Add(length), start.Add(length)
		for range rapid.IntRange(1, 6).Draw(t, "commits") {
			begin := rapid.IntRange(0, len(starts)-1).Draw(t, "begin")
			end := rapid.IntRange(begin+1, len(starts)).Draw(t, "end")
			keep := rapid.IntRange(1, 3).Draw(t, "one in")
			for i := begin; i < end; i += keep {
				value := float64(rapid.IntRange(1, 1000).Draw(t, "value"))
				a.arrive(at, kept(base), market.Candle{Start: starts[i], Open: value, High: value + 2, Low: value - 1, Close: value, Volume: 3})
			}
			at = at.Add(time.Hour)
		}
		instant := first.Add(time.Duration(rapid.IntRange(0, 12).Draw(t, "half hours")) * 30 * time.Minute)
		want := a.known(kept(base), instant)
		if base != tf {
			want = market.Resample(want, base, tf, newYork(), instant)
		}
		w := market.Window{}
		if rapid.Bool().Draw(t, "bounded") && want.Len() > 0 {
			i := rapid.IntRange(0, want.Len()-1).Draw(t, "from")
			w.From = want.At(i).Start.Add(rapid.SampledFrom([]time.Duration{-1, 0, 1, time.Hour}).Draw(t, "shifted"))
			w.To = want.At(rapid.IntRange(i, want.Len()-1).Draw(t, "to")).Start.Add(time.Minute)
			if w.Empty() {
				t.Skip("nothing in the window")
			}
			inside := market.NewCandles(0)
			for k := range want.Len() {
				if w.Contains(want.At(k).Start) {
					inside.Append(want.At(k))
				}
			}
			want = inside
		}
		pages(t, a.reader(t), query.Request{
			Series: kept(tf), Window: w, AsOf: instant, Limit: rapid.IntRange(1, 12).Draw(t, "limit"),
		}, want)
	})
}

// The newest and the oldest bars of a long series are found without reading all of it, also when it was known to be short.
func TestAsOfReadsLittle(t *testing.T) {
	t.Parallel()
	a := newTruth()
	start := time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC)
	n, arrivedAt := 0, time.Time{}
	market.H1.Expected(newYork(), market.Window{From: start, To: start.AddDate(6, 0, 0)}, func(s time.Time) bool {
		if n++; n%500 == 1 {
			arrivedAt = s.AddDate(0, 4, 0)
		}
		a.arrivals[kept(market.H1)] = append(a.arrivals[kept(market.H1)], arrival{arrivedAt, market.Candle{Start: s, Open: 1, High: 1, Low: 1, Close: 1}})
		a.write(kept(market.H1), market.Candle{Start: s})
		return true
	})
	for _, newest := range []bool{true, false} {
		for _, at := range []time.Time{start.AddDate(1, 0, 0), start.AddDate(6, 0, 0)} {
			a.reads = 0
			got := read(t, a.reader(t), query.Request{Series: kept(market.H4), AsOf: at, Limit: 10, Newest: newest})
			if got.Bars.Len() != 10 || !got.More || a.reads > 3000 {
				t.Errorf("newest %t as of %s: %d bars, of %d base bars read of %d", newest, at, got.Bars.Len(), a.reads, n)
			}
		}
	}
}

// Bars that were taken out since were known then, also where nothing else is left.
func TestAsOfFindsWhatWasTakenOut(t *testing.T) {
	t.Parallel()
	a := newTruth()
	at := time.Date(2026, 6, 20, 0, 0, 0, 0, time.UTC)
	a.arrive(at, kept(market.D1), daily("2026-06-15", 100, 1), daily("2026-06-16", 101, 1))
	for _, left := range [][]market.Candle{{daily("2026-06-16", 101, 1)}, nil} {
		a.bars[kept(market.D1)] = map[int64]market.Candle{}
		a.write(kept(market.D1), left...)
		for _, tf := range []market.Timeframe{market.D1, market.Mo1} {
			got := read(t, a.reader(t), query.Request{Series: kept(tf), AsOf: at.AddDate(0, 1, 0), Limit: 5, Newest: true}).Bars
			if got.Len() == 0 || got.Open[0] != 99 || got.Close[got.Len()-1] != 101 {
				t.Errorf("%s with %d bars left: %+v", tf, len(left), got)
			}
		}
	}
}

// Actions decide as they were known at the instant: not yet, holding, or taken back.
func TestAsOfTakesTheActionsOfThen(t *testing.T) {
	t.Parallel()
	a := newTruth()
	day := func(n int) time.Time { return time.Date(2026, 6, n, 12, 0, 0, 0, time.UTC) }
	a.arrive(day(16), kept(market.D1), daily("2026-06-15", 100, 40), daily("2026-06-16", 100, 40))
	s, d := split("2026-06-16", 4, 1), dividend("2026-06-16", 10)
	s.Seen, s.Gone, d.Seen = day(18), day(20), day(19)
	a.actions = []store.Action{s, d}
	for _, c := range []struct {
		at          time.Time
		none, total float64
	}{
		{day(17), 100, 100},
		{day(18).Add(-time.Microsecond), 100, 100},
		{day(18), 400, 100},
		{day(19), 400, 90},
		{day(20).Add(-time.Microsecond), 400, 90},
		{day(20), 100, 90},
		{time.Time{}, 100, 90},
	} {
		for adjust, want := range map[query.Adjust]float64{query.AdjustSplit: 100, query.AdjustNone: c.none, query.AdjustTotal: c.total} {
			got := read(t, a.reader(t), query.Request{Series: kept(market.D1), AsOf: c.at, Limit: 5, Adjust: adjust})
			if !near(got.Bars.Close, []float64{want, 100}) {
				t.Errorf("%s as of %s: %v, want %v; %q", adjust, c.at, got.Bars.Close, want, got.Notes)
			}
		}
	}
}

// The close that a dividend is reinvested at is that of then.
func TestAsOfTakesTheClosesOfThen(t *testing.T) {
	t.Parallel()
	a := newTruth()
	day := func(n int) time.Time { return time.Date(2026, 6, n, 12, 0, 0, 0, time.UTC) }
	a.arrive(day(16), kept(market.D1), daily("2026-06-15", 100, 40), daily("2026-06-16", 100, 40))
	a.arrive(day(18), kept(market.D1), daily("2026-06-15", 50, 40))
	d := dividend("2026-06-16", 10)
	d.Seen = day(16)
	a.actions = []store.Action{d}
	for at, want := range map[time.Time]float64{day(17): 90, day(18): 40, {}: 40} {
		if got := read(t, a.reader(t), query.Request{Series: kept(market.D1), AsOf: at, Limit: 5, Adjust: query.AdjustTotal}).Bars; !near(got.Close, []float64{want, 100}) {
			t.Errorf("as of %s: %v", at, got.Close)
		}
	}
}

func TestAsOfBeforeArrivals(t *testing.T) {
	t.Parallel()
	a := newTruth()
	at := time.Date(2026, 6, 20, 0, 0, 0, 0, time.UTC)
	a.arrive(at, kept(market.D1), daily("2026-06-15", 100, 1))
	for _, tf := range []market.Timeframe{market.D1, market.W1} {
		_, err := a.reader(t).Read(t.Context(), query.Request{Series: kept(tf), AsOf: at.Add(-1), Limit: 5})
		var before query.BeforeArrivalsError
		if !errors.Is(err, store.ErrBeforeArrivals) || !errors.As(err, &before) || !before.First.Equal(at) || before.Series != kept(market.D1) {
			t.Errorf("%s: %v", tf, err)
		}
	}
	for _, tf := range []market.Timeframe{market.H1, market.H2} {
		if _, err := a.reader(t).Read(t.Context(), query.Request{Series: kept(tf), AsOf: at, Limit: 5}); !errors.Is(err, query.ErrNoBars) {
			t.Errorf("%s, of which nothing has arrived: %v", tf, err)
		}
	}
	if _, err := a.reader(t).Read(t.Context(), query.Request{Series: kept(market.D1), AsOf: fixed().AddDate(1, 0, 0), Limit: 5}); !errors.Is(err, query.ErrFuture) {
		t.Errorf("what will be known: %v", err)
	}
}

// A reader with a full cache reads as of an instant from the archive.
func TestAsOfNeverComesFromTheCache(t *testing.T) {
	t.Parallel()
	a, c := newTruth(), newCache()
	at := time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC)
	a.arrive(at, kept(market.D1), daily("2026-01-15", 100, 1))
	a.arrive(at.AddDate(0, 0, 1), kept(market.D1), daily("2026-01-15", 200, 1))
	c.fill(a.archive, kept(market.D1), 10)
	r := a.reader(t)
	r.Cache = c
	for _, want := range []struct {
		at    time.Time
		price float64
	}{{time.Time{}, 200}, {at, 100}, {time.Time{}, 200}, {at.AddDate(0, 0, 1), 200}} {
		got := read(t, r, query.Request{Series: kept(market.D1), AsOf: want.at, Limit: 5, Newest: true})
		if !slices.Equal(got.Bars.Close, []float64{want.price}) || got.Version != 0 && !want.at.IsZero() {
			t.Errorf("as of %s: %v, version %d from the %s", want.at, got.Bars.Close, got.Version, got.Source)
		}
	}
}
