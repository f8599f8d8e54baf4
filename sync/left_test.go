package syncer_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

// attempt carries out one attempt of a slot, after which the ledger has the cells done.
func attempt(t testing.TB, b *bench, request syncer.Request, done []ledger.Cell) []ledger.Cell {
	t.Helper()
	engine, err := syncer.New(b.config)
	if err != nil {
		t.Fatal(err)
	}
	b.provider.asked = nil
	got, err := cells(engine.RunOnce(t.Context(), ledger.Run{ID: 7, Job: ledger.JobImport}, request, done, b.emit))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// states is each cell in short, sorted: "ES 1h stored".
func states(all []ledger.Cell) (short []string) {
	for _, c := range all {
		short = append(short, c.Series().String()+" "+string(c.State))
	}
	slices.Sort(short)
	return short
}

// TestWhatIsLeftOfATask: series that earlier attempts imported get no second cell, whichever of a task they are, and the base is
// asked for unless it is one of them.
func TestWhatIsLeftOfATask(t *testing.T) {
	t.Parallel()
	cell := func(timeframe market.Timeframe, state ledger.CellState) ledger.Cell {
		return ledger.Cell{Instrument: "ES", Timeframe: string(timeframe), State: state}
	}
	for name, c := range map[string]struct {
		stored bool // the archive has the base
		done   []ledger.Cell
		want   []string
		asks   int
	}{
		"nothing was done": {true, nil, []string{"ES 1h stored", "ES 2h stored", "ES 4h stored"}, 1},
		"the base":         {true, []ledger.Cell{cell(market.H1, ledger.CellStored)}, []string{"ES 2h stored", "ES 4h stored"}, 0},
		"the base, as closed": {
			true, []ledger.Cell{cell(market.H1, ledger.CellClosed)}, []string{"ES 2h stored", "ES 4h stored"}, 0,
		},
		"the base and one": {
			true, []ledger.Cell{cell(market.H1, ledger.CellStored), cell(market.H4, ledger.CellStored)}, []string{"ES 2h stored"}, 0,
		},
		"a derived one": {true, []ledger.Cell{cell(market.H2, ledger.CellStored)}, []string{"ES 1h stored", "ES 4h stored"}, 1},
		"one failed": {
			true,
			[]ledger.Cell{cell(market.H1, ledger.CellStored), cell(market.H2, ledger.CellFailed), cell(market.H4, ledger.CellStored)},
			[]string{"ES 2h stored"},
			0,
		},
		"the base, of which the archive has nothing": { // it was restored from a copy that is older than the run
			false, []ledger.Cell{cell(market.H1, ledger.CellStored)}, []string{"ES 2h stored", "ES 4h stored"}, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, fixed(at(t, importTime)))
			if c.stored {
				attempt(t, b, syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.H1}}, nil)
			}
			clear(b.archive.cells)
			got := attempt(t, b, syncer.Request{
				Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.H1, market.H2, market.H4},
			}, c.done)
			if !slices.Equal(states(got), c.want) || len(b.archive.cells) != len(c.want) || len(b.provider.asked) != c.asks {
				t.Errorf("%v with %d requests, the ledger has %v; want %v with %d", states(got), len(b.provider.asked), b.archive.cells, c.want, c.asks)
			}
			for _, one := range got {
				series := market.Series{Instrument: "ES", Timeframe: market.Timeframe(one.Timeframe)}
				if held := len(b.archive.bars[series]); one.Series().Timeframe != "1h" && (one.Inserted != held || held < 100) {
					t.Errorf("%s says %d inserted, the archive holds %d", series, one.Inserted, held)
				}
				if (c.asks == 0) != strings.Contains(one.Reason, "imported before") {
					t.Errorf("%s: the reason is %q after %d requests", series, one.Reason, c.asks)
				}
			}
		})
	}
}

// TestWhatIsLeftFailsAlone: the evidence of what was imported before is not written over by the failure of the rest.
func TestWhatIsLeftFailsAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
		return refuse(r, market.OutcomeUpstream, 0)
	}
	done := []ledger.Cell{{Instrument: "ES", Timeframe: "2h", State: ledger.CellStored}}
	got := attempt(t, b, syncer.Request{
		Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.H1, market.H2, market.H4},
	}, done)
	if want := []string{"ES 1h failed", "ES 4h failed"}; !slices.Equal(states(got), want) || len(b.archive.cells) != 2 {
		t.Errorf("%v, the ledger has %v", states(got), b.archive.cells)
	}
}

// TestDerivedSeriesAloneProveNothing of the provider: it was not asked for them.
func TestDerivedSeriesAloneProveNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	hourly := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.H1}}
	done := attempt(t, b, hourly, nil)
	b.provider.script = unknown()
	got := attempt(t, b, syncer.Request{
		Instruments: resolve(t, "ES", "OCDO.L"), Timeframes: []market.Timeframe{market.H1, market.H4},
	}, done)
	want := []string{"ES 4h stored", "OCDO.L 1h failed", "OCDO.L 4h failed"}
	if !slices.Equal(states(got), want) {
		t.Errorf("%v, want %v", states(got), want)
	}
	for _, c := range got {
		if c.State == ledger.CellFailed && !strings.HasSuffix(c.Reason, "; no series of this run was answered, so this proves nothing") {
			t.Errorf("%s: %q", c.Series(), c.Reason)
		}
	}
}

