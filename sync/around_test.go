package syncer_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
	syncer "barkeep/sync"
)

// TestASlotIsJudgedByWhatItsRunHasCellsFor: neither more, or it would never be done, nor less, or a series would be forgotten.
// And a request has as many tasks as it says.
func TestASlotIsJudgedByWhatItsRunHasCellsFor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		b := newBench(t, fixed(at(t, importTime)))
		b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) { return nothing(r) }
		request := syncer.Request{
			Instruments: resolve(t, rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"ES", "AAPL", "BTC-USD"}), 1, 3, rapid.ID[string]).Draw(r, "instruments")...),
			Timeframes:  rapid.SliceOfN(rapid.SampledFrom(market.Timeframes()), 1, 5).Draw(r, "timeframes"),
		}
		engine, err := syncer.New(b.config)
		if err != nil {
			t.Fatal(err)
		}
		report, err := engine.RunOnce(t.Context(), ledger.Run{ID: 7}, request, nil, b.emit)
		if err != nil {
			r.Fatal(err)
		}
		var series []ledger.Series
		for _, c := range report.Cells {
			series = append(series, c.Series())
		}
		kept := syncer.Kept(b.config.Capabilities, request.Instruments, request.Timeframes)
		if kept.Digest() != ledger.KeptOf(series...).Digest() {
			r.Fatalf("kept are %v, cells there are for %v", kept, series)
		}
		if n := engine.Tasks(request); n != len(report.Plan.Tasks) {
			r.Fatalf("%d tasks are told, %d are planned", n, len(report.Plan.Tasks))
		}
	})
}

// peeking is an archive of which reads of ES beside a transaction fail.
type peeking struct {
	*memory
	op string
}

func (p peeking) State(ctx context.Context, s market.Series) (market.SeriesState, bool, error) {
	if p.op == "state" && s.Instrument == "ES" {
		return market.SeriesState{}, false, errDisk
	}
	return p.memory.State(ctx, s)
}

func (p peeking) Page(ctx context.Context, s market.Series, w market.Window, n int, newest bool) (*market.Candles, error) {
	if p.op == "page" && s.Instrument == "ES" {
		return nil, errDisk
	}
	return p.memory.Page(ctx, s, w, n, newest)
}

// TestBarsThatCannotBeReadBackAreNotCached: the run is done, its report says what went wrong, and the cache keeps its old bars,
// which readers tell by their version.
func TestBarsThatCannotBeReadBackAreNotCached(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"state", "page"} {
		b := newBench(t, fixed(at(t, importTime)))
		b.config.Archive = peeking{b.archive, op}
		report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}})
		if report.Run.State != ledger.StateDone || len(report.Faults) != 1 || !strings.Contains(report.Faults[0], errDisk.Error()) || len(b.cache.bars) != 0 {
			t.Errorf("%s: %s, faults %q, %d series are cached", op, report.Run.State, report.Faults, len(b.cache.bars))
		}
	}
}

// TestAFaultOfTheArchiveHidesNoneOfTheCache: they are two, and for the first of them the cache is not left alone.
func TestAFaultOfTheArchiveHidesNoneOfTheCache(t *testing.T) {
	t.Parallel()
	for _, down := range []bool{false, true} {
		b := newBench(t, fixed(at(t, importTime)))
		b.config.Archive, b.config.Fetchers = peeking{b.archive, "state"}, 1
		b.cache.down = down
		report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES", "NQ"), Timeframes: []market.Timeframe{market.D1}})
		told := strings.Join(report.Faults, "\n")
		if strings.Contains(told, "cache not refreshed (NQ 1d)") != down || !strings.Contains(told, "archive not read for the cache (ES 1d)") ||
			(len(b.cache.bars) == 0) != down {
			t.Errorf("with the cache down %t: %d series are cached, faults\n%s", down, len(b.cache.bars), told)
		}
	}
}

