package syncer_test

import (
	"testing"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

// TestTheBaseIsReadOnce: however many timeframes derive from it, and once more where an answer is compared with it; what is
// stored of all series is asked once.
func TestTheBaseIsReadOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	request := syncer.Request{
		Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.H1, market.H2, market.H4, market.H12},
	}
	for run := 1; run <= 2; run++ {
		clear(b.archive.reads)
		clear(b.archive.states)
		report := b.run(t, t.Context(), request)
		if report.Run.State != ledger.StateDone {
			t.Fatalf("run %d: %s", run, report.Run.State)
		}
		if n := b.archive.reads[market.Series{Instrument: "ES", Timeframe: market.H1}]; n != run || len(b.archive.reads) != 1 {
			t.Errorf("run %d reads bars of %v, want those of the base %d times", run, b.archive.reads, run)
		}
		if n := b.archive.states[market.Series{Instrument: "ES"}]; n != 1 || len(b.archive.states) > 3 {
			t.Errorf("run %d asks for states of %v, want those of all series once, and those of the base and of its days", run, b.archive.states)
		}
		for _, timeframe := range request.Timeframes {
			series := market.Series{Instrument: "ES", Timeframe: timeframe}
			state, _, _ := b.archive.State(t.Context(), series)
			if c := cell(t, report, series.String()); !c.Newest.Equal(state.Newest) {
				t.Errorf("run %d says that the newest bar of %s is at %s, want %s", run, series, c.Newest, state.Newest)
			}
		}
	}
}

// TestTheCacheHasTheVersionOfItsBars: a reader compares it with that of the series.
func TestTheCacheHasTheVersionOfItsBars(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	b.config.CacheLen = 7
	request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1, market.W1}}
	for run := 1; run <= 2; run++ {
		b.run(t, t.Context(), request)
		for _, timeframe := range request.Timeframes {
			series := market.Series{Instrument: "ES", Timeframe: timeframe}
			state, _, _ := b.archive.State(t.Context(), series)
			bars := b.cache.bars[series]
			if b.cache.version[series] != state.Version || bars.Len() != 7 || bars.At(6).Start != state.Newest {
				t.Errorf("run %d caches version %d with %d bars, want version %d with the newest 7", run, b.cache.version[series],
					bars.Len(), state.Version)
			}
		}
	}
}

// TestBarsOfNoKnownVersionAreNotCached: another process commits while they are read.
func TestBarsOfNoKnownVersionAreNotCached(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	b.archive.onPage = func(series market.Series) { b.archive.version[series]++ }
	report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}})
	if report.Run.State != ledger.StateDone || len(report.Faults) != 0 {
		t.Errorf("run %s with faults %q, want done and none", report.Run.State, report.Faults)
	}
	if len(b.cache.bars) != 0 {
		t.Errorf("the cache has version %v", b.cache.version)
	}
}
