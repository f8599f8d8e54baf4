package syncer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

func TestCancellingKeepsWhatIsCommitted(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	ctx, cancel := context.WithCancel(t.Context())
	b.config.Fetchers = 1
	b.archive.barrier = cancel // the first commit still succeeds
	report := b.run(t, ctx, syncer.Request{Instruments: resolve(t, "ES", "NQ", "CL"), Timeframes: []market.Timeframe{market.D1, market.M5}})
	stored := 0
	for _, c := range report.Cells {
		bars := b.archive.bars[market.Series{Instrument: c.Instrument, Timeframe: market.Timeframe(c.Timeframe)}]
		if c.State == ledger.CellStored {
			stored++
		}
		if c.Inserted != len(bars) {
			t.Errorf("%s %s says %d inserted, the archive holds %d", c.Instrument, c.Timeframe, c.Inserted, len(bars))
		}
	}
	if stored == 0 {
		t.Error("nothing was stored before the cancellation took effect")
	}
}

// TestStoppingIsNoFailure: what is left has no evidence and no line of its own in the log, and the run says how much it is.
func TestStoppingIsNoFailure(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	var log bytes.Buffer
	b.config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	b.config.Fetchers = 1
	ctx, cancel := context.WithCancel(t.Context())
	b.archive.barrier = cancel // the first commit still succeeds
	engine, err := syncer.New(b.config)
	if err != nil {
		t.Fatal(err)
	}
	request := syncer.Request{Instruments: resolve(t, "ES", "NQ", "CL", "GC"), Timeframes: []market.Timeframe{market.D1, market.M5}}
	report, err := engine.RunOnce(ctx, ledger.Run{ID: 7, Started: at(t, importTime)}, request, nil, b.emit)
	left := 8 - len(report.Cells)
	if !errors.Is(err, context.Canceled) || left < 5 || !strings.Contains(err.Error(), fmt.Sprintf("%d of 8 base series are left", left)) {
		t.Errorf("%d cells, %v, want an error that says what is left", len(report.Cells), err)
	}
	for series, c := range b.archive.cells {
		if !c.State.OK() {
			t.Errorf("%s is recorded as %s: %s", series, c.State, c.Reason)
		}
	}
	if text := log.String(); strings.Contains(text, "level=ERROR") || strings.Contains(text, "0001-01-01") || !strings.Contains(text, fmt.Sprintf("left=%d", left)) {
		t.Errorf("the log says:\n%s", text)
	}
}

// TestADeadlineThatHasPassedIsAFailure of what is left.
func TestADeadlineThatHasPassedIsAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, time.Now)
		b.deadline = time.Minute
		b.config.Fetchers = 1
		b.provider.script = func(market.FetchRequest, int) (*market.FetchResult, error) {
			time.Sleep(40 * time.Second)
			return nil, nil
		}
		report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES", "NQ", "CL"), Timeframes: []market.Timeframe{market.D1}})
		if report.Run.State != ledger.StatePartial || len(report.Cells) != 3 {
			t.Errorf("%s with %d cells, want partial with three", report.Run.State, len(report.Cells))
		}
	})
}

// TestTheEventsOfARun tell of every base series.
func TestTheEventsOfARun(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	var mu sync.Mutex
	var progress ledger.Progress
	seen := map[string][]ledger.EventKind{}
	b.emit = func(e ledger.Event) {
		mu.Lock()
		defer mu.Unlock()
		progress = progress.After(e)
		seen[e.Series] = append(seen[e.Series], e.Kind)
	}
	b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
		if r.Instrument.Name == "NQ" {
			return refuse(r, market.OutcomeUpstream, 0)
		}
		return nil, nil
	}
	report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES", "NQ"), Timeframes: []market.Timeframe{market.H1, market.H4}})
	if progress.Tasks != 2 || progress.Ended != 2 || progress.Failed != 1 || progress.Inserted != report.Inserted() ||
		progress.Requests != report.Requests {
		t.Errorf("progress %+v, the report has %d bars and %d requests", progress, report.Inserted(), report.Requests)
	}
	for _, series := range []string{"ES 1h", "NQ 1h"} {
		if got := fmt.Sprint(seen[series]); got != "[task cells]" {
			t.Errorf("events of %s: %s", series, got)
		}
	}
	if got := fmt.Sprint(seen[""]); got != "[planned]" {
		t.Errorf("events of the run: %s", got)
	}
}