// TestACacheThatIsDownIsLeftAlone for a while, so that a run of many series does not wait for it at each, and used again after.
func TestACacheThatIsDownIsLeftAlone(t *testing.T) {
	t.Parallel()
	now := at(t, importTime)
	var mu sync.Mutex
	b := newBench(t, func() time.Time { mu.Lock(); defer mu.Unlock(); return now })
	b.config.Fetchers = 1
	pages := 0
	b.archive.onPage = func(market.Series) { pages++ }
	b.cache.down = true
	report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES", "NQ", "CL", "GC"), Timeframes: []market.Timeframe{market.D1, market.W1}})
	if pages != 1 || len(report.Faults) != 1 || report.Run.State != ledger.StateDone {
		t.Errorf("it was tried %d times, faults %q", pages, report.Faults)
	}
	b.cache.down = true
	commits := 0
	b.archive.barrier = func() { // it comes back while the run goes on
		mu.Lock()
		defer mu.Unlock()
		if commits++; commits > 1 {
			b.cache.down, now = false, now.Add(20*time.Second)
		}
	}
	b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES", "NQ", "CL"), Timeframes: []market.Timeframe{market.D1}})
	if len(b.cache.bars) != 2 {
		t.Errorf("%d series are cached, want those after it came back", len(b.cache.bars))
	}
}

// TestStoppingWhileAnotherHoldsASeries: nothing of it is recorded, and no lease stays behind.
func TestStoppingWhileAnotherHoldsASeries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, time.Now)
		b.config.Leases = &queue{refuse: 1000}
		engine, err := syncer.New(b.config)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, stop)
		began, told := time.Now(), 0
		emit := func(e ledger.Event) {
			if e.Kind == ledger.EventWaiting {
				told++
			}
		}
		request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}}
		report, err := engine.RunOnce(ctx, ledger.Run{ID: 7}, request, nil, emit)
		if !errors.Is(err, context.Canceled) || len(report.Cells)+len(b.archive.cells)+len(b.provider.asked) != 0 || time.Since(began) != 3*time.Second {
			t.Errorf("after %s: %+v, %v", time.Since(began), report.Cells, err)
		}
		if told != 1 {
			t.Errorf("that it waits was told %d times", told)
		}
	})
}

// parting is a lease whose answer is lost because the run is stopped.
type parting struct {
	queue
	stop func()
}

// Release fails as Redis does when there is no time left for it.
func (p *parting) Release(ctx context.Context, name, token string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return p.queue.Release(ctx, name, token)
}

func (p *parting) Acquire(ctx context.Context, name, token string, ttl time.Duration) (bool, error) {
	_, _ = p.queue.Acquire(ctx, name, token, ttl)
	p.stop()
	return false, ctx.Err()
}

// TestALeaseThatMayHaveBeenWonIsGivenBack: else the next run would wait for it to run out.
func TestALeaseThatMayHaveBeenWonIsGivenBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	ctx, stop := context.WithCancel(t.Context())
	leases := &parting{stop: stop}
	b.config.Leases = leases
	report := b.run(t, ctx, syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}})
	if leases.taken != 1 || leases.given != 1 || len(report.Faults) != 0 || len(b.provider.asked) != 0 {
		t.Errorf("taken %d times, given back %d; faults %q, %d requests", leases.taken, leases.given, report.Faults, len(b.provider.asked))
	}
}

// TestTheArchiveIsGoneAfterTheWait for another process: the series failed, with its words, and the lease is given back.
func TestTheArchiveIsGoneAfterTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, time.Now)
		leases := &queue{refuse: 2}
		b.config.Leases = leases
		b.config.Archive = &faulty{memory: b.archive, op: "states", n: 1, times: 1}
		report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}})
		c := cell(t, report, "ES 1d")
		if c.State != ledger.CellFailed || !strings.Contains(c.Reason, errDisk.Error()) || len(b.provider.asked) != 0 || leases.given != 1 {
			t.Errorf("%+v after %d requests, the lease was given back %d times", c, len(b.provider.asked), leases.given)
		}
	})
}

