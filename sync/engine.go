package syncer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
)

// Config wires an engine. Provider, Capabilities, Archive, Now, Logger and Pacific are required.
type Config struct {
	Provider Provider
	// Capabilities are what the provider serves; plans are made within them.
	Capabilities market.Capabilities

	Archive  Archive
	Cache    store.Cache // nil: nothing is cached
	Leases   Leases      // nil: no leases are taken
	Now      func() time.Time
	Logger   *slog.Logger
	Pacific  *time.Location // the zone in which people read times beside UTC
	Watch    func(Event)    // nil: nobody watches; called from several goroutines
	Fetchers int            // tasks fetched at a time; 4 by default, the provider's pace is the bound that counts
	Writers  int            // tasks stored at a time; 1 by default, at most 2 help on PostgreSQL
	Deadline time.Duration  // of a whole run; 2 hours by default
	CacheLen int            // newest bars kept in the cache of a series; 500 by default
}

// Engine brings series up to date. It holds no state between runs; several runs may go at once.
type Engine struct {
	Config
}

// New checks the configuration and fills in its defaults.
func New(c Config) (*Engine, error) {
	if c.Provider == nil || c.Archive == nil || c.Now == nil || c.Logger == nil || c.Pacific == nil {
		return nil, errors.New("sync engine: Provider, Archive, Now, Logger and Pacific are required")
	}
	if err := c.Capabilities.Check(); err != nil {
		return nil, fmt.Errorf("sync engine: %w", err)
	}
	if c.Fetchers < 0 || c.Writers < 0 || c.Deadline < 0 || c.CacheLen < 0 {
		return nil, fmt.Errorf("sync engine: Fetchers %d, Writers %d, Deadline %s and CacheLen %d must not be negative",
			c.Fetchers, c.Writers, c.Deadline, c.CacheLen)
	}
	if c.Watch == nil {
		c.Watch = func(Event) {}
	}
	orDefault(&c.Fetchers, 4)
	orDefault(&c.Writers, 1)
	orDefault(&c.CacheLen, 500)
	orDefault(&c.Deadline, 2*time.Hour)
	return &Engine{Config: c}, nil
}

func orDefault[T int | time.Duration](value *T, def T) {
	if *value == 0 {
		*value = def
	}
}

// Plan tells what RunOnce would ask the provider for; it sends nothing and writes nothing.
func (e *Engine) Plan(ctx context.Context, request Request) (Plan, error) {
	states, err := e.Archive.States(ctx)
	if err != nil {
		return Plan{}, fmt.Errorf("plan: read the archive's series: %w", err)
	}
	return MakePlan(e.Capabilities, request, states, e.Now()), nil
}

// RunOnce plans, fetches and stores, and writes the ledger. The error tells that the run could not be carried out or
// recorded; cells that failed are no error, but in the report, whose Run.State says what the run came to.
func (e *Engine) RunOnce(ctx context.Context, request Request) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, e.Deadline)
	defer cancel()
	run := e.newRun(request)
	plan, err := e.Plan(ctx, request)
	if err != nil {
		return Report{Run: run}, err
	}
	if run.ID, err = e.Archive.StartRun(ctx, run); err != nil {
		return Report{Run: run, Plan: plan}, fmt.Errorf("start a run in the ledger: %w", err)
	}
	if request.Begun != nil {
		request.Begun(run)
	}
	e.Logger.InfoContext(ctx, "run started", "run", run.ID, "job", run.Job, "series", len(plan.Tasks), "requests", plan.Requests(),
		"at", e.moment(run.Started))
	report := e.execute(ctx, run, plan, request)
	return report, e.finish(ctx, &report)
}

// Carry carries out a run that its caller began in the ledger and will end there, such as that of a slot. It leaves out the
// tasks whose series all have an OK cell in done, which earlier attempts committed. It returns a cell for every other series;
// each that is OK was committed under the run's token. An error means that nothing could be planned.
func (e *Engine) Carry(ctx context.Context, run ledger.Run, request Request, done []ledger.Cell) ([]ledger.Cell, error) {
	plan, err := e.Plan(ctx, request)
	if err != nil {
		return nil, err
	}
	plan.Tasks = remaining(plan.Tasks, done)
	e.Logger.InfoContext(ctx, "run started", "run", run.ID, "job", run.Job, "attempt", run.Attempt, "series", len(plan.Tasks),
		"requests", plan.Requests(), "at", e.moment(run.Started))
	report := e.execute(ctx, run, plan, request)
	e.Logger.InfoContext(ctx, "run carried out", "run", run.ID, "inserted", report.Inserted(), "requests", report.Requests)
	return report.Cells, nil
}

// remaining leaves out the tasks that need no further attempt. A task is one transaction, so its series share one fate.
func remaining(tasks []Task, done []ledger.Cell) []Task {
	ok := make(map[market.Series]bool, len(done))
	for _, c := range done {
		ok[market.Series{Instrument: c.Instrument, Timeframe: market.Timeframe(c.Timeframe)}] = c.State.OK()
	}
	return slices.DeleteFunc(tasks, func(t Task) bool {
		for _, timeframe := range t.All() {
			if !ok[market.Series{Instrument: t.Instrument.Name, Timeframe: timeframe}] {
				return false
			}
		}
		return true
	})
}

func (e *Engine) newRun(request Request) ledger.Run {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	job := request.Job
	if job == "" {
		job = ledger.JobImport
	}
	if request.Maintenance {
		job = ledger.JobMaintenance
	}
	return ledger.Run{
		Job: job, Attempt: 1, Entry: request.Entry, Host: host, PID: os.Getpid(), State: ledger.StateRunning, Started: e.Now(),
	}
}

// finish gives the run the state its cells deserve and records it, also when ctx has ended.
func (e *Engine) finish(ctx context.Context, report *Report) error {
	report.Run.State, report.Run.Reason = ledger.Outcome(report.Cells)
	report.Run.Finished = e.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	err := e.persist(ctx, func(ctx context.Context) error { return e.Archive.FinishRun(ctx, report.Run) })
	if err != nil {
		report.Run.State = ledger.StateFailed
		return fmt.Errorf("run %d ended %s but could not be recorded: %w", report.Run.ID, report.Run.State, err)
	}
	e.Logger.InfoContext(ctx, "run finished", "run", report.Run.ID, "state", report.Run.State, "inserted", report.Inserted(),
		"requests", report.Requests, "took", report.Run.Finished.Sub(report.Run.Started).Round(time.Millisecond),
		"at", e.moment(report.Run.Finished))
	return nil
}

// finishTimeout bounds the last words of a run whose context has ended.
const finishTimeout = 8 * time.Second

// persist tries a write again after faults of the archive, so that its restart in mid-run loses neither bars already paid
// for nor the record of them. Bars that can never be stored, and a run that was taken over, are not tried again.
func (e *Engine) persist(ctx context.Context, write func(context.Context) error) error {
	var err error
	for pause := 250 * time.Millisecond; ; pause *= 2 {
		err = write(ctx)
		final := errors.Is(err, market.ErrInvalidCandle) || errors.Is(err, ledger.ErrLost)
		if err == nil || final || ctx.Err() != nil || pause > persistLongest {
			return err
		}
		e.Logger.WarnContext(ctx, "archive write failed, trying again", "error", err, "pause", pause)
		if sleep(ctx, pause) != nil {
			return err
		}
	}
}

// persistLongest is the longest pause between two tries; the sum of all is about half a minute.
const persistLongest = 16 * time.Second

// sleep waits, or returns the context's error when that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
