package scheduler

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"barkeep/ledger"
)

// errDeadline ends the work of a run that takes too long.
var errDeadline = errors.New("the run's deadline has passed")

// begin asks the ledger for the run, again after errors: one whose answer was lost is recognised by its token.
func (q *question) begin(ctx context.Context, run ledger.Run) (claim ledger.Claim, err error) {
	err = q.again(ctx, func(ctx context.Context) (err error) {
		claim, err = q.Ledger.Claim(ctx, run, q.Lease)
		return err
	})
	if err != nil {
		return ledger.Claim{}, fmt.Errorf("claim %s in the ledger: %w", q.slot, err)
	}
	return claim, nil
}

// carryOut does the work of a run that is ours, keeps its leases alive meanwhile, and records how it ended.
func (q *question) carryOut(ctx context.Context, run ledger.Run) (Answer, error) {
	q.OnStep(StepClaimed, run)
	q.Logger.InfoContext(ctx, "slot begun", "slot", q.slot.Key(), "run", run.ID, "attempt", run.Attempt, "entry", run.Entry,
		"forced", run.Forced)
	q.ping(PingStart, run)
	work, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	beating, rest := context.WithCancel(context.WithoutCancel(ctx))
	defer rest()
	var beats sync.WaitGroup
	begun := run // the heart must not see the end that is written into run below, before the ledger has it
	beats.Go(func() { q.beat(beating, begun, stop) })
	cells, err := q.work(work, run)
	q.OnStep(StepWorked, run)
	run.State, run.Reason = judge(ctx, cells, err)
	run.Finished = q.Now()
	ok, err := q.finish(ctx, run)
	// The heart beats until the ledger has the end, and not beside the last change of the marker.
	rest()
	beats.Wait()
	return q.leave(ctx, run, cells, ok, err)
}

// work reads what earlier attempts committed and does the rest. The cells are those of all attempts.
func (q *question) work(ctx context.Context, run ledger.Run) ([]ledger.Cell, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, q.Deadline, errDeadline)
	defer cancel()
	var earlier []ledger.Cell
	if !run.Forced {
		err := q.again(ctx, func(ctx context.Context) (err error) {
			earlier, err = q.Ledger.Committed(ctx, q.slot)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read what earlier attempts of %s committed: %w", q.slot, err)
		}
	}
	var done []ledger.Cell
	for _, c := range earlier {
		if c.State.OK() {
			done = append(done, c)
		}
	}
	cells, err := q.Work(ctx, run, done)
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return ledger.Merge(earlier, cells), err
}

// judge is how a run ended, by its cells over all attempts and by what its work says.
func judge(ctx context.Context, cells []ledger.Cell, err error) (ledger.State, string) {
	state, reason := ledger.Outcome(cells)
	if err != nil {
		reason = err.Error()
		if state == ledger.StateDone { // of the cells there are; others have none
			state = ledger.StatePartial
		}
	}
	if state != ledger.StateDone && ctx.Err() != nil {
		reason = ledger.ReasonStopped + ": " + reason
	}
	return state, reason
}

// finish records the end of a run, also when ctx has ended. False means that it was taken over.
func (q *question) finish(ctx context.Context, run ledger.Run) (ok bool, err error) {
	words, cancel := q.lastWords(ctx)
	defer cancel()
	err = q.again(words, func(ctx context.Context) (err error) {
		ok, err = q.Ledger.Finish(ctx, run)
		return err
	})
	return ok, err
}

// lastWords is a context that outlives ctx by StopTimeout.
func (g *Gate) lastWords(ctx context.Context) (context.Context, context.CancelFunc) {
	words, cancel := context.WithCancel(context.WithoutCancel(ctx))
	limit := time.AfterFunc(time.Hour, cancel)
	limit.Stop()
	stop := context.AfterFunc(ctx, func() { limit.Reset(g.StopTimeout) })
	return words, func() {
		stop()
		cancel()
		limit.Stop()
	}
}

// leave deals with the marker and with people once the ledger has spoken.
func (q *question) leave(ctx context.Context, run ledger.Run, cells []ledger.Cell, ok bool, err error) (Answer, error) {
	switch {
	case err != nil:
		q.unmark(ctx)
		q.ping(PingFailure, run)
		err = fmt.Errorf("run %d of %s ended %s but could not be recorded: %w", run.ID, q.slot, run.State, err)
		run.State, run.Reason = ledger.StateFailed, err.Error()
		return Answer{Outcome: Ran, Run: run, Cells: cells}, err
	case !ok:
		q.Logger.WarnContext(ctx, "run was taken over by another process", "slot", q.slot.Key(), "run", run.ID)
		q.unmark(ctx)
		q.polls++ // whatever comes now was waited for
		run.State = ledger.StateRunning
		q.note(run)
		return q.held(ledger.Run{Job: run.Job, TradingDate: run.TradingDate, Slot: run.Slot, State: ledger.StateRunning})
	}
	q.OnStep(StepFinished, run)
	if run.State == ledger.StateDone {
		q.putBack(ctx, run)
	} else {
		q.unmark(ctx)
	}
	q.OnStep(StepLeft, run)
	q.report(ctx, run)
	return Answer{Outcome: Ran, Run: run, Cells: cells}, nil
}

// report says how a run ended: to the log, to the monitor, and to people when it is not done. That its process was stopped
// is no news: the next one goes on.
func (q *question) report(ctx context.Context, run ledger.Run) {
	q.Logger.InfoContext(ctx, "slot ended", "slot", q.slot.Key(), "run", run.ID, "state", run.State, "reason", run.Reason)
	switch {
	case run.State == ledger.StateDone:
		q.ping(PingSuccess, run)
	case run.Stopped():
	default:
		q.ping(PingFailure, run)
		kind := ledger.NoticeFailed
		if run.State == ledger.StatePartial {
			kind = ledger.NoticePartial
		}
		q.tell(kind, q.slot, run)
	}
}

// ping tells the monitor about imports: they are what it watches.
func (q *question) ping(ping Ping, run ledger.Run) {
	if run.Job == ledger.JobImport {
		q.Teller.Ping(ping, run)
	}
}
