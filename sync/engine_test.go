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

// fixed is a clock that stands.
func fixed(t time.Time) func() time.Time { return func() time.Time { return t } }

func TestBackfillThenNothingNew(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	var log bytes.Buffer
	b.config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1, market.W1, market.H1, market.H4}}
	first := b.run(t, t.Context(), request)
	if first.Run.State != ledger.StateDone || first.Requests != 2 {
		t.Fatalf("first run %s with %d requests, want done with 2", first.Run.State, first.Requests)
	}
	day := cell(t, first, "ES 1d")
	if day.Inserted < 250 || day.Inserted != day.Fetched || day.Changed+day.Unchanged != 0 {
		t.Errorf("ES 1d %+v, want about 252 bars, all inserted", day)
	}
	if want := at(t, "2026-08-19T04:00:00Z"); !day.Newest.Equal(want) {
		t.Errorf("newest ES 1d %s, want today's session, which closed at 14:00 Pacific", day.Newest)
	}
	four := cell(t, first, "ES 4h")
	if want := at(t, "2026-08-19T18:00:00Z"); four.Inserted == 0 || !four.Newest.Equal(want) {
		t.Errorf("ES 4h %+v, want its newest bar at %s", four, want)
	}
	for _, want := range []string{
		"Backfilling 365 days for ES 1d - zero records detected", "Backfilling 60 days for ES 1h - zero records detected",
		fmt.Sprintf("Backfill complete: %d candles added", day.Inserted), "from.utc=", "from.pacific=",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
	log.Reset()
	second := b.run(t, t.Context(), request)
	if second.Run.State != ledger.StateDone || second.Inserted() != 0 {
		t.Errorf("second run %s inserted %d, want done and none", second.Run.State, second.Inserted())
	}
	for _, c := range second.Cells {
		if c.Changed != 0 || c.Unchanged == 0 {
			t.Errorf("second run of %s %s: %d changed, %d unchanged", c.Instrument, c.Timeframe, c.Changed, c.Unchanged)
		}
	}
	if strings.Contains(log.String(), "Backfill") {
		t.Error("the log of an ordinary sync speaks of a backfill")
	}
	if b.cache.bars[market.Series{Instrument: "ES", Timeframe: market.H4}].Len() == 0 {
		t.Error("the newest derived bars are not in the cache")
	}
}

func TestAFailedCellStopsNoOther(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
		switch r.Instrument.Name {
		case "NQ":
			return refuse(r, market.OutcomeUpstream, 0)
		case "OCDO.L":
			return refuse(r, market.OutcomeNotFound, 0)
		case "GC":
			return nothing(r)
		}
		return nil, nil
	}
	request := syncer.Request{Instruments: resolve(t, "ES", "NQ", "OCDO.L", "GC"), Timeframes: []market.Timeframe{market.M15, market.M30}}
	report := b.run(t, t.Context(), request)
	if report.Run.State != ledger.StatePartial {
		t.Errorf("run %s, want partial", report.Run.State)
	}
	for series, want := range map[string]ledger.CellState{
		"ES 15m": ledger.CellStored, "ES 30m": ledger.CellStored, "NQ 15m": ledger.CellFailed, "NQ 30m": ledger.CellFailed,
		"OCDO.L 15m": ledger.CellUnavailable, "GC 15m": ledger.CellEmpty, "GC 30m": ledger.CellEmpty,
	} {
		if got := cell(t, report, series); got.State != want || got != b.archive.cells[series] {
			t.Errorf("%s: %s, in the ledger %s, want %s in both", series, got.State, b.archive.cells[series].State, want)
		}
	}
}

func TestNothingForEverySeriesIsNoSuccess(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) { return nothing(r) }
	report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES", "AAPL"), Timeframes: market.Timeframes()})
	if report.Run.State != ledger.StateFailed {
		t.Errorf("run %s, want failed", report.Run.State)
	}
}

func TestAnOpenBreakerIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, time.Now)
		b.provider.script = func(r market.FetchRequest, n int) (*market.FetchResult, error) {
			if n < 3 {
				return refuse(r, market.OutcomeCircuitOpen, time.Minute)
			}
			return nil, nil
		}
		began := time.Now()
		request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}}
		report := b.run(t, t.Context(), request)
		if report.Run.State != ledger.StateDone || time.Since(began) != 3*time.Minute {
			t.Errorf("run %s after %s, want done after three minutes", report.Run.State, time.Since(began))
		}
		b.deadline = 90 * time.Second
		b.provider.asked = nil
		report = b.run(t, t.Context(), request)
		if c := cell(t, report, "ES 1d"); c.State != ledger.CellFailed || !strings.Contains(c.Reason, "circuit open") {
			t.Errorf("with a deadline before the breaker closes: %s (%s), want failed", c.State, c.Reason)
		}
	})
}

// TestAProviderThatFailsWhateverItIsAsked is waited for by a worker's run for ten minutes, and by a person's not at all.
func TestAProviderThatFailsWhateverItIsAsked(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]time.Duration{"schedule": 11 * time.Minute, "sync": 0} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, time.Now)
			b.entry = entry
			b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
				return nil, &market.FetchError{
					Outcome: market.OutcomeCircuitOpen, Reason: "the provider fails (HTTP 503)", RetryAfter: time.Minute, Failing: true,
				}
			}
			began := time.Now()
			report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}})
			if took := time.Since(began); report.Run.State != ledger.StateFailed || took != want {
				t.Errorf("%s: run %s after %s, want failed after %s", entry, report.Run.State, took, want)
			}
		})
	}
}

func TestAnArchiveThatComesBackLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, time.Now)
		b.archive.down = 4
		request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1, market.W1}}
		report := b.run(t, t.Context(), request)
		day := cell(t, report, "ES 1d")
		if report.Run.State != ledger.StateDone || len(b.provider.asked) != 1 {
			t.Errorf("run %s with %d requests, want done with the one that was paid for", report.Run.State, len(b.provider.asked))
		}
		series := market.Series{Instrument: "ES", Timeframe: market.D1}
		if day.Inserted != len(b.archive.bars[series]) || day.Fetched != day.Inserted {
			t.Errorf("evidence %d fetched, %d inserted, archive %d: failed tries must not count", day.Fetched, day.Inserted, len(b.archive.bars[series]))
		}
		b.archive.down = 1000
		b.provider.price = 1 // every bar changes
		report = b.run(t, t.Context(), request)
		if c := cell(t, report, "ES 1d"); c.State != ledger.CellFailed || c.Changed != 0 {
			t.Errorf("with the archive gone: %s, %d changed, want failed and none", c.State, c.Changed)
		}
	})
}

func TestACacheThatIsDownCostsNoData(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	b.cache.down = true
	report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}})
	if report.Run.State != ledger.StateDone || len(report.Faults) != 1 || !strings.Contains(report.Faults[0], "cache not refreshed") {
		t.Errorf("run %s, faults %q, want done with one fault", report.Run.State, report.Faults)
	}
}

func TestDerivedBarsFollowTheirBase(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.H1, market.H4}}
	b.run(t, t.Context(), request)
	b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) { // one hour was revised
		bars := market.NewCandles(1)
		bar := b.archive.bars[market.Series{Instrument: "ES", Timeframe: market.H1}][at(t, "2026-08-18T15:00:00Z").Unix()]
		bar.High = 9999
		bars.Append(bar)
		return &market.FetchResult{Outcome: market.OutcomeBars, Candles: bars, Window: r.Window, Rows: 1, Requests: 1}, nil
	}
	report := b.run(t, t.Context(), request)
	if c := cell(t, report, "ES 4h"); c.Changed != 1 || c.Inserted != 0 {
		t.Errorf("ES 4h %d changed, %d inserted, want exactly the one bar whose hour changed", c.Changed, c.Inserted)
	}
	start := at(t, "2026-08-18T14:00:00Z") // 10:00 New York, the fifth 4h bar since 18:00
	bar := b.archive.bars[market.Series{Instrument: "ES", Timeframe: market.H4}][start.Unix()]
	if bar.High != 9999 {
		t.Errorf("the 4h bar at %s has high %g, want 9999", start, bar.High)
	}
	request.Timeframes = []market.Timeframe{market.H12} // never kept before: built from all of its base
	report = b.run(t, t.Context(), request)
	if c := cell(t, report, "ES 12h"); c.Inserted < 80 {
		t.Errorf("ES 12h got %d bars, want those of 60 days", c.Inserted)
	}
}

