package ledger_test

import (
	"slices"
	"strings"
	"testing"

	"barkeep/ledger"
)

func kept(instruments ...string) ledger.Kept {
	var all []ledger.Series
	for _, i := range instruments {
		all = append(all, ledger.Series{Instrument: i, Timeframe: "1d"})
	}
	return ledger.KeptOf(all...)
}

func TestADigestNamesASet(t *testing.T) {
	t.Parallel()
	if a, b := kept("ES", "NQ"), kept("NQ", "ES", "NQ"); a.Digest() != b.Digest() || len(a.Digest()) != 16 {
		t.Errorf("one set has the digests %s and %s", a.Digest(), b.Digest())
	}
	other := ledger.KeptOf(ledger.Series{Instrument: "ES", Timeframe: "1h"})
	for _, k := range []ledger.Kept{kept("ES"), kept("ES", "NQ"), other, kept()} {
		if k.Nobody() {
			t.Errorf("a set of %s is nobody's", k.Digest())
		}
	}
	if kept("ES").Digest() == kept("NQ").Digest() || kept("ES").Digest() == other.Digest() || kept().Digest() == kept("ES").Digest() {
		t.Error("two sets have one digest")
	}
	if !(ledger.Kept{}).Nobody() {
		t.Error("the zero Kept is somebody's")
	}
}

func TestDoneIsAQuestionAboutTheAskersSeries(t *testing.T) {
	t.Parallel()
	cell := func(series string, state ledger.CellState) ledger.Cell {
		return ledger.Cell{Instrument: series, Timeframe: "1d", State: state}
	}
	run := func(id int64, state ledger.State) ledger.Run {
		return ledger.Run{ID: id, State: state, Reason: "why"}
	}
	es, nq := cell("ES", ledger.CellStored), cell("NQ", ledger.CellStored)
	for name, c := range map[string]struct {
		kept      ledger.Kept
		run, done ledger.Run
		cells     []ledger.Cell
		id        int64
		state     ledger.State
	}{
		"nothing ran":                            {kept("ES"), ledger.Run{}, ledger.Run{}, nil, 0, ""},
		"all are there":                          {kept("ES", "NQ"), run(1, ledger.StateDone), run(1, ledger.StateDone), []ledger.Cell{es, nq}, 1, ledger.StateDone},
		"one was added since":                    {kept("ES", "NQ"), run(1, ledger.StateDone), run(1, ledger.StateDone), []ledger.Cell{es}, 1, ledger.StateDue},
		"another keeps others":                   {kept("NQ"), run(1, ledger.StateDone), run(1, ledger.StateDone), []ledger.Cell{es}, 1, ledger.StateDue},
		"the one that failed is kept no longer":  {kept("ES"), run(2, ledger.StatePartial), ledger.Run{}, []ledger.Cell{es}, 2, ledger.StateDone},
		"the one that failed is kept":            {kept("ES", "NQ"), run(2, ledger.StatePartial), ledger.Run{}, []ledger.Cell{es}, 2, ledger.StatePartial},
		"another's failed after ours was done":   {kept("ES"), run(2, ledger.StateFailed), run(1, ledger.StateDone), []ledger.Cell{es}, 1, ledger.StateDone},
		"it is running":                          {kept("ES"), run(2, ledger.StateRunning), run(1, ledger.StateDone), []ledger.Cell{es}, 2, ledger.StateRunning},
		"it died with all committed":             {kept("ES"), run(2, ledger.StateAbandoned), ledger.Run{}, []ledger.Cell{es}, 2, ledger.StateAbandoned},
		"missed":                                 {kept("ES"), run(2, ledger.StateMissed), ledger.Run{}, nil, 2, ledger.StateMissed},
		"nobody's, and a run is done":            {ledger.Kept{}, run(2, ledger.StateFailed), run(1, ledger.StateDone), nil, 1, ledger.StateDone},
		"nobody's, and none is":                  {ledger.Kept{}, run(2, ledger.StateFailed), ledger.Run{}, nil, 2, ledger.StateFailed},
		"a cell that failed is no import":        {kept("ES"), run(1, ledger.StateDone), run(1, ledger.StateDone), []ledger.Cell{cell("ES", ledger.CellFailed)}, 1, ledger.StateDue},
		"the other timeframe is another series":  {ledger.KeptOf(ledger.Series{Instrument: "ES", Timeframe: "1h"}), run(1, ledger.StateDone), run(1, ledger.StateDone), []ledger.Cell{es}, 1, ledger.StateDue},
		"nothing is kept, so nothing is missing": {kept(), run(1, ledger.StatePartial), ledger.Run{}, nil, 1, ledger.StateDone},
	} {
		got := c.kept.Judge(c.run, c.done, c.cells)
		if got.ID != c.id || got.State != c.state {
			t.Errorf("%s: run %d %s, want run %d %s", name, got.ID, got.State, c.id, c.state)
		}
		if got.State == ledger.StateDone && got.ID == c.run.ID && c.run.State != ledger.StateDone && got.Reason != "" {
			t.Errorf("%s: done because %q", name, got.Reason)
		}
	}
	due := kept("CL", "ES", "NQ").Judge(run(1, ledger.StateDone), run(1, ledger.StateDone), nil)
	if want := "not imported yet: CL 1d and 2 more series"; due.Reason != want {
		t.Errorf("it says %q, want %q", due.Reason, want)
	}
	if text := ledger.NotImported([]ledger.Series{{Instrument: "ES", Timeframe: "1d"}, {Instrument: "NQ", Timeframe: "1h"}}); !strings.HasSuffix(text, "ES 1d and NQ 1h") {
		t.Errorf("of two it says %q", text)
	}
}

