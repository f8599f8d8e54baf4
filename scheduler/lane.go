package scheduler

import (
	"context"
	"log/slog"
	"time"

	"barkeep/ledger"
)

// lane runs the slots of one plan, one after the other.
type lane struct {
	*Scheduler
	plan    Plan
	awake   time.Time   // since when this process sees slots come, by its clock; later again after the clock jumped
	begun   ledger.Slot // the slot that was asked for last
	settled ledger.Slot // the slot that needs nothing more
	errors  int         // how often in a row the gate could not tell
	again   time.Time   // when begun is to be asked for again
}

// run runs each slot at its time, and again until it is done or the next one is due. Every round begins with the clock
// alone: firings that are early, late, doubled or lost change nothing but when that is.
func (l *lane) run(ctx context.Context) {
	for ctx.Err() == nil {
		now := l.Now()
		slot, _ := l.plan.Schedule.Due(now)
		next, _ := l.plan.Schedule.Next(now)
		until := next.At
		if l.wants(slot, now) {
			if slot != l.begun || !l.again.After(now) {
				l.attend(ctx, slot)
				continue
			}
			if l.again.Before(until) {
				until = l.again
			}
		}
		l.sleep(ctx, until)
	}
}

// wants tells whether a due slot is still to be asked for: it is not settled, and was begun here, came while this process was
// awake, or is not too late to catch up.
func (l *lane) wants(slot ledger.Slot, now time.Time) bool {
	if slot == l.settled {
		return false
	}
	return slot == l.begun || !slot.At.Before(l.awake) || l.plan.CatchUp == 0 || now.Sub(slot.At) <= l.plan.CatchUp
}

// attend asks for a slot once and plans what comes after. Before it tries again it looks whether another replica just did.
func (l *lane) attend(ctx context.Context, slot ledger.Slot) {
	entry := "schedule"
	switch {
	case slot == l.begun:
		entry = "retry"
		if l.other(ctx, slot) || slot.At.After(l.Now()) { // the clock may have been set right meanwhile
			return
		}
	case slot.At.Before(l.awake):
		entry = "catch-up"
	}
	if slot != l.begun {
		l.begun, l.errors = slot, 0
		l.Logger.InfoContext(ctx, "slot begun", "slot", slot, "entry", entry, "at", l.moment(slot))
	}
	run, err := l.RunSlot(ctx, slot, entry)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		l.errors++
		l.again = l.Now().Add(l.errorPause())
		l.Logger.ErrorContext(ctx, "the slot's run cannot be had", "slot", slot, "error", err, "again", l.again)
	case run.State == ledger.StateDone:
		l.settled, l.errors = slot, 0
		l.Logger.InfoContext(ctx, "slot ended", "slot", slot, "state", run.State, "run", run.ID, "at", l.moment(slot))
	default:
		l.errors = 0
		l.again = l.Now().Add(l.jitter(l.retryPause(run.Attempt)))
		l.Logger.WarnContext(ctx, "slot is not done", "slot", slot, "run", run.ID, "state", run.State,
			"reason", run.Reason, "again", l.again)
	}
}

// moment is a slot's time in the log, in UTC and in Pacific time.
func (l *lane) moment(slot ledger.Slot) slog.Value {
	return slog.GroupValue(slog.String("utc", slot.At.Format(time.RFC3339)),
		slog.String("pacific", slot.At.In(l.pacific).Format(time.RFC3339)))
}

// other tells whether the attempt that is to be repeated has been followed by one of another process, whose pause counts.
func (l *lane) other(ctx context.Context, slot ledger.Slot) bool {
	looking, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	latest, known, err := l.Slots.Latest(looking, slot, l.Kept)
	if err != nil || !known || latest.State != ledger.StateFailed && latest.State != ledger.StatePartial {
		return false
	}
	// The least that jitter can make of the pause, so that this process's own attempt never counts as another's. More is left of it
	// only where a clock that was ahead wrote when the attempt ended.
	pause := l.retryPause(latest.Attempt) * 8 / 10
	left := latest.Finished.Add(pause).Sub(l.Now())
	if !latest.Stopped() && left > 0 && left <= pause+clockSlack {
		l.again = l.Now().Add(left + l.jitter(l.RetryFirst)/4)
		return true
	}
	return false
}

// sleep returns at an instant, or earlier: when ctx ends, the trigger fires, or the clock has jumped.
func (l *lane) sleep(ctx context.Context, until time.Time) {
	fired, disarm, err := l.Trigger.Arm(until)
	if err != nil {
		l.Logger.ErrorContext(ctx, "the trigger cannot be armed", "error", err)
		disarm = func() {}
	}
	defer disarm()
	check := time.NewTicker(l.CheckEvery)
	defer check.Stop()
	for looked := l.wall(); looked.Before(until); {
		select {
		case <-ctx.Done():
			return
		case <-fired:
			return
		case <-check.C:
		}
		now := l.wall()
		if jump := now.Sub(looked) - l.CheckEvery; jump.Abs() > clockSlack {
			l.Logger.WarnContext(ctx, "the clock jumped, or the machine slept", "by", jump)
			l.awake, l.again = now, time.Time{} // what is to be tried again was planned by the clock as it was
			return
		}
		looked = now
	}
}

// wall is the time without the monotonic reading, which stands still while the machine sleeps.
func (l *lane) wall() time.Time { return l.Now().Round(0) }

// clockSlack is how far the clock may go astray between two looks before it counts as a jump.
const clockSlack = 30 * time.Second

// errorPause is how long to wait when the ledger cannot be asked: it may be back soon.
func (l *lane) errorPause() time.Duration {
	return l.jitter(growing(errorFirst, errorMost, l.errors))
}

const (
	errorFirst = 10 * time.Second
	errorMost  = 2 * time.Minute
)
