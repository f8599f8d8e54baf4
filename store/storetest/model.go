package storetest

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
)

// model is what an archive is for one series, written down as plainly as can be: a map, and the values it lost.
type model struct {
	bars map[int64]market.Candle
	old  map[int64][]revision
	past past
}

type revision struct {
	bar market.Candle
	at  time.Time
}

func newModel() *model {
	return &model{bars: map[int64]market.Candle{}, old: map[int64][]revision{}, past: past{known: map[int64][]event{}}}
}

func (m *model) clone() *model {
	c := &model{bars: maps.Clone(m.bars), old: map[int64][]revision{}, past: m.past.clone()}
	for ts, list := range m.old {
		c.old[ts] = slices.Clone(list)
	}
	return c
}

// near tells whether two prices differ by less than a part in a million, in exact fractions.
func near(a, b float64) bool {
	x, y := new(big.Rat), new(big.Rat)
	x.SetFloat64(a)
	y.SetFloat64(b)
	off := new(big.Rat).Sub(x, y)
	off.Abs(off.Mul(off, big.NewRat(1_000_000, 1)))
	return a == b || off.Cmp(x.Abs(x)) < 0 || off.Cmp(y.Abs(y)) < 0
}

func alike(old, given market.Candle) bool {
	return near(old.Open, given.Open) && near(old.High, given.High) && near(old.Low, given.Low) && near(old.Close, given.Close)
}

// still is the given bar, with the stored prices and their flags where the given ones differ from them by less than a part in a
// million.
func (*model) still(old, given market.Candle) market.Candle {
	if !alike(old, given) {
		return given
	}
	flags := old.Flags&7 | given.Flags&^7
	if old.Open == given.Open && old.High == given.High && old.Low == given.Low && old.Close == given.Close {
		flags = given.Flags
	}
	return market.Candle{
		Start: given.Start, Open: old.Open, High: old.High, Low: old.Low, Close: old.Close, Volume: given.Volume, Flags: flags,
		Parts: given.Parts,
	}
}

// valuesOf is a bar without its parts, which are no value of it.
func valuesOf(bar market.Candle) market.Candle {
	bar.Parts = 0
	return bar
}

// put does what Upsert shall do, or UpsertExact.
func (m *model) put(bars *market.Candles, exact bool, now time.Time) (stored market.Stored) {
	given := map[int64]market.Candle{}
	for i := range bars.Len() {
		given[bars.TS[i]] = bars.At(i)
	}
	if len(given) == 0 {
		return stored
	}
	at := m.open(now, exact)
	for _, ts := range slices.Sorted(maps.Keys(given)) {
		bar, old := given[ts], m.bars[ts]
		_, known := m.bars[ts]
		if known && bar.Volume <= 0 && old.Volume > 0 {
			bar.Volume = old.Volume
		}
		if known && !exact {
			bar = m.still(old, bar)
		}
		if known && old.Flags < 32 && bar.Flags >= 32 && !alike(old, given[ts]) { // 32 and above: a price cannot be true
			bar = old
		}
		switch {
		case !known:
			stored.Inserted++
		case bar == old:
			stored.Unchanged++
			continue
		default:
			stored.Changed++
			if valuesOf(bar) != valuesOf(old) {
				m.old[ts] = append(m.old[ts], revision{valuesOf(old), at})
			}
		}
		m.bars[ts] = bar
		m.note(at, ts, !known)
		stored.Touched = stored.Touched.Union(market.Window{From: bar.Start, To: bar.Start.Add(time.Second)})
	}
	return stored
}

// remove does what Remove shall do.
func (m *model) remove(starts []int64, now time.Time) (removed int) {
	if len(starts) == 0 {
		return 0
	}
	at := m.open(now, true)
	for _, ts := range starts {
		if bar, known := m.bars[ts]; known {
			m.old[ts] = append(m.old[ts], revision{valuesOf(bar), at})
			delete(m.bars, ts)
			m.note(at, ts, false)
			removed++
		}
	}
	return removed
}

// columns lists the bars, and the revisions with their times.
func (m *model) columns() (bars, old *market.Candles, replaced []time.Time) {
	bars, old = market.NewCandles(0), market.NewCandles(0)
	for _, ts := range slices.Sorted(maps.Keys(m.bars)) {
		bars.Append(m.bars[ts])
	}
	for _, ts := range slices.Sorted(maps.Keys(m.old)) {
		for _, r := range m.old[ts] {
			old.Append(r.bar)
			replaced = append(replaced, r.at)
		}
	}
	return bars, old, replaced
}