func TestOutcomeFailsWhereNoSeriesWasAnswered(t *testing.T) {
	t.Parallel()
	cell := func(state ledger.CellState) ledger.Cell { return ledger.Cell{State: state, Reason: "x"} }
	for name, c := range map[string]struct {
		cells []ledger.CellState
		want  ledger.State
	}{
		"nothing was due":                   {[]ledger.CellState{ledger.CellClosed, ledger.CellClosed}, ledger.StateDone},
		"one stored, one failed":            {[]ledger.CellState{ledger.CellStored, ledger.CellFailed}, ledger.StatePartial},
		"the closed answer nothing":         {[]ledger.CellState{ledger.CellClosed, ledger.CellFailed}, ledger.StateFailed},
		"nor do those that are unavailable": {[]ledger.CellState{ledger.CellUnavailable, ledger.CellEmpty}, ledger.StateFailed},
		"proved beside one that stored":     {[]ledger.CellState{ledger.CellUnavailable, ledger.CellStored}, ledger.StateDone},
		"one is held back":                  {[]ledger.CellState{ledger.CellStored, ledger.CellHeld}, ledger.StatePartial},
		"all are held back":                 {[]ledger.CellState{ledger.CellHeld, ledger.CellClosed}, ledger.StateFailed},
		"no series":                         {nil, ledger.StateFailed},
	} {
		var cells []ledger.Cell
		for _, state := range c.cells {
			cells = append(cells, cell(state))
		}
		if got, _ := ledger.Outcome(cells); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestASlotIsJudgedByTheKeptSeriesOnly: the cells of others, of the same instrument too, say nothing about it.
func TestASlotIsJudgedByTheKeptSeriesOnly(t *testing.T) {
	t.Parallel()
	mine := []ledger.Series{{Instrument: "NQ", Timeframe: "1d"}, {Instrument: "ES", Timeframe: "1h"}, {Instrument: "ES", Timeframe: "1d"}}
	given := slices.Clone(mine)
	k := ledger.KeptOf(given...)
	if !slices.Equal(given, mine) {
		t.Errorf("the caller's list became %v", given)
	}
	var all, want []ledger.Cell
	for _, instrument := range []string{"CL", "ES", "NQ", "ZN"} {
		for _, timeframe := range []string{"1d", "1h", "1m"} {
			c := ledger.Cell{Instrument: instrument, Timeframe: timeframe, State: ledger.CellFailed}
			all = append(all, c)
			has := slices.Contains(mine, c.Series())
			if has {
				want = append(want, c)
			}
			if k.Has(c.Series()) != has {
				t.Errorf("%s is kept: %v, want %v", c.Series(), !has, has)
			}
		}
	}
	before := slices.Clone(all)
	if got := k.Of(all); !slices.Equal(got, want) || !slices.Equal(all, before) {
		t.Errorf("of %v count %v, want %v", before, got, want)
	}
	if got := (ledger.Kept{}).Of(all); !slices.Equal(got, all) {
		t.Errorf("for nobody count %v, want all", got)
	}
	if got := kept().Of(all); len(got) != 0 {
		t.Errorf("for one who keeps nothing count %v", got)
	}
}
