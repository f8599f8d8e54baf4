package syncer_test

import (
	"fmt"
	"strings"
	"testing"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

// TestASplitThatIsToldWithAnotherRatio: the event says 5:1 one day, the rows are what they were. What is stored must not move;
// where the rows move too, they are held back, since nothing tells which of the two is right.
func TestASplitThatIsToldWithAnotherRatio(t *testing.T) {
	t.Parallel()
	right := split(t, 4, 1, "2026-06-15")
	wrong := right
	wrong.Numerator = 5
	e := newExchange(t, "2026-06-12", right)
	e.sync("2026-06-12", kept...)
	e.sync("2026-06-15", kept...)
	e.check("restated", market.Factor{})
	serve := e.b.provider.script
	e.b.provider.script = func(r market.FetchRequest, n int) (*market.FetchResult, error) {
		got, err := serve(r, n)
		for i := range got.Actions {
			got.Actions[i] = wrong
		}
		return got, err
	}
	report := e.sync("2026-06-16", kept...)
	e.check("told otherwise", market.Factor{})
	if c := cell(t, report, "AAPL 1d"); c.State != ledger.CellStored || !strings.Contains(c.Reason, "5:1") {
		t.Errorf("1d is %s: %s", c.State, c.Reason)
	}
	for _, timeframe := range kept {
		e.wrong[timeframe] = 4.0 / 5
	}
	report = e.sync("2026-06-17", kept...)
	e.check("the rows too", market.Factor{})
	if c := cell(t, report, "AAPL 1d"); c.State != ledger.CellHeld {
		t.Errorf("1d is %s: %s", c.State, c.Reason)
	}
}

// TestAGapWithoutItsDays: after a gap nothing but the days tells the scale of an answer, and they were not stored in this run.
func TestAGapWithoutItsDays(t *testing.T) {
	t.Parallel()
	timeframes := []market.Timeframe{market.M15, market.D1}
	s := split(t, 1, 10, "2026-04-15")
	e := newExchange(t, "2026-01-20", s)
	e.since["15m events"], e.since["1d events"] = e.now.AddDate(5, 0, 0), e.now.AddDate(5, 0, 0) // nobody tells
	e.sync("2026-01-20", timeframes...)
	e.sync("2026-01-21", timeframes...)
	serve := e.b.provider.script
	e.b.provider.script = func(r market.FetchRequest, n int) (*market.FetchResult, error) {
		if r.Timeframe == market.D1 {
			return refuse(r, market.OutcomeUpstream, 0)
		}
		return serve(r, n)
	}
	for _, c := range e.sync("2026-07-20", timeframes...).Cells {
		if c.State.OK() {
			t.Errorf("without days %s is %s: %s", c.Timeframe, c.State, c.Reason)
		}
	}
	e.check("without days", old(s))
	e.b.provider.script = serve
	for _, c := range e.sync("2026-07-21", timeframes...).Cells {
		if c.State.OK() {
			t.Errorf("with days %s is %s: %s", c.Timeframe, c.State, c.Reason)
		}
	}
	e.check("with days", old(s))
}

// TestATimeframeThatTellsOfASplitFirst is new, and the daily bars that are stored are from before the split.
func TestATimeframeThatTellsOfASplitFirst(t *testing.T) {
	t.Parallel()
	s := split(t, 4, 1, "2026-06-15")
	e := newExchange(t, "2026-06-11", s)
	e.sync("2026-06-11", market.D1, market.W1)
	e.sync("2026-06-12", market.D1, market.W1)
	report := e.sync("2026-06-16", market.M5)
	if c := cell(t, report, "AAPL 5m"); c.State != ledger.CellStored {
		t.Errorf("5m is %s: %s", c.State, c.Reason)
	}
	e.check("5m alone", market.Factor{})
}

// TestASplitAmongManyInstruments costs the others no request.
func TestASplitAmongManyInstruments(t *testing.T) {
	t.Parallel()
	s := split(t, 4, 1, "2026-06-15")
	e := newExchange(t, "2026-06-12", s)
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprintf("XY%02d", i))
	}
	all := resolve(t, append(names, "AAPL")...)
	whole := e.b.provider.script
	e.b.provider.script = func(r market.FetchRequest, n int) (*market.FetchResult, error) {
		if r.Instrument.Name != "AAPL" {
			return nil, nil // served without any split
		}
		return whole(r, n)
	}
	run := func(day string) map[string]int {
		e.now = at(t, day+"T21:05:00Z")
		e.b.provider.asked = nil
		report := e.b.run(t, t.Context(), syncer.Request{Instruments: all, Timeframes: []market.Timeframe{market.H1, market.D1, market.W1}})
		if report.Run.State != ledger.StateDone {
			t.Fatalf("%s: %s: %s", day, report.Run.State, report.Run.Reason)
		}
		asked := map[string]int{}
		for _, r := range e.b.provider.asked {
			asked[r.Instrument.Name]++
		}
		return asked
	}
	run("2026-06-12")
	asked := run("2026-06-15")
	for _, i := range all {
		if want := 2; i.Name == "AAPL" {
			if n := asked[i.Name]; n != 4 { // the whole window of each base once more
				t.Errorf("the split one is asked for %d times, want 4", n)
			}
		} else if asked[i.Name] != want {
			t.Errorf("%s is asked for %d times, want %d", i.Name, asked[i.Name], want)
		}
	}
	for series := range e.b.archive.bars {
		if series.Instrument != "AAPL" {
			delete(e.b.archive.bars, series)
		}
	}
	e.check("after", market.Factor{})
}
