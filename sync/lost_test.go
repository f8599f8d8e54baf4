package syncer_test

import (
	"slices"
	"testing"
	"time"

	"barkeep/coverage"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// TestWhatLeavesTheWindowIsLost withdraws half a session for ever, and lives until its bars have left the provider's window:
// after each import no gap is said to be had any more that can not, nor in what derives from it, and nothing is asked for in
// vain.
func TestWhatLeavesTheWindowIsLost(t *testing.T) {
	t.Parallel()
	now := at(t, importTime)
	b := newBench(t, func() time.Time { return now })
	gone := market.Window{From: now.AddDate(0, 0, -1).Add(-6 * time.Hour), To: now.AddDate(0, 0, -1)}
	b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
		result := b.provider.serve(r)
		before, after := result.Candles.In(market.Window{To: gone.From}), result.Candles.In(market.Window{From: gone.To, To: now})
		result.Candles = before
		for i := range after.Len() {
			result.Candles.Append(after.At(i))
		}
		result.Rows = result.Candles.Len()
		return result, nil
	}
	served, _ := yahoo.Capabilities().Of(market.M15)
	base, derived := market.Series{Instrument: "BTC", Timeframe: market.M15}, market.Series{Instrument: "BTC", Timeframe: market.M30}
	request := syncer.Request{Instruments: resolve(t, "BTC"), Timeframes: []market.Timeframe{market.M15, market.M30}, Heal: 10}
	for now.Before(gone.To.Add(served.DeepCap + 72*time.Hour)) {
		b.run(t, t.Context(), request)
		for _, series := range []market.Series{base, derived} {
			if !slices.ContainsFunc(b.archive.gaps[series], func(g market.Gap) bool { return !g.First.After(gone.To) }) {
				t.Fatalf("%s: the bars that were withdrawn are no gap", series)
			}
		}
		for _, g := range b.archive.gaps[base] {
			if leaves := coverage.Leaves(g, served.DeepCap); !leaves.IsZero() && !leaves.After(now) {
				t.Fatalf("at %s: %+v could be had until %s", now, g, leaves)
			}
			if g.Reason == market.GapBeyond && !g.Next.IsZero() {
				t.Fatalf("%+v would be asked for", g)
			}
		}
		now = now.AddDate(0, 0, 1)
	}
	for _, series := range []market.Series{base, derived} {
		for _, g := range b.archive.gaps[series] {
			if g.Reason != market.GapBeyond {
				t.Errorf("in the end %+v is not lost", g)
			}
		}
	}
}