// TestTheWitness is asked only where nothing else can show that the provider answers: once, for what is newest, and its requests
// count.
func TestTheWitness(t *testing.T) {
	t.Parallel()
	daily := []market.Timeframe{market.D1}
	for name, c := range map[string]struct {
		earlier, keeps []string
		knows          func(market.FetchRequest, int) (*market.FetchResult, error)
		want           []string
		asked          []string
	}{
		"of an earlier attempt": {
			[]string{"ES"}, []string{"ES", "OCDO.L"}, unknown("OCDO.L"), []string{"OCDO.L 1d unavailable"}, []string{"OCDO.L", "ES"},
		},
		"not where a series with records is left": {
			[]string{"ES"},
			[]string{"ES", "NQ", "OCDO.L"},
			unknown("OCDO.L"),
			[]string{"NQ 1d stored", "OCDO.L 1d unavailable"},
			[]string{"NQ", "OCDO.L"},
		},
		"never one that is over": {
			[]string{"ESM26"}, []string{"ESM26", "OCDO.L"}, unknown("OCDO.L"), []string{"OCDO.L 1d failed"}, []string{"OCDO.L"},
		},
		"that fails": {
			[]string{"ES"}, []string{"ES", "OCDO.L"}, func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
				if r.Instrument.Name == "ES" {
					return refuse(r, market.OutcomeUpstream, 0)
				}
				return refuse(r, market.OutcomeNotFound, 0)
			}, []string{"OCDO.L 1d failed"}, []string{"OCDO.L", "ES"},
		},
		"not where nothing is to be proved": {
			[]string{"ES"}, []string{"ES", "NQ"}, nil, []string{"NQ 1d stored"}, []string{"NQ"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, fixed(at(t, importTime)))
			b.config.Fetchers = 1
			if slices.Contains(c.keeps, "NQ") { // it has records of yesterday
				now := b.config.Now
				yesterday := fixed(at(t, importTime).AddDate(0, 0, -1))
				b.config.Now, b.provider.now = yesterday, yesterday
				attempt(t, b, syncer.Request{Instruments: resolve(t, "NQ"), Timeframes: daily}, nil)
				b.config.Now, b.provider.now = now, now
			}
			if c.earlier[0] == "ESM26" {
				b.archive.bars[market.Series{Instrument: "ESM26", Timeframe: market.D1}] = map[int64]market.Candle{
					at(t, "2026-06-18T04:00:00Z").Unix(): {Start: at(t, "2026-06-18T04:00:00Z"), Open: 1, High: 1, Low: 1, Close: 1},
				}
			}
			done := attempt(t, b, syncer.Request{Instruments: resolve(t, c.earlier...), Timeframes: daily}, nil)
			for i := range done {
				done[i].State = ledger.CellStored
			}
			b.provider.script, b.provider.asked = c.knows, nil
			engine, err := syncer.New(b.config)
			if err != nil {
				t.Fatal(err)
			}
			report, err := engine.RunOnce(t.Context(), ledger.Run{ID: 7}, syncer.Request{Instruments: resolve(t, c.keeps...), Timeframes: daily}, done, b.emit)
			var asked []string
			for _, r := range b.provider.asked {
				asked = append(asked, r.Instrument.Name)
			}
			slices.Sort(asked)
			want := slices.Sorted(slices.Values(c.asked))
			if err != nil || !slices.Equal(states(report.Cells), c.want) || !slices.Equal(asked, want) || report.Requests != len(want) {
				t.Errorf("%v, %v after asking for %v, %d requests; want %v, asking for %v", states(report.Cells), err, asked, report.Requests,
					c.want, want)
			}
			if failed := name == "that fails"; failed != (len(report.Faults) == 1) {
				t.Errorf("faults %q", report.Faults)
			}
		})
	}
}

// TestAStoppedRunProvesNothing: what it did not get to prove is left to the next one, without evidence.
func TestAStoppedRunProvesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, fixed(at(t, importTime)))
		b.config.Fetchers = 1
		done := attempt(t, b, syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}}, nil)
		ctx, stop := context.WithCancel(t.Context())
		b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
			stop()
			return refuse(r, market.OutcomeNotFound, 0)
		}
		b.provider.asked = nil
		engine, err := syncer.New(b.config)
		if err != nil {
			t.Fatal(err)
		}
		request := syncer.Request{Instruments: resolve(t, "ES", "OCDO.L"), Timeframes: []market.Timeframe{market.D1}}
		report, err := engine.RunOnce(ctx, ledger.Run{ID: 7}, request, done, b.emit)
		if err == nil || !strings.Contains(err.Error(), "1 of 1 base series are left") || len(report.Cells) != 0 || len(b.provider.asked) != 1 {
			t.Errorf("%+v, %v after %d requests", report.Cells, err, len(b.provider.asked))
		}
		if c, ok := b.archive.cells["OCDO.L 1d"]; ok {
			t.Errorf("the ledger says %+v", c)
		}
	})
}

// TestASeriesHeldByAnotherKeepsWhatIsLeft: it is planned again after the wait, and what earlier attempts imported stays out.
func TestASeriesHeldByAnotherKeepsWhatIsLeft(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		done market.Timeframe
		want []string
		asks int
	}{
		"a derived one was imported": {market.H2, []string{"ES 1h stored", "ES 4h stored"}, 1},
		"the base was":               {market.H1, []string{"ES 2h stored", "ES 4h stored"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, time.Now)
				request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.H1}}
				attempt(t, b, request, nil)
				clear(b.archive.cells)
				b.config.Leases = &queue{refuse: 3}
				request.Timeframes = []market.Timeframe{market.H1, market.H2, market.H4}
				got := attempt(t, b, request, []ledger.Cell{{Instrument: "ES", Timeframe: string(c.done), State: ledger.CellStored}})
				if !slices.Equal(states(got), c.want) || len(b.archive.cells) != len(c.want) || len(b.provider.asked) != c.asks {
					t.Errorf("%v with %d requests, want %v with %d", states(got), len(b.provider.asked), c.want, c.asks)
				}
			})
		})
	}
}
