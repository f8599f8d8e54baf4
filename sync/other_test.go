package syncer_test

import (
	"maps"
	"slices"
	"testing"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

// TestAnAnswerForSomethingElseProvesNothing: the series fails for that reason, whether it has records or not, and neither it nor
// what is unknown beside it is unavailable because of it.
func TestAnAnswerForSomethingElseProvesNothing(t *testing.T) {
	t.Parallel()
	daily := []market.Timeframe{market.D1, market.W1}
	for name, c := range map[string]struct {
		before []string // stored on the day before
		keeps  []string
		mixes  []string // instruments whose answers are for something else; what is among neither is answered
		lacks  []string // instruments that the provider does not know
		want   map[string]ledger.CellState
		state  ledger.State
	}{
		"all of them, without records": {
			nil,
			[]string{"ES", "OCDO.L"},
			[]string{"ES", "OCDO.L"},
			nil,
			map[string]ledger.CellState{"ES 1d": ledger.CellFailed, "OCDO.L 1d": ledger.CellFailed, "OCDO.L 1wk": ledger.CellFailed},
			ledger.StateFailed,
		},
		"all of them, with records": {
			[]string{"ES", "OCDO.L"},
			[]string{"ES", "OCDO.L"},
			[]string{"ES", "OCDO.L"},
			nil,
			map[string]ledger.CellState{"ES 1d": ledger.CellFailed, "OCDO.L 1d": ledger.CellFailed, "OCDO.L 1wk": ledger.CellFailed},
			ledger.StateFailed,
		},
		"one that is over, beside one that is answered": {
			nil,
			[]string{"ES", "ESM26"},
			[]string{"ESM26"},
			nil,
			map[string]ledger.CellState{"ES 1d": ledger.CellStored, "ESM26 1d": ledger.CellFailed},
			ledger.StatePartial,
		},
		"beside one that is not known": {
			nil,
			[]string{"ES", "OCDO.L"},
			[]string{"ES"},
			[]string{"OCDO.L"},
			map[string]ledger.CellState{"ES 1d": ledger.CellFailed, "OCDO.L 1d": ledger.CellFailed},
			ledger.StateFailed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := at(t, importTime)
			b := newBench(t, fixed(now))
			if len(c.before) > 0 {
				b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, c.before...), Timeframes: daily})
			}
			bars, listings := map[market.Series]map[int64]market.Candle{}, maps.Clone(b.archive.listings)
			for series, held := range b.archive.bars {
				bars[series] = maps.Clone(held)
			}
			b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
				switch {
				case slices.Contains(c.mixes, r.Instrument.Name):
					return refuse(r, market.OutcomeOther, 0)
				case slices.Contains(c.lacks, r.Instrument.Name):
					return refuse(r, market.OutcomeNotFound, 0)
				}
				return nil, nil
			}
			report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, c.keeps...), Timeframes: daily, Backfill: true})
			if report.Run.State != c.state {
				t.Errorf("the run is %s: %s, want %s", report.Run.State, report.Run.Reason, c.state)
			}
			for series, want := range c.want {
				if got := cell(t, report, series); got.State != want || got != b.archive.cells[series] || want == ledger.CellFailed && got.Requests > 1 {
					t.Errorf("%s is %+v, in the ledger %+v; want %s", series, got, b.archive.cells[series], want)
				}
			}
			for _, name := range c.mixes {
				for _, timeframe := range daily {
					series := market.Series{Instrument: name, Timeframe: timeframe}
					if !maps.Equal(bars[series], b.archive.bars[series]) {
						t.Errorf("the bars of %s changed", series)
					}
				}
				if b.archive.listings[name] != listings[name] {
					t.Errorf("the listing of %s changed", name)
				}
			}
		})
	}
}