// TestAnAnswerWithoutBarsIsJudgedByWhatWasAsked: where the market was closed all the while nothing was due.
func TestAnAnswerWithoutBarsIsJudgedByWhatWasAsked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, to string
		want     ledger.CellState
	}{
		"a weekend":             {"2026-08-15T00:00:00Z", "2026-08-16T00:00:00Z", ledger.CellClosed},
		"a weekend and an hour": {"2026-08-15T00:00:00Z", "2026-08-16T23:00:00Z", ledger.CellEmpty},
	} {
		b := newBench(t, fixed(at(t, importTime)))
		b.provider.script = func(market.FetchRequest, int) (*market.FetchResult, error) {
			return &market.FetchResult{
				Outcome: market.OutcomeEmpty, Candles: market.NewCandles(0), Requests: 2, Window: market.Window{From: at(t, c.from), To: at(t, c.to)},
			}, nil
		}
		report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.M5, market.M15}})
		for _, series := range []string{"ES 5m", "ES 15m"} {
			if got := cell(t, report, series); got.State != c.want || got.Inserted != 0 || b.archive.cells[series] != got {
				t.Errorf("%s: %+v, want %s", name, got, c.want)
			}
		}
		if report.Requests != 4 || cell(t, report, "ES 5m").Requests != 2 {
			t.Errorf("%s: %d requests are counted, %d in the cell", name, report.Requests, cell(t, report, "ES 5m").Requests)
		}
	}
}

// TestAnErrorOfNoKnownKindIsAFailure, and not one that the provider wants a pause for.
func TestAnErrorOfNoKnownKindIsAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, time.Now)
		b.provider.script = func(market.FetchRequest, int) (*market.FetchResult, error) { return nil, errStopped }
		began := time.Now()
		report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}})
		if c := cell(t, report, "ES 1d"); c.State != ledger.CellFailed || c.Reason != errStopped.Error() || report.Requests != 0 || time.Since(began) != 0 {
			t.Errorf("after %s and %d requests: %+v", time.Since(began), report.Requests, c)
		}
	})
}

// unsettled is an archive that cannot tell what became of a commit, for a while.
type unsettled struct {
	*memory
	times int
}

func (u *unsettled) Begin(ctx context.Context) (syncer.Tx, error) {
	tx, err := u.memory.Begin(ctx)
	return unsettledTx{tx, u}, err
}

type unsettledTx struct {
	syncer.Tx
	archive *unsettled
}

func (tx unsettledTx) Settle(ctx context.Context, c ledger.Cell) (bool, error) {
	if tx.archive.times--; tx.archive.times >= 0 {
		return false, errDisk
	}
	return tx.Tx.Settle(ctx, c)
}

// TestADoubtIsNoReasonToWriteAgain: as long as the archive cannot tell, nothing is written over what may be there, and the run
// says that it does not know, and why.
func TestADoubtIsNoReasonToWriteAgain(t *testing.T) {
	t.Parallel()
	for times, want := range map[int]ledger.CellState{2: ledger.CellStored, 1000: ledger.CellFailed} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, time.Now)
			b.config.Archive = &unsettled{b.archive, times}
			b.archive.answer = func(int) (bool, error) { return true, store.InDoubt(errStopped) }
			report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}})
			c := cell(t, report, "ES 1d")
			if c.State != want || b.archive.commits != 1 || b.archive.cells["ES 1d"].State != ledger.CellStored {
				t.Errorf("%d times: %+v after %d commits, the ledger says %+v", times, c, b.archive.commits, b.archive.cells["ES 1d"])
			}
			failed := want == ledger.CellFailed
			if failed != strings.Contains(c.Reason, "not known") || failed != slices.ContainsFunc(report.Faults, func(f string) bool { return strings.Contains(f, "in doubt") }) {
				t.Errorf("the reason is %q, faults %q", c.Reason, report.Faults)
			}
		})
	}
}
