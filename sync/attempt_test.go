package syncer_test

import (
	"testing"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

func TestAnAttemptDoesOnlyWhatIsLeft(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	b.archive.token = "mine"
	engine, err := syncer.New(b.config)
	if err != nil {
		t.Fatal(err)
	}
	request := syncer.Request{
		Instruments: resolve(t, "ES", "NQ"), Timeframes: []market.Timeframe{market.H1, market.H4, market.D1},
	}
	b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
		if r.Instrument.Name == "NQ" && r.Timeframe == market.H1 {
			return refuse(r, market.OutcomeUpstream, 0)
		}
		return nil, nil
	}
	run := ledger.Run{ID: 7, Token: "mine", Attempt: 1, Job: ledger.JobImport}
	first, err := cells(engine.RunOnce(t.Context(), run, request, nil, b.emit))
	if err != nil {
		t.Fatal(err)
	}
	if state, _ := ledger.Outcome(first); len(first) != 6 || state != ledger.StatePartial {
		t.Fatalf("first attempt: %d cells, %s, want 6 and partial", len(first), state)
	}
	b.provider.script, b.provider.asked = nil, nil
	second, err := cells(engine.RunOnce(t.Context(), run, request, first, b.emit))
	if err != nil {
		t.Fatal(err)
	}
	if len(b.provider.asked) != 1 || len(second) != 2 || b.provider.asked[0].Instrument.Name != "NQ" {
		t.Errorf("second attempt asked %d times for %d cells, want NQ 1h alone", len(b.provider.asked), len(second))
	}
	if state, _ := ledger.Outcome(ledger.Merge(first, second)); state != ledger.StateDone {
		t.Errorf("both attempts together are %s, want done", state)
	}
}

func TestARunThatWasTakenOverStoresNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	b.archive.token = "the new holder's"
	engine, err := syncer.New(b.config)
	if err != nil {
		t.Fatal(err)
	}
	request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}}
	report, err := engine.RunOnce(t.Context(), ledger.Run{ID: 7, Token: "mine"}, request, nil, b.emit)
	if err != nil || len(report.Cells) != 1 || report.Cells[0].State != ledger.CellFailed {
		t.Errorf("cells %+v, %v, want one that failed", report.Cells, err)
	}
	if n := len(b.archive.bars) + len(b.archive.cells); n != 0 {
		t.Errorf("%d bars or cells were written by a run that was taken over", n)
	}
}

// cells are those of a report.
func cells(r syncer.Report, err error) ([]ledger.Cell, error) { return r.Cells, err }
