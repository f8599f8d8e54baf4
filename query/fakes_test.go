package query_test

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// archive holds bars in memory and counts how they are read.
type archive struct {
	store.Bars // what a reader never calls

	bars    map[market.Series]map[int64]market.Candle
	version map[market.Series]int64
	states  int // calls of State
	pages   int // calls of Page
	most    int // the largest limit of a Page
	err     error
}

func newArchive() *archive {
	return &archive{bars: map[market.Series]map[int64]market.Candle{}, version: map[market.Series]int64{}}
}

// write stores bars as one transaction.
func (a *archive) write(series market.Series, bars ...market.Candle) {
	if a.bars[series] == nil {
		a.bars[series] = map[int64]market.Candle{}
	}
	for _, b := range bars {
		a.bars[series][b.Start.Unix()] = b
	}
	a.version[series]++
}

func (a *archive) all(series market.Series) *market.Candles {
	out := market.NewCandles(0)
	for _, ts := range slices.Sorted(maps.Keys(a.bars[series])) {
		out.Append(a.bars[series][ts])
	}
	return out
}

func (a *archive) State(_ context.Context, series market.Series) (market.SeriesState, bool, error) {
	a.states++
	if a.err != nil || a.bars[series] == nil {
		return market.SeriesState{}, false, a.err
	}
	all := a.all(series)
	state := market.SeriesState{Series: series, Count: int64(all.Len()), Version: a.version[series]}
	if n := all.Len(); n > 0 {
		state.Oldest, state.Newest = all.At(0).Start, all.At(n-1).Start
	}
	return state, true, nil
}

func (a *archive) Page(_ context.Context, series market.Series, w market.Window, limit int, newest bool) (*market.Candles, error) {
	a.pages++
	a.most = max(a.most, limit)
	inside := a.all(series).In(w)
	n := min(limit, inside.Len())
	if newest {
		return inside.Slice(inside.Len()-n, inside.Len()), a.err
	}
	return inside.Slice(0, n), a.err
}

// cache is a cache in memory.
type cache struct {
	entries map[market.Series]entry
	asked   int
	err     error
	hang    bool // it answers when its context ends
}

type entry struct {
	version int64
	bars    *market.Candles
}

func newCache() *cache { return &cache{entries: map[market.Series]entry{}} }

func (c *cache) PutNewest(_ context.Context, series market.Series, version int64, bars *market.Candles) error {
	c.entries[series] = entry{version, bars}
	return nil
}

func (c *cache) Newest(ctx context.Context, series market.Series) (int64, *market.Candles, bool, error) {
	c.asked++
	if c.hang {
		<-ctx.Done()
		return 0, nil, false, ctx.Err()
	}
	e, found := c.entries[series]
	return e.version, e.bars, found, c.err
}

// fill puts the newest n bars of a series into the cache, as an import does after its commit.
func (c *cache) fill(a *archive, series market.Series, n int) {
	all := a.all(series)
	c.entries[series] = entry{a.version[series], all.Slice(max(0, all.Len()-n), all.Len())}
}

func es() market.Series { return market.Series{Instrument: "ES", Timeframe: market.M5} }

// bar is the i-th bar of a series; its close tells revisions apart.
func bar(i int, value float64) market.Candle {
	return market.Candle{Start: start(i), Open: value, High: value + 1, Low: value - 1, Close: value, Volume: int64(i)}
}

func start(i int) time.Time { return time.Date(2026, 1, 5, 0, 5*i, 0, 0, time.UTC) }

func bars(n int) []market.Candle {
	list := make([]market.Candle, n)
	for i := range list {
		list[i] = bar(i, float64(i))
	}
	return list
}

func newReader(t testing.TB, a *archive, c store.Cache, now func() time.Time) *query.Reader {
	t.Helper()
	r, err := query.New(query.Config{Bars: a, Cache: c, CacheBars: 10, Recent: -1, Now: now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func fixed() time.Time { return time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC) }

// tester is a test, or one draw of a property.
type tester interface {
	Helper()
	Fatal(args ...any)
	Context() context.Context
}

// read reads; an error fails the test.
func read(t tester, r *query.Reader, request query.Request) query.Answer {
	t.Helper()
	answer, err := r.Read(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}
