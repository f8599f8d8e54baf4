package app_test

import (
	"testing"

	"pgregory.net/rapid"

	"barkeep/app"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

func instruments(t testing.TB, names ...string) []market.Instrument {
	t.Helper()
	var list []market.Instrument
	for _, name := range names {
		i, err := yahoo.Resolve(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, i)
	}
	return list
}

// TestSelectionNames: what comes to the same has one name, and nothing else has.
func TestSelectionNames(t *testing.T) {
	t.Parallel()
	es, esNQ := instruments(t, "ES"), instruments(t, "ES", "NQ")
	h1, both := []market.Timeframe{market.H1}, []market.Timeframe{market.H1, market.D1}
	plain := syncer.Request{Instruments: esNQ, Timeframes: both}
	same := []syncer.Request{
		{Instruments: instruments(t, "NQ=F", "es", "ES=F"), Timeframes: []market.Timeframe{market.D1, market.H1, market.D1}},
		{Instruments: instruments(t, "NQ", "ES", "NQ"), Timeframes: both},
	}
	for _, r := range same {
		if app.SelectionName(r) != app.SelectionName(plain) {
			t.Errorf("%v %v has another name", r.Instruments, r.Timeframes)
		}
	}
	deep := syncer.Request{Instruments: esNQ, Timeframes: both, Deep: true}
	if other := (syncer.Request{Instruments: esNQ, Timeframes: both, Deep: true, Backfill: true}); app.SelectionName(other) != app.SelectionName(deep) {
		t.Error("deep is a backfill, said or not")
	}
	seen := map[string]int{}
	for i, r := range []syncer.Request{
		plain, deep,
		{Instruments: es, Timeframes: both},
		{Instruments: esNQ, Timeframes: h1},
		{Instruments: es, Timeframes: h1},
		{Instruments: esNQ, Timeframes: both, Backfill: true},
		{Instruments: esNQ, Timeframes: both, Maintenance: true},
	} {
		if before, ok := seen[app.SelectionName(r)]; ok {
			t.Errorf("%d and %d have the same name", before, i)
		}
		seen[app.SelectionName(r)] = i
	}
}

// TestSelectionNamesOfAnySequence shuffles and repeats.
func TestSelectionNamesOfAnySequence(t *testing.T) {
	t.Parallel()
	all := instruments(t, "ES", "NQ", "YM", "CL", "GC", "AAPL", "BTC-USD")
	timeframes := []market.Timeframe{market.M1, market.M5, market.H1, market.D1}
	rapid.Check(t, func(t *rapid.T) {
		a := syncer.Request{
			Instruments: rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 5, func(i market.Instrument) string { return i.Name }).Draw(t, "instruments"),
			Timeframes:  rapid.SliceOfNDistinct(rapid.SampledFrom(timeframes), 1, 4, rapid.ID).Draw(t, "timeframes"),
		}
		b := a
		b.Instruments = append(rapid.Permutation(a.Instruments).Draw(t, "shuffled"), a.Instruments[0])
		b.Timeframes = append([]market.Timeframe{a.Timeframes[0]}, rapid.Permutation(a.Timeframes).Draw(t, "and these")...)
		if app.SelectionName(a) != app.SelectionName(b) {
			t.Fatalf("%v %v", b.Instruments, b.Timeframes)
		}
	})
}