// batch draws bars of few starts and few values, so that the same and nearly the same ones come again.
func batch() *rapid.Generator[*market.Candles] {
	price := rapid.SampledFrom([]float64{5000.25, 5000.2500001, 5000.2549, 5000.256, -37.63, -37.630001, 0, 1e-9})
	bar := rapid.Custom(func(t *rapid.T) market.Candle {
		return market.Candle{
			Start: time.Unix(opening+60*rapid.Int64Range(-3, 25).Draw(t, "minute"), 0).UTC(),
			Open:  price.Draw(t, "open"), High: price.Draw(t, "high"), Low: price.Draw(t, "low"), Close: price.Draw(t, "close"),
			Volume: rapid.SampledFrom([]int64{market.NoVolume, 0, 7, 1 << 40}).Draw(t, "volume"),
			Flags:  rapid.SampledFrom([]market.Flag{0, 0, 0, market.FlagOutside, market.FlagImpossible, 255}).Draw(t, "flags"),
			Parts:  rapid.SampledFrom([]market.Parts{0, 0, market.PartsOf(4, 5), market.PartsOf(5, 5), -1}).Draw(t, "parts"),
		}
	})
	return rapid.Map(rapid.SliceOfN(bar, 0, 30), func(bars []market.Candle) *market.Candles { return list(bars...) })
}

// testModel stores random batches, several in a transaction, some of them rolled back, and compares every count and, at the
// end, every value with the model's.
func testModel(t *testing.T, db Database) {
	var seconds atomic.Int64
	now := func() time.Time { return start().Add(time.Duration(seconds.Load()) * time.Second) }
	archive := migrated(t, Database{Open: func(t *testing.T, _ func() time.Time) Archive { return db.Open(t, now) }})
	cases := 0
	rapid.Check(t, func(rt *rapid.T) {
		cases++
		series := market.Series{Instrument: fmt.Sprintf("CASE%d", cases), Timeframe: market.M1}
		want := newModel()
		for range rapid.IntRange(1, 5).Draw(rt, "transactions") {
			seconds.Add(1)
			want = transact(t, rt, archive, series, want, now())
		}
		compare(t, rt, archive, series, want)
	})
}

// transact runs one transaction on both and returns the model after it.
func transact(t *testing.T, rt *rapid.T, a Archive, series market.Series, before *model, now time.Time) *model {
	tx, err := a.Begin(t.Context())
	if err != nil {
		rt.Fatalf("begin: %v", err)
	}
	defer tx.Rollback()
	after := before.clone()
	if rapid.IntRange(0, 2).Draw(rt, "remove if 0") == 0 {
		starts := batch().Draw(rt, "starts").TS
		got, err := tx.Remove(t.Context(), series, starts)
		if want := after.remove(starts, now); err != nil || got != want {
			rt.Fatalf("removed %d bars, want %d: %v", got, want, err)
		}
	}
	for range rapid.IntRange(1, 2).Draw(rt, "batches") {
		bars := batch().Draw(rt, "bars")
		upsert, exact := tx.Upsert, rapid.Bool().Draw(rt, "exact")
		if exact {
			upsert = tx.UpsertExact
		}
		got, err := upsert(t.Context(), series, bars)
		if err != nil {
			rt.Fatalf("store: %v", err)
		}
		if want := after.put(bars, exact, now); got != want {
			rt.Fatalf("stored %+v, want %+v", got, want)
		}
	}
	if rapid.IntRange(0, 3).Draw(rt, "roll back if 0") == 0 {
		return before
	}
	if err := tx.Commit(t.Context()); err != nil {
		rt.Fatalf("commit: %v", err)
	}
	return after
}

// compare reads everything that the archive has of the series.
func compare(t *testing.T, rt *rapid.T, a Archive, series market.Series, want *model) {
	bars, old, replaced := want.columns()
	got, err := a.Candles(t.Context(), series, always())
	if err != nil {
		rt.Fatalf("candles: %v", err)
	}
	wantBars(rt, "bars", got, bars)
	gotOld, gotReplaced, err := a.Revisions(t.Context(), series, always())
	if err != nil {
		rt.Fatalf("revisions: %v", err)
	}
	wantBars(rt, "revisions", gotOld, old)
	if !slices.Equal(gotReplaced, replaced) {
		rt.Fatalf("replaced at %v, want %v", gotReplaced, replaced)
	}
	states, err := a.States(t.Context())
	if err != nil {
		rt.Fatalf("states: %v", err)
	}
	var state market.SeriesState
	for _, s := range states {
		if s.Series == series {
			state = s
		}
	}
	if state.Count != int64(len(want.bars)) {
		rt.Fatalf("the archive counts %d bars, want %d", state.Count, len(want.bars))
	}
	if n := bars.Len(); n > 0 && (state.Oldest.Unix() != bars.TS[0] || state.Newest.Unix() != bars.TS[n-1]) {
		rt.Fatalf("the archive holds bars from %s to %s, want %v to %v", state.Oldest, state.Newest, bars.TS[0], bars.TS[n-1])
	}
}
