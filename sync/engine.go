package syncer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

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
	Cache    store.Cache  // nil: nothing is cached
	Leases   store.Leases // nil: no leases are taken; the archive's own locks keep writes correct without them
	Now      func() time.Time
	Over     func() time.Time // the instant up to which bars are over; nil for Now
	Logger   *slog.Logger
	Pacific  *time.Location // the zone in which people read times beside UTC
	Fetchers int            // tasks fetched at a time; 4 by default, the provider's pace is the bound that counts
	Writers  int            // tasks stored at a time; 1 by default, at most 2 help on PostgreSQL
	CacheLen int            // newest bars kept in the cache of a series; 500 by default
	// LeaseTime is how long a dead process blocks a series; a living one extends its lease. 30 seconds by default.
	LeaseTime time.Duration
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
	if c.Fetchers < 0 || c.Writers < 0 || c.CacheLen < 0 || c.LeaseTime < 0 {
		return nil, fmt.Errorf("sync engine: Fetchers %d, Writers %d, CacheLen %d and LeaseTime %s must not be negative", c.Fetchers,
			c.Writers, c.CacheLen, c.LeaseTime)
	}
	if c.Over == nil {
		c.Over = c.Now
	}
	orDefault(&c.Fetchers, 4)
	orDefault(&c.Writers, 1)
	orDefault(&c.CacheLen, 500)
	orDefault(&c.LeaseTime, 30*time.Second)
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
	if request.Instruments, err = e.kept(ctx, request.Instruments); err != nil {
		return Plan{}, fmt.Errorf("plan: %w", err)
	}
	gaps, err := e.gaps(ctx, request)
	if err != nil {
		return Plan{}, fmt.Errorf("plan: %w", err)
	}
	return MakePlan(e.Capabilities, request, states, gaps, e.Now()), nil
}

// gaps are those of the instruments that are to be asked for again some time.
func (e *Engine) gaps(ctx context.Context, request Request) ([]market.Gap, error) {
	filter := store.GapFilter{Due: market.FarFuture()}
	if len(request.Instruments) == 1 {
		filter.Instruments = []string{request.Instruments[0].Name}
	}
	gaps, err := e.Archive.Gaps(ctx, filter)
	if err != nil {
		return nil, fmt.Errorf("read the gaps: %w", err)
	}
	return gaps, nil
}

// kept gives instruments the calendars by which they are kept.
func (e *Engine) kept(ctx context.Context, instruments []market.Instrument) ([]market.Instrument, error) {
	settled, wrong, err := store.SettledCalendars(ctx, e.Archive)
	if err != nil {
		return nil, fmt.Errorf("read what is known of calendars: %w", err)
	}
	if wrong != nil {
		e.Logger.WarnContext(ctx, "going on without changes of a calendar", "error", wrong)
	}
	return settled.SettleAll(instruments), nil
}

// Tasks is how many tasks a request comes to: one for each instrument and native timeframe.
func (e *Engine) Tasks(r Request) int {
	bases := map[market.Timeframe]bool{}
	for _, t := range r.Timeframes {
		if base, ok := e.Capabilities.Base(t); ok {
			bases[base] = true
		}
	}
	return len(r.Instruments) * len(bases)
}

// RunOnce carries out a run that its caller began in the ledger and will end there: it plans, fetches and stores. It leaves out
// the series that have an OK cell in done, which earlier attempts committed. The report has a cell for every other series; each
// that is OK was committed under the run's token. An error means that some series have no cell: nothing could be planned, or ctx
// was cancelled, which is no failure of what is left; or it wraps a store.Fault, for which the run was broken off. Emit is told
// what happens; it must not wait.
func (e *Engine) RunOnce(
	ctx context.Context, run ledger.Run, request Request, done []ledger.Cell, emit func(ledger.Event),
) (Report, error) {
	if err := e.Archive.Writable(ctx); store.Lasting(err) {
		return Report{Run: run}, fmt.Errorf("the provider was asked for nothing: %w", err)
	}
	plan, err := e.Plan(ctx, request)
	if err != nil {
		return Report{Run: run}, err
	}
	whole := plan.Tasks
	plan.Tasks = remaining(whole, done)
	e.Logger.InfoContext(ctx, "run planned", "run", run.ID, "job", run.Job, "attempt", run.Attempt, "series", len(plan.Tasks),
		"requests", plan.Requests(), "at", e.moment(run.Started))
	emit(ledger.Event{Kind: ledger.EventPlanned, Tasks: len(plan.Tasks)})
	report, left, broken := e.execute(ctx, run, plan, request, witness(whole, plan.Tasks), emit)
	e.Logger.InfoContext(ctx, "run carried out", "run", run.ID, "inserted", report.Inserted(), "requests", report.Requests,
		"left", left)
	if broken != nil {
		return report, fmt.Errorf("the run was broken off: %w", broken)
	}
	if left > 0 {
		return report, fmt.Errorf("%d of %d base series are left: %w", left, len(plan.Tasks), context.Cause(ctx))
	}
	return report, nil
}

