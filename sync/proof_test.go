package syncer_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

// unknown is a provider that knows nothing of these instruments; of all, without any.
func unknown(instruments ...string) func(market.FetchRequest, int) (*market.FetchResult, error) {
	return func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
		if len(instruments) == 0 || slices.Contains(instruments, r.Instrument.Name) {
			return refuse(r, market.OutcomeNotFound, 0)
		}
		return nil, nil
	}
}

func TestAProviderThatKnowsNothingProvesNothing(t *testing.T) {
	t.Parallel()
	daily := []market.Timeframe{market.D1}
	for name, c := range map[string]struct {
		before []string // stored on the day before
		keeps  []string
		knows  func(market.FetchRequest, int) (*market.FetchResult, error)
		want   map[string]ledger.CellState
		state  ledger.State
	}{
		"nothing at all, on an empty archive": {
			nil, []string{"ES", "NQ"}, unknown(), map[string]ledger.CellState{"ES 1d": ledger.CellFailed, "NQ 1d": ledger.CellFailed}, ledger.StateFailed,
		},
		"nothing at all, of what is stored": {
			[]string{"ES", "NQ"},
			[]string{"ES", "NQ"},
			unknown(),
			map[string]ledger.CellState{"ES 1d": ledger.CellFailed, "NQ 1d": ledger.CellFailed},
			ledger.StateFailed,
		},
		"one without records, beside one that is answered": {
			[]string{"ES"},
			[]string{"ES", "OCDO.L"},
			unknown("OCDO.L"),
			map[string]ledger.CellState{"ES 1d": ledger.CellStored, "OCDO.L 1d": ledger.CellUnavailable},
			ledger.StateDone,
		},
		"one with records, beside one that is answered": {
			[]string{"ES", "NQ"},
			[]string{"ES", "NQ"},
			unknown("NQ"),
			map[string]ledger.CellState{"ES 1d": ledger.CellStored, "NQ 1d": ledger.CellFailed},
			ledger.StatePartial,
		},
		"a listed future without records, beside one that is answered": {
			[]string{"ES"},
			[]string{"ES", "NQ"},
			unknown("NQ"),
			map[string]ledger.CellState{"ES 1d": ledger.CellStored, "NQ 1d": ledger.CellFailed},
			ledger.StatePartial,
		},
		"a contract that is over, beside one that is answered": {
			[]string{"ES", "ESM26"},
			[]string{"ES", "ESM26"},
			unknown("ESM26"),
			map[string]ledger.CellState{"ES 1d": ledger.CellStored, "ESM26 1d": ledger.CellUnavailable},
			ledger.StateDone,
		},
		"a contract that is not over yet": {
			[]string{"ES", "ESU26"},
			[]string{"ES", "ESU26"},
			unknown("ESU26"),
			map[string]ledger.CellState{"ES 1d": ledger.CellStored, "ESU26 1d": ledger.CellFailed},
			ledger.StatePartial,
		},
		"a contract that is over answers nothing, beside one that is answered": {
			[]string{"ES", "ESM26"},
			[]string{"ES", "ESM26"},
			func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
				if r.Instrument.Name == "ESM26" {
					return nothing(r)
				}
				return nil, nil
			},
			map[string]ledger.CellState{"ES 1d": ledger.CellStored, "ESM26 1d": ledger.CellUnavailable},
			ledger.StateDone,
		},
		"others fail, so that nothing proves that it answers": {
			nil,
			[]string{"ES", "OCDO.L"},
			func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
				if r.Instrument.Name == "ES" {
					return refuse(r, market.OutcomeUpstream, 0)
				}
				return refuse(r, market.OutcomeNotFound, 0)
			},
			map[string]ledger.CellState{"ES 1d": ledger.CellFailed, "OCDO.L 1d": ledger.CellFailed},
			ledger.StateFailed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := at(t, importTime)
			b := newBench(t, func() time.Time { return now })
			if len(c.before) > 0 {
				now = now.AddDate(0, 0, -1)
				b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, c.before...), Timeframes: daily})
				now = at(t, importTime)
			}
			bars := len(b.archive.bars)
			b.provider.script = c.knows
			report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, c.keeps...), Timeframes: daily})
			if report.Run.State != c.state {
				t.Errorf("the run is %s: %s, want %s", report.Run.State, report.Run.Reason, c.state)
			}
			for series, want := range c.want {
				if got := cell(t, report, series); got.State != want || got != b.archive.cells[series] {
					t.Errorf("%s is %s (%s), in the ledger %s; want %s", series, got.State, got.Reason, b.archive.cells[series].State, want)
				}
			}
			if len(b.archive.bars) < bars {
				t.Error("something that was stored is gone")
			}
		})
	}
}