func TestWhatIsBeyondTheWindowIsSaid(t *testing.T) {
	t.Parallel()
	now := at(t, importTime)
	b := newBench(t, fixed(now))
	series := market.Series{Instrument: "ES", Timeframe: market.M5}
	old := now.AddDate(0, 0, -90).Truncate(time.Minute)
	b.archive.bars[series] = map[int64]market.Candle{old.Unix(): {Start: old, Open: 1, High: 1, Low: 1, Close: 1}}
	report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.M5}})
	if c := cell(t, report, "ES 5m"); c.State != ledger.CellStored || !strings.Contains(c.Reason, "30 days are beyond the provider's window") {
		t.Errorf("%s: %q, want stored, with the lost days named", c.State, c.Reason)
	}
}

// queue is a lease that another process holds for a while.
type queue struct {
	mu       sync.Mutex
	refuse   int
	taken    int
	extended int
	given    int
	token    string // of the holder
	err      error
}

func (q *queue) Acquire(_ context.Context, _, token string, _ time.Duration) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return false, q.err
	}
	if q.refuse > 0 {
		q.refuse--
		return false, nil
	}
	q.taken++
	q.token = token
	return true, nil
}

func (q *queue) Extend(_ context.Context, _, token string, _ time.Duration) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.extended++
	return token == q.token, nil
}

func (q *queue) Release(_ context.Context, _, token string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if token == q.token {
		q.given++
	}
	return nil
}

func TestASeriesHeldByAnotherIsPlannedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, time.Now)
		leases := &queue{refuse: 3}
		b.config.Leases = leases
		request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}}
		other := newBench(t, time.Now)
		other.archive = b.archive
		other.config.Archive = b.archive
		b.emit = func(e ledger.Event) { // while it waits, the other process fills the series
			if e.Kind == ledger.EventWaiting {
				other.run(t, t.Context(), request)
			}
		}
		report := b.run(t, t.Context(), request)
		if c := cell(t, report, "ES 1d"); c.Inserted != 0 || c.Reason != string(syncer.ReasonUpdate) || c.Fetched > 10 {
			t.Errorf("after waiting: %+v, want a small update instead of a second backfill", c)
		}
		if leases.taken != 1 || leases.given != 1 {
			t.Errorf("lease taken %d times, given back %d", leases.taken, leases.given)
		}
		b.config.Leases = &queue{err: errors.New("redis is gone")}
		if report := b.run(t, t.Context(), request); report.Run.State != ledger.StateDone || len(report.Faults) != 1 {
			t.Errorf("without leases: %s, faults %q, want done with one fault", report.Run.State, report.Faults)
		}
	})
}

// slow is a provider that takes its time.
type slow struct {
	*scripted
	time.Duration
}

func (p slow) Fetch(ctx context.Context, request market.FetchRequest) (*market.FetchResult, error) {
	time.Sleep(p.Duration)
	return p.scripted.Fetch(ctx, request)
}

func TestALeaseLivesAsLongAsItsTask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, leases := newBench(t, time.Now), &queue{}
		b.config.Leases, b.config.Provider = leases, slow{b.provider, 5 * time.Minute}
		b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}})
		if leases.taken != 1 || leases.extended < 29 || leases.extended > 30 || leases.given != 1 {
			t.Errorf("taken %d times, extended %d, given back %d; want 1, 29 or 30, 1", leases.taken, leases.extended, leases.given)
		}
	})
}

func TestEngineRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	if _, err := syncer.New(syncer.Config{}); err == nil {
		t.Error("an engine without parts was accepted")
	}
	b := newBench(t, fixed(at(t, importTime)))
	b.config.Capabilities.Source = ""
	if _, err := syncer.New(b.config); err == nil || !strings.Contains(err.Error(), "the source has no name") {
		t.Errorf("got %v, want an error that says what the capabilities lack", err)
	}
	b = newBench(t, fixed(at(t, importTime)))
	b.config.Writers = -1
	if _, err := syncer.New(b.config); err == nil || !strings.Contains(err.Error(), "Writers -1") {
		t.Errorf("got %v, want an error that names Writers", err)
	}
}
