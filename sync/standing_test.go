package syncer_test

import (
	"strings"
	"testing"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

// TestLateByAnInferredCalendarIsToldAndFailsNothing: of an exchange of which neither hours nor holidays are known, the newest
// bar may be days old for a holiday.
func TestLateByAnInferredCalendarIsToldAndFailsNothing(t *testing.T) {
	t.Parallel()
	const told = "the newest bar is of Fri 2026-08-14, and nothing is known of the holidays there (weekdays without bars since: 2)"
	b := newBench(t, fixed(at(t, "2026-08-19T21:05:00Z")))
	request := syncer.Request{Instruments: resolve(t, "ABC.QQ"), Timeframes: []market.Timeframe{market.D1}}
	b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
		result := b.provider.serve(r)
		result.Candles = result.Candles.In(market.Window{To: at(t, "2026-08-15T00:00:00Z")})
		return result, nil
	}
	report := b.run(t, t.Context(), request)
	if c := cell(t, report, "ABC.QQ 1d"); report.Run.State != ledger.StateDone || c.State != ledger.CellStored || !strings.Contains(c.Reason, told) {
		t.Errorf("run %s, %s: %q", report.Run.State, c.State, c.Reason)
	}
	b.provider.script = nil
	if c := cell(t, b.run(t, t.Context(), request), "ABC.QQ 1d"); strings.Contains(c.Reason, "newest bar") {
		t.Errorf("with yesterday's bar it says %q", c.Reason)
	}
}
