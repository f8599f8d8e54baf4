package syncer_test

import (
	"bytes"
	"context"
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

// TestTheLogTellsSeriesApart: what failed is an error, what the provider has not is a warning, and the rest is neither. Alarms
// are set on the level.
func TestTheLogTellsSeriesApart(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	var log bytes.Buffer
	b.config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
		switch r.Instrument.Name {
		case "NQ":
			return refuse(r, market.OutcomeUpstream, 0)
		case "OCDO.L":
			return refuse(r, market.OutcomeNotFound, 0)
		}
		return nil, nil
	}
	b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES", "NQ", "OCDO.L"), Timeframes: []market.Timeframe{market.D1}})
	for series, want := range map[string]string{
		"NQ 1d": `level=ERROR msg="series failed"`, "OCDO.L 1d": `level=WARN msg="series unavailable"`,
		"ES 1d": `level=INFO msg="Backfill complete`,
	} {
		found := false
		for line := range strings.Lines(log.String()) {
			found = found || strings.Contains(line, want) && strings.Contains(line, `series="`+series+`"`)
		}
		if !found {
			t.Errorf("no line of %s says %s:\n%s", series, want, &log)
		}
	}
}

// mute is an archive that takes no evidence beside a transaction.
type mute struct{ *memory }

func (mute) RecordCell(context.Context, ledger.Run, ledger.Cell) error { return errDisk }

// TestWhatIsDownIsToldOnce, however many series meet it: a report of a thousand equal lines hides the others.
func TestWhatIsDownIsToldOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	b.config.Archive, b.archive.broken = mute{b.archive}, errDisk
	b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
		return refuse(r, market.OutcomeUpstream, 0)
	}
	report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES", "NQ", "CL"), Timeframes: []market.Timeframe{market.D1}})
	if len(report.Cells) != 3 || len(report.Faults) != 2 {
		t.Errorf("%d cells, faults %q", len(report.Cells), report.Faults)
	}
	for i, what := range []string{"coverage not recorded", "evidence not recorded"} {
		if i < len(report.Faults) && (!strings.Contains(report.Faults[i], what) || !strings.Contains(report.Faults[i], errDisk.Error())) {
			t.Errorf("faults %q", report.Faults)
		}
	}
}

// TestTheSeriesAreReadOnceARun: at a thousand of them one question each would be the slowest part of a run that changes nothing.
func TestTheSeriesAreReadOnceARun(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	b.config.Archive = &faulty{memory: b.archive, op: "states", n: 1, times: 1000}
	b.config.Leases, b.config.Fetchers = &queue{}, 1
	report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES", "NQ", "CL"), Timeframes: []market.Timeframe{market.D1}})
	if report.Run.State != ledger.StateDone || len(report.Cells) != 3 {
		t.Errorf("%s: %s", report.Run.State, report.Run.Reason)
	}
}

// TestAPauseThatTheProviderWantsIsTold: which series waits, for what, and until when, so that nobody takes it for a hang.
func TestAPauseThatTheProviderWantsIsTold(t *testing.T) {
	t.Parallel()
	for outcome, c := range map[market.Outcome]struct{ after, pause time.Duration }{
		market.OutcomeThrottled:   {10 * time.Minute, 10 * time.Minute},
		market.OutcomeBudget:      {time.Hour, time.Hour},
		market.OutcomeCircuitOpen: {0, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, time.Now)
			b.provider.script = func(r market.FetchRequest, n int) (*market.FetchResult, error) {
				if n == 0 {
					return refuse(r, outcome, c.after)
				}
				return nil, nil
			}
			var mu sync.Mutex
			var told []ledger.Event
			b.emit = func(e ledger.Event) {
				mu.Lock()
				defer mu.Unlock()
				if e.Kind == ledger.EventWaiting {
					told = append(told, e)
				}
			}
			began := time.Now()
			report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}})
			if report.Run.State != ledger.StateDone || time.Since(began) != c.pause {
				t.Errorf("%s: %s after %s, want done after %s", outcome, report.Run.State, time.Since(began), c.pause)
			}
			if len(told) != 1 || told[0].Series != "ES 1d" || told[0].Waiting != string(outcome) || !told[0].Until.Equal(began.Add(c.pause)) {
				t.Errorf("%s: told was %+v", outcome, told)
			}
		})
	}
}

// TestEachSeriesThatWasHeldIsPlannedForItself: of several that another process held, each gets its own bars.
func TestEachSeriesThatWasHeldIsPlannedForItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, time.Now)
		b.config.Leases = &queue{refuse: 6}
		report := b.run(t, t.Context(), syncer.Request{
			Instruments: resolve(t, "ES", "NQ", "CL"), Timeframes: []market.Timeframe{market.D1, market.W1},
		})
		if report.Run.State != ledger.StateDone || len(report.Cells) != 6 || len(b.archive.bars) != 6 || len(b.provider.asked) != 3 {
			t.Errorf("%s: %v, %d series are stored after %d requests", report.Run.State, states(report.Cells), len(b.archive.bars), len(b.provider.asked))
		}
	})
}

// TestTheReasonsOfWhatIsUnknown say what the provider said, and why that is or is not the last word.
func TestTheReasonsOfWhatIsUnknown(t *testing.T) {
	t.Parallel()
	now := at(t, importTime)
	b := newBench(t, func() time.Time { return now })
	daily := []market.Timeframe{market.D1}
	for _, day := range []string{"2026-06-17T14:05:00-07:00", "2026-08-18T14:05:00-07:00"} { // while ESM26 trades, and yesterday
		now = at(t, day)
		b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES", "AAPL", "ESM26"), Timeframes: daily})
	}
	now = at(t, importTime)
	b.provider.script = unknown("NQ", "AAPL", "ESM26", "OCDO.L")
	report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES", "NQ", "AAPL", "ESM26", "OCDO.L"), Timeframes: daily})
	for series, want := range map[string]struct {
		state ledger.CellState
		says  string
	}{
		"NQ 1d":     {ledger.CellFailed, "a listed future always has a front month, so it is asked again"},
		"AAPL 1d":   {ledger.CellFailed, "bars of it are stored up to 2026-08-18 04:00 UTC, so it is asked again"},
		"ESM26 1d":  {ledger.CellUnavailable, "the contract is over; its last bar is of 2026-06-17"},
		"OCDO.L 1d": {ledger.CellUnavailable, "scripted"},
	} {
		if c := cell(t, report, series); c.State != want.state || !strings.Contains(c.Reason, want.says) || c.Requests > 0 && !strings.Contains(c.Reason, "scripted") {
			t.Errorf("%s is %s: %q, want %s because %q", series, c.State, c.Reason, want.state, want.says)
		}
	}
	if text := fmt.Sprint(report.Faults); text != "[]" {
		t.Errorf("faults %s", text)
	}
}