// TestNoCellIsUnavailableBeforeItIsProved: a process that dies before the end of its run leaves no such evidence.
func TestNoCellIsUnavailableBeforeItIsProved(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	b.config.Fetchers = 1
	b.provider.script = func(r market.FetchRequest, n int) (*market.FetchResult, error) {
		if r.Instrument.Name == "OCDO.L" {
			return refuse(r, market.OutcomeNotFound, 0)
		}
		b.archive.mu.Lock()
		defer b.archive.mu.Unlock()
		if c, ok := b.archive.cells["OCDO.L 1d"]; ok {
			t.Errorf("before request %d the ledger says that OCDO.L is %s", n, c.State)
		}
		return nil, nil
	}
	report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "OCDO.L", "ES", "NQ"), Timeframes: []market.Timeframe{market.D1}})
	if report.Run.State != ledger.StateDone || b.archive.cells["OCDO.L 1d"].State != ledger.CellUnavailable {
		t.Errorf("%s, %+v", report.Run.State, b.archive.cells["OCDO.L 1d"])
	}
}

// TestAWitnessOfEarlierAttempts: what was added since is all that is left, and the provider does not know it.
func TestAWitnessOfEarlierAttempts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		knows func(market.FetchRequest, int) (*market.FetchResult, error)
		want  ledger.CellState
	}{
		"the provider answers":    {unknown("OCDO.L"), ledger.CellUnavailable},
		"it knows nothing at all": {unknown(), ledger.CellFailed},
		"it answers with nothing": {func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
			if r.Instrument.Name == "OCDO.L" {
				return refuse(r, market.OutcomeNotFound, 0)
			}
			return nothing(r)
		}, ledger.CellFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, fixed(at(t, importTime)))
			engine, err := syncer.New(b.config)
			if err != nil {
				t.Fatal(err)
			}
			run := ledger.Run{ID: 7, Job: ledger.JobImport}
			daily := []market.Timeframe{market.D1}
			first, err := cells(engine.RunOnce(t.Context(), run, syncer.Request{Instruments: resolve(t, "ES"), Timeframes: daily}, nil, b.emit))
			if err != nil {
				t.Fatal(err)
			}
			stored := b.archive.cells["ES 1d"]
			b.provider.script, b.provider.asked = c.knows, nil
			second, err := cells(engine.RunOnce(t.Context(), run, syncer.Request{Instruments: resolve(t, "ES", "OCDO.L"), Timeframes: daily}, first, b.emit))
			if err != nil || len(second) != 1 || second[0].Instrument != "OCDO.L" || second[0].State != c.want {
				t.Errorf("%+v, %v; want OCDO.L alone, %s", second, err, c.want)
			}
			if len(b.provider.asked) != 2 || b.archive.cells["ES 1d"] != stored {
				t.Errorf("%d requests, the witness' cell became %+v", len(b.provider.asked), b.archive.cells["ES 1d"])
			}
		})
	}
}

// TestATimeframeAddedSinceCostsNoRequest: its base was imported for this slot.
func TestATimeframeAddedSinceCostsNoRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	engine, err := syncer.New(b.config)
	if err != nil {
		t.Fatal(err)
	}
	run := ledger.Run{ID: 7, Job: ledger.JobImport}
	request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.H1, market.H4}}
	first, err := cells(engine.RunOnce(t.Context(), run, request, nil, b.emit))
	if err != nil || len(first) != 2 {
		t.Fatal(first, err)
	}
	stored := b.archive.cells["ES 1h"]
	asked := len(b.provider.asked)
	request.Timeframes = append(request.Timeframes, market.H2, market.H12)
	second, err := cells(engine.RunOnce(t.Context(), run, request, first, b.emit))
	if err != nil || len(second) != 2 || len(b.provider.asked) != asked {
		t.Fatalf("%+v, %v, with %d requests more; want cells of 2h and 12h and no request", second, err, len(b.provider.asked)-asked)
	}
	for _, c := range second {
		series := market.Series{Instrument: c.Instrument, Timeframe: market.Timeframe(c.Timeframe)}
		want := market.Resample(pick(b.archive.bars[market.Series{Instrument: "ES", Timeframe: market.H1}], market.Window{From: at(t, "2000-01-01T00:00:00Z"), To: at(t, "2100-01-01T00:00:00Z")}),
			market.H1, series.Timeframe, request.Instruments[0].Calendar, b.config.Now())
		if c.State != ledger.CellStored || c.Inserted != want.Len() || want.Len() < 50 || len(b.archive.bars[series]) != want.Len() || !strings.Contains(c.Reason, "imported before") {
			t.Errorf("%s: %+v, %d bars; want %d", c.Series(), c, len(b.archive.bars[series]), want.Len())
		}
	}
	if b.archive.cells["ES 1h"] != stored {
		t.Error("the base has a second cell")
	}
}
