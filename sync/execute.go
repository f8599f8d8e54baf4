package syncer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"barkeep/coverage"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
)

// work is a task on its way from the fetchers to the writers.
type work struct {
	index  int // in the plan
	task   Task
	batch  *batch // nil when the task failed or needed nothing
	cells  []ledger.Cell
	cause  error             // why the task failed
	begins time.Time         // and where the bars begin that it could have brought; zero where that is not known
	asked  []coverage.Answer // what answers without bars tell
	cancel func()            // gives the lease back; never nil
}

// execution is one run in progress.
type execution struct {
	*Engine
	run     ledger.Run
	plan    Plan
	request Request
	witness *Task // of earlier attempts; nil for none
	filling bool  // bars from elsewhere are taken in, also from before those that are stored
	emit    func(ledger.Event)

	cacheOut outage
	leaseOut outage

	breakOff context.CancelCauseFunc // ends the run for a fault of the archive
	broken   context.Context         //nolint:containedctx // it ends with breakOff; its cause is the fault

	mu       sync.Mutex
	cells    [][]ledger.Cell            // by task, in the order of the plan
	left     int                        // tasks that were not done because ctx was cancelled
	unproved []work                     // of which the provider says that they do not exist
	last     []work                     // that wait for the other instruments, in the order of their answers
	yielding map[string]bool            // the instruments of those
	lastly   bool                       // the other instruments are stored
	held     []work                     // whose answers are on a scale that nothing explains yet
	ending   bool                       // no other answer will come
	rescaled map[string]bool            // instruments whose stored bars were brought to another scale
	actions  map[string][]market.Action // by instrument, what the answers of the run tell of, each once
	answered bool                       // a series stored or confirmed bars
	silent   time.Time                  // since when the provider is known to fail whatever it is asked; zero for not
	requests int
	faults   []string       // the first of each kind
	seen     map[string]int // how often each kind occurred
}

// execute runs every task of the plan. Fetching overlaps storing: fetchers hand each task over as soon as it has its bars,
// and the channel between holds no more than one task a writer, which bounds memory. It returns how many tasks are left because
// ctx was cancelled, and the fault of the archive that broke the run off.
func (e *Engine) execute(
	ctx context.Context, run ledger.Run, plan Plan, request Request, witness *Task, emit func(ledger.Event),
) (report Report, left int, broken error) {
	x := &execution{
		Engine: e, run: run, plan: plan, request: request, witness: witness, emit: emit,
		cells: make([][]ledger.Cell, len(plan.Tasks)), seen: map[string]int{}, rescaled: map[string]bool{},
		actions: map[string][]market.Action{}, yielding: map[string]bool{},
	}
	asking, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	x.broken, x.breakOff = asking, stop
	todo := make(chan work)
	fetched := make(chan work, e.Writers)

	var fetchers, writers sync.WaitGroup
	for range min(e.Fetchers, max(1, len(plan.Tasks))) {
		fetchers.Go(func() {
			for w := range todo {
				fetched <- x.ask(asking, w)
			}
		})
	}
	for range e.Writers {
		writers.Go(func() {
			for w := range fetched {
				x.settle(ctx, w)
			}
		})
	}
	for i, task := range plan.Tasks {
		todo <- work{index: i, task: task, cancel: func() {}}
	}
	close(todo)
	fetchers.Wait()
	close(fetched)
	writers.Wait()
	x.after(ctx)
	x.ending = true
	x.again(ctx)
	x.prove(ctx)
	x.lose(ctx)
	report = Report{Run: run, Plan: plan, Cells: slices.Concat(x.cells...), Requests: x.requests, Faults: x.faults}
	return report, x.left, x.lasting()
}

// ask fetches a task as long as what comes can be stored: once the archive takes no writes, the provider is asked for nothing.
func (x *execution) ask(ctx context.Context, w work) work {
	if x.lasting() == nil {
		w = x.fetch(ctx, w)
	}
	if err := x.lasting(); err != nil {
		w = x.failed(w, 0, fmt.Errorf("not stored: %w", err))
	}
	return w
}

// lasting is the fault of the archive that broke the run off; nil for none.
func (x *execution) lasting() error {
	if err := context.Cause(x.broken); store.Lasting(err) {
		return err
	}
	return nil
}

// settle stores what was fetched, refreshes the cache after the commit, and keeps the evidence.
func (x *execution) settle(ctx context.Context, w work) {
	defer w.cancel()
	if w.toProve() {
		x.mu.Lock()
		x.unproved = append(x.unproved, w)
		x.mu.Unlock()
		return
	}
	if err := x.lasting(); err != nil && w.batch != nil { // it was handed over before the fault was met
		w = x.failed(w, 0, fmt.Errorf("not stored: %w", err))
	}
	if w.batch != nil {
		if x.follow(w) {
			return
		}
		if w.cells = x.store(ctx, w); w.cells == nil { // postponed
			return
		}
		x.cache(ctx, w)
	} else {
		x.leave(ctx, w)
	}
	x.end(ctx, w)
}

// end keeps the evidence of a task.
func (x *execution) end(ctx context.Context, w work) {
	left := stopped(ctx, w.cells)
	x.mu.Lock()
	x.answered = x.answered || w.task.Reason != ReasonDerive && slices.ContainsFunc(w.cells, func(c ledger.Cell) bool {
		return c.State.Answered()
	})
	if left {
		x.left++
	} else {
		x.cells[w.index] = w.cells
	}
	x.mu.Unlock()
	if !left {
		x.announce(ctx, w.task, w.cells)
	}
}

// stopped tells whether a task failed because the run was stopped. That is no failure: the next run does what is left. A run
// whose deadline has passed is another matter.
func stopped(ctx context.Context, cells []ledger.Cell) bool {
	failed := func(c ledger.Cell) bool { return c.State == ledger.CellFailed }
	return errors.Is(ctx.Err(), context.Canceled) && slices.ContainsFunc(cells, failed)
}

// record writes the cells of a task that stored nothing. That they cannot be written changes nothing about the archive's
// bars, so it is reported beside them.
func (x *execution) record(ctx context.Context, cells []ledger.Cell) {
	if stopped(ctx, cells) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	for _, cell := range cells {
		if err := x.Archive.RecordCell(ctx, x.run, cell); err != nil {
			x.fault(ctx, "evidence not recorded", err, cell.Instrument+" "+cell.Timeframe)
			return
		}
	}
}

// fault notes something that went wrong beside the cells. A kind is logged and kept the first time only: what is down is
// down for every series.
func (x *execution) fault(ctx context.Context, what string, err error, about string) {
	x.mu.Lock()
	x.seen[what]++
	first := x.seen[what] == 1
	if first {
		x.faults = append(x.faults, what+" ("+about+"): "+err.Error())
	}
	x.mu.Unlock()
	level := slog.LevelDebug
	if first {
		level = slog.LevelWarn
	}
	x.Logger.Log(ctx, level, "going on in spite of a fault", "what", what, "series", about, "error", err)
}
