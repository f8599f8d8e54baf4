package gate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
	"barkeep/store"
	"barkeep/tasks"
)

// attempt carries out one run that this process has claimed, of a slot or ad hoc.
type attempt struct {
	*Gate
	run       ledger.Run
	marker    *marker // nil for a run ad hoc
	work      Work
	abandoned []ledger.Run // that the claim took over from
	events    *events
	lost      bool // the run was taken over
}

// carryOut does the work, keeps the leases alive meanwhile, records how the run ended, and lets the listeners follow it.
func (a *attempt) carryOut(ctx context.Context, listen Listener) (Result, error) {
	a.events = a.openEvents(a.run, listen)
	defer a.events.close(ctx)
	for _, run := range a.abandoned {
		a.events.send(ledger.Event{Kind: ledger.EventEnded, Run: run, At: a.Now()})
	}
	a.OnStep(StepClaimed, a.run)
	a.Logger.InfoContext(ctx, "run begun", "slot", a.run.Name(), "run", a.run.ID, "attempt", a.run.Attempt, "entry", a.run.Entry,
		"forced", a.run.Forced)
	a.events.emit(ledger.Event{Kind: ledger.EventBegun})
	work, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	begun := a.run // the heartbeats must not show the end that is written into a.run below, before the ledger has it
	quiet := tasks.Beside(context.WithoutCancel(ctx),
		func(ctx context.Context) { a.beat(ctx, begun, stop) },
		func(ctx context.Context) { a.reportProgress(ctx, begun) })
	defer quiet()
	earlier, cells, err := a.do(work)
	a.OnStep(StepWorked, a.run)
	a.run.State, a.run.Reason = a.judge(ctx, ledger.Merge(earlier, cells), err)
	a.run.Finished = a.Now()
	ok, err := a.finish(ctx)
	// Heartbeats go on until the ledger has the end, and not beside the last change of the marker.
	quiet()
	return a.leave(ctx, cells, ok, err)
}

// do reads what earlier attempts of the slot committed and does the rest.
func (a *attempt) do(ctx context.Context) (earlier, cells []ledger.Cell, err error) {
	if a.run.Job == ledger.JobMaintenance {
		if err := a.waitForImport(ctx); err != nil {
			return nil, nil, err
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, a.Deadline, errDeadline)
	defer cancel()
	if a.run.Scheduled() && !a.run.Forced {
		err := a.again(ctx, func(ctx context.Context) (err error) {
			earlier, err = a.Ledger.Committed(ctx, a.run.Slot)
			return err
		})
		if err != nil {
			return nil, nil, fmt.Errorf("read what earlier attempts of %s committed: %w", a.run.Slot, err)
		}
	}
	var done []ledger.Cell
	for _, c := range earlier {
		if c.State.OK() {
			done = append(done, c)
		}
	}
	cells, err = a.work(ctx, a.run, done, a.events.emit)
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return earlier, cells, err
}

// waitForImport returns when no import is in progress: maintenance asks for much, and would take the import's requests. A
// ledger that does not answer is asked again.
func (a *attempt) waitForImport(ctx context.Context) error {
	told := int64(0)
	for {
		run, busy, err := a.inProgress(ctx, ledger.JobImport)
		switch {
		case err != nil:
			a.Logger.WarnContext(ctx, "the ledger does not tell what is in progress", "job", ledger.JobImport, "error", err)
		case !busy:
			return nil
		case run.ID != told:
			told = run.ID
			a.Logger.InfoContext(ctx, "waiting for an import in progress", "slot", a.run.Name(), "run", a.run.ID, "import", run.ID)
			a.events.emit(ledger.Event{Kind: ledger.EventWaiting, Waiting: fmt.Sprintf("for run %d, an import", run.ID)})
		}
		if stopped := tasks.Sleep(ctx, a.pause()); stopped != nil {
			return fmt.Errorf("wait for run %d of %s: %w", run.ID, ledger.JobImport, errors.Join(stopped, err))
		}
	}
}

func (g *Gate) inProgress(ctx context.Context, job ledger.Job) (ledger.Run, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, g.LedgerTimeout)
	defer cancel()
	return g.Ledger.InProgress(ctx, job)
}

// judge is how a run ended, by its cells over all attempts and by what its work says. Of a slot those count that are kept, and
// every one of them. Stopping a process is no failure.
func (a *attempt) judge(ctx context.Context, cells []ledger.Cell, err error) (ledger.State, string) {
	if a.run.Scheduled() {
		cells = a.Kept.Of(cells)
	}
	state, reason := ledger.Outcome(cells)
	if missing := a.Kept.Missing(cells); a.run.Scheduled() && state == ledger.StateDone && len(missing) > 0 {
		state, reason = ledger.StatePartial, ledger.NotImported(missing)
	}
	if err != nil {
		reason = err.Error()
		if store.Lasting(err) { // whatever was stored before, the next attempt meets the same
			state = ledger.StateFailed
		}
		if state == ledger.StateDone { // of the cells there are; others have none
			state = ledger.StatePartial
		}
	}
	if state != ledger.StateDone && ctx.Err() != nil {
		return ledger.StateStopped, ledger.ReasonStopped + ": " + reason
	}
	return state, reason
}

// finish records the end of the run, also when ctx has ended. False means that it was taken over.
func (a *attempt) finish(ctx context.Context) (ok bool, err error) {
	ctx, cancel := a.outlive(ctx)
	defer cancel()
	err = a.again(ctx, func(ctx context.Context) (err error) {
		ok, err = a.Ledger.Finish(ctx, a.run)
		return err
	})
	return ok, err
}

// outlive is a context that lasts StopTimeout longer than ctx.
func (g *Gate) outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	limit := time.AfterFunc(time.Hour, cancel)
	limit.Stop()
	stop := context.AfterFunc(ctx, func() { limit.Reset(g.StopTimeout) })
	return longer, func() {
		stop()
		cancel()
		limit.Stop()
	}
}

// leave deals with the marker and the listeners once the ledger has answered.
func (a *attempt) leave(ctx context.Context, cells []ledger.Cell, ok bool, err error) (Result, error) {
	switch {
	case err != nil:
		a.marker.unmark(ctx)
		err = fmt.Errorf("run %d of %s ended %s but could not be recorded: %w", a.run.ID, a.run.Name(), a.run.State, err)
		a.run.State, a.run.Reason = ledger.StateFailed, err.Error()
		a.events.emitOf(a.run, ledger.EventLost, cells)
		return Result{Outcome: Ran, Run: a.run, Cells: cells}, err
	case !ok:
		a.Logger.WarnContext(ctx, "run was taken over by another process", "slot", a.run.Name(), "run", a.run.ID)
		a.marker.unmark(ctx)
		a.lost = true
		a.run.State, a.run.Reason, a.run.Finished = ledger.StateRunning, "", time.Time{}
		a.events.emitOf(a.run, ledger.EventLost, cells)
		return Result{Outcome: Ran, Run: a.run, Cells: cells}, fmt.Errorf("run %d of %s: %w", a.run.ID, a.run.Name(), ledger.ErrLost)
	}
	a.OnStep(StepFinished, a.run)
	a.marker.settle(ctx, a.run)
	a.OnStep(StepLeft, a.run)
	a.Logger.InfoContext(ctx, "run ended", "slot", a.run.Name(), "run", a.run.ID, "state", a.run.State, "reason", a.run.Reason)
	a.events.emitOf(a.run, ledger.EventEnded, cells)
	return Result{Outcome: Ran, Run: a.run, Cells: cells}, nil
}