// remaining leaves out what needs no further attempt. Of a task whose base is imported and a derived series is not, as after
// TIMEFRAMES grew, nothing is asked again: the base is stored.
func remaining(tasks []Task, done []ledger.Cell) []Task {
	states := make(map[market.Series]ledger.CellState, len(done))
	for _, c := range done {
		states[market.Series{Instrument: c.Instrument, Timeframe: market.Timeframe(c.Timeframe)}] = c.State
	}
	var left []Task
	for _, t := range tasks {
		all := t.All()
		for _, timeframe := range all {
			if states[market.Series{Instrument: t.Instrument.Name, Timeframe: timeframe}].OK() {
				t.imported = append(t.imported, timeframe)
			}
		}
		if len(t.imported) == len(all) {
			continue
		}
		if !t.left(t.Base) && !t.Newest.IsZero() {
			t.Reason, t.Fetches, t.Window = ReasonDerive, nil, market.Window{}
			t.Derived = slices.DeleteFunc(slices.Clone(t.Derived), func(d market.Timeframe) bool { return !t.left(d) })
		}
		left = append(left, t)
	}
	return left
}

// witness is a task with records that earlier attempts of the slot did, for a run that has none such: should the provider say of
// everything that is left that it does not exist, it shows whether the provider answers at all. Nil when there is none.
func witness(whole, left []Task) *Task {
	known := func(t Task) bool { return !t.Newest.IsZero() && len(t.Fetches) > 0 && !t.Instrument.Over(t.Window.To) }
	if slices.ContainsFunc(left, known) {
		return nil
	}
	if i := slices.IndexFunc(whole, known); i >= 0 {
		return &whole[i]
	}
	return nil
}

// recordTimeout bounds the record of a cell that stored nothing, also when the run's context has ended.
const recordTimeout = 8 * time.Second

// persist tries a write again after faults of the archive, so that its restart in mid-run loses neither bars already paid for nor
// the record of them. Bars that can never be stored, an answer for something else, a run that was taken over, and an archive that
// takes no writes until a person has done something (store.Fault), are not tried again.
func (e *Engine) persist(ctx context.Context, write func(context.Context) error) error {
	var last error
	growing := &backoff.ExponentialBackOff{InitialInterval: 250 * time.Millisecond, Multiplier: 2, MaxInterval: 16 * time.Second}
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		last = write(ctx)
		if final(last) {
			return struct{}{}, backoff.Permanent(last)
		}
		return struct{}{}, last
	}, backoff.WithBackOff(growing), backoff.WithMaxTries(persistTries), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, pause time.Duration) {
			e.Logger.WarnContext(ctx, "archive write failed, trying again", "error", err, "pause", pause)
		}))
	if last != nil {
		return last // what the archive says, not that the time is over
	}
	return err
}

// final tells whether trying a write again would end as before.
func final(err error) bool {
	for _, never := range []error{market.ErrInvalidCandle, ledger.ErrLost, ledger.ErrImported, errNoDays, errLast, errMeanwhile} {
		if errors.Is(err, never) {
			return true
		}
	}
	return store.Lasting(err) || isHeld(err) || market.OutcomeOf(err) == market.OutcomeOther
}

// persistTries is how often a write is tried; the sum of the pauses between is about half a minute.
const persistTries = 8
