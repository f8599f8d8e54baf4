package syncer_test

import (
	"slices"
	"testing"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

// TestTheOthersDoNotWaitForASplit: what restates an instrument is stored after all others, in the order of its own answers, and a
// split of which nothing is stored yet waits for nobody.
func TestTheOthersDoNotWaitForASplit(t *testing.T) {
	t.Parallel()
	for _, stored := range []bool{true, false} {
		e := newExchange(t, "2026-06-12", split(t, 4, 1, "2026-06-15"))
		e.b.config.Fetchers, e.b.config.Writers = 1, 1
		whole := e.b.provider.script
		e.b.provider.script = func(r market.FetchRequest, n int) (*market.FetchResult, error) {
			if r.Instrument.Name != "AAPL" {
				return nil, nil // served without any split
			}
			return whole(r, n)
		}
		request := syncer.Request{Instruments: resolve(t, "AAPL", "MSFT", "NVDA"), Timeframes: []market.Timeframe{market.D1}}
		if stored {
			request.Timeframes = []market.Timeframe{market.M1, market.H1, market.D1}
			e.b.run(t, t.Context(), request)
		}
		e.now = at(t, "2026-06-15T21:05:00Z")
		var order []string
		e.b.emit = func(event ledger.Event) {
			if event.Kind == ledger.EventCells && len(event.Cells) > 0 {
				order = append(order, event.Cells[0].Instrument+" "+event.Cells[0].Timeframe)
			}
		}
		report := e.b.run(t, t.Context(), request)
		if report.Run.State != ledger.StateDone {
			t.Fatalf("stored %t: %s: %s", stored, report.Run.State, report.Run.Reason)
		}
		var want []string
		for _, task := range report.Plan.Tasks {
			want = append(want, task.Series().String())
		}
		own := func(name string) bool { return name[:4] == "AAPL" }
		if stored {
			slices.SortStableFunc(want, func(a, b string) int { return btoi(own(a)) - btoi(own(b)) })
		}
		if len(order) < len(want) || !slices.Equal(order[:len(want)], want) {
			t.Errorf("stored %t: in the order %q, want %q", stored, order, want)
		}
		for series := range e.b.archive.bars {
			if series.Instrument != "AAPL" {
				delete(e.b.archive.bars, series)
			}
		}
		e.check("after", market.Factor{})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
