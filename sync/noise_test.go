package syncer_test

import (
	"math"
	"strings"
	"testing"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

// TestNoiseChangesNothing asks again and again for bars whose last digits differ each time: neither they nor what derives from
// them changes. A real change of one bar reaches what derives from it, to the last bit: of two
// highs that noise parts, the higher one goes.
func TestNoiseChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.H1, market.H4, market.D1, market.W1}}
	round, move := 0.0, 0.0 // of the provider: its noise, and a real change
	b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
		got := b.provider.serve(r)
		for i := range got.Candles.Len() {
			for _, column := range [][]float64{got.Candles.Open, got.Candles.High, got.Candles.Low, got.Candles.Close} {
				column[i] *= 1 + 4e-7*math.Sin(round+float64(i))
			}
		}
		last := got.Candles.Len() - 1 // of the newest 4h bar
		if r.Timeframe == market.D1 {
			last -= 3 // the Friday of the newest week that is over
		}
		got.Candles.High[last], got.Candles.High[last-1] = 1e5, 1e5*(1+5e-7)-move
		return got, nil
	}
	b.run(t, t.Context(), request)
	for range 5 {
		round++
		for _, c := range b.run(t, t.Context(), request).Cells {
			if c.State != ledger.CellStored || c.Changed+c.Inserted != 0 || c.Unchanged == 0 {
				t.Fatalf("round %v: %s %s: %+v", round, c.Instrument, c.Timeframe, c)
			}
		}
	}
	move = 3e4
	for _, c := range b.run(t, t.Context(), request).Cells {
		if c.Changed != 1 {
			t.Errorf("after a real change %s %s: %d changed, want 1", c.Instrument, c.Timeframe, c.Changed)
		}
	}
	es := resolve(t, "ES")[0]
	always := market.Window{From: at(t, importTime).AddDate(-9, 0, 0), To: at(t, importTime)}
	for derived, base := range map[market.Timeframe]market.Timeframe{market.H4: market.H1, market.W1: market.D1} {
		bars := pick(b.archive.bars[market.Series{Instrument: "ES", Timeframe: base}], always)
		want := market.Resample(bars, base, derived, es.Calendar, at(t, importTime))
		got := pick(b.archive.bars[market.Series{Instrument: "ES", Timeframe: derived}], always)
		if got.Len() != want.Len() {
			t.Fatalf("%s: %d bars, the base gives %d", derived, got.Len(), want.Len())
		}
		for i := range want.Len() {
			if g, w := got.At(i), want.At(i); g.Open != w.Open || g.High != w.High || g.Low != w.Low || g.Close != w.Close {
				t.Fatalf("%s: %+v is stored, the base gives %+v", derived, g, w)
			}
		}
	}
}

// TestImpossibleRowsAreTold names their number in the evidence, whether bars came beside them or not.
func TestImpossibleRowsAreTold(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
		got := b.provider.serve(r)
		switch r.Instrument.Name {
		case "ES":
			got.Impossible, got.Dropped = 3, 5
		case "NQ":
			got.Impossible = 1
			if got.Candles.Len() > 1 {
				got.Candles.Flags[0], got.Candles.Flags[1] = market.FlagImpossible, market.FlagImpossible
			}
		case "GC":
			got.Impossible, got.Candles = 2, market.NewCandles(0)
		}
		return got, nil
	}
	report := b.run(t, t.Context(), syncer.Request{
		Instruments: resolve(t, "ES", "NQ", "GC", "CL"), Timeframes: []market.Timeframe{market.D1, market.W1},
	})
	for series, want := range map[string]string{
		"ES 1d": "3 rows left out", "ES 1wk": "3 rows left out", "NQ 1d": "1 row left out, whose prices are all 0; 2 bars flagged", "GC 1d": "2 rows left out", "CL 1d": "",
	} {
		c := cell(t, report, series)
		if want == "" && strings.Contains(c.Reason, "left out") || !strings.Contains(c.Reason, want) {
			t.Errorf("%s: %s, %q; want %q in it", series, c.State, c.Reason, want)
		}
	}
	if c := cell(t, report, "GC 1d"); c.State != ledger.CellEmpty {
		t.Errorf("an answer of impossible rows is %s", c.State)
	}
}
