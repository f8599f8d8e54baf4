package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
	"barkeep/tasks"
)

// auditor asks, independent of the lanes, which slots that were due have no finished run. It looks at the ledger only.
type auditor struct {
	*Scheduler
	started time.Time
	settled map[ledger.Job]time.Time // all slots of the job before this instant are done, or told
}

func newAuditor(s *Scheduler, started time.Time) *auditor {
	return &auditor{Scheduler: s, started: started, settled: map[ledger.Job]time.Time{}}
}

// run audits at once and then every few minutes, until ctx ends.
func (a *auditor) run(ctx context.Context) {
	for {
		for _, plan := range a.Plans {
			if err := a.trust(ctx, plan); err != nil && ctx.Err() == nil {
				a.Logger.ErrorContext(ctx, "slots cannot be audited", "job", plan.Schedule.Job(), "error", err)
			}
		}
		if a.Notices != nil {
			a.Notices.Record(ctx)
		}
		if tasks.Sleep(ctx, a.jitter(a.AuditEvery)) != nil {
			return
		}
	}
}

// trust audits if the clock can be believed, by which slots are due.
func (a *auditor) trust(ctx context.Context, plan Plan) error {
	if err := a.May(ctx); err != nil {
		return err
	}
	return a.audit(ctx, plan)
}

// audit looks at every slot that was due, by the schedule that the ledger has as in force then, and is not settled yet. Another
// process may have brought another schedule into force meanwhile.
func (a *auditor) audit(ctx context.Context, plan Plan) error {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout+a.AuditEvery)
	defer cancel()
	now, job := a.Now(), plan.Schedule.Job()
	plan, err := a.inForce(ctx, plan, now)
	if err != nil {
		return err
	}
	from, err := a.from(ctx, plan, now)
	if err != nil {
		return err
	}
	slots := plan.Schedule.Between(from, now)
	if len(slots) == 0 {
		return nil
	}
	runs, err := a.Slots.Standing(ctx, job, slots[0].At, slots[len(slots)-1].At, a.Kept)
	if err != nil {
		return fmt.Errorf("read how the slots since %s stand: %w", slots[0], err)
	}
	standing := make(map[ledger.SlotID]ledger.Run, len(runs))
	for _, run := range runs {
		standing[run.Slot.ID()] = run
	}
	newest := len(slots) - 1
	settled, err := a.past(ctx, slots[:newest], standing, now)
	if err != nil {
		return err
	}
	if settled == newest {
		var done bool
		if done, err = a.judge(ctx, slots[newest], now); done && err == nil {
			settled++
		}
	}
	return errors.Join(err, a.settle(ctx, job, slots[:settled]))
}

// inForce is the plan with the schedules that the ledger has as in force until now.
func (a *auditor) inForce(ctx context.Context, plan Plan, now time.Time) (Plan, error) {
	changes, err := a.Slots.ScheduleChanges(ctx, plan.Schedule.Job())
	if err != nil {
		return plan, fmt.Errorf("read by which schedules %s was run: %w", plan.Schedule.Job(), err)
	}
	if len(changes) > 0 {
		plan.Schedule, plan.Since = plan.Schedule.After(changes, now), changes[0].Since
	}
	return plan, nil
}

// settle remembers that nothing more is to be done about slots, the oldest that are not settled yet.
func (a *auditor) settle(ctx context.Context, job ledger.Job, slots []ledger.Slot) error {
	if len(slots) == 0 {
		return nil
	}
	a.settled[job] = slots[len(slots)-1].At.Add(time.Second) // slots are whole seconds apart
	if err := a.Slots.SetAudited(ctx, job, a.settled[job]); err != nil {
		return fmt.Errorf("record that the slots up to %s are settled: %w", slots[len(slots)-1], err)
	}
	return nil
}

// from is the first instant whose slots are looked at.
func (a *auditor) from(ctx context.Context, plan Plan, now time.Time) (time.Time, error) {
	job := plan.Schedule.Job()
	if a.settled[job].IsZero() {
		since := plan.Since
		if since.IsZero() || since.After(now) {
			since = a.started
		}
		audited, err := a.Slots.Audited(ctx, job)
		if err != nil {
			return time.Time{}, fmt.Errorf("read up to when the slots of %s are settled: %w", job, err)
		}
		if audited.After(since) && !audited.After(now) { // one of the future is of a wrong clock
			since = audited
		}
		a.settled[job] = since
	}
	return a.settled[job], nil
}

// mostMissed is how many slots that were missed get a row each in the ledger. Of more, as after a clock that was wrong by years,
// the newest do, and one of them says how many there were.
const mostMissed = 31

// past deals with due slots that can't be caught up any more, since a newer one is due: those that are not done are recorded as
// missed, and people are told of all of them at once. It returns how many of the slots, the oldest first, are settled.
func (a *auditor) past(
	ctx context.Context, slots []ledger.Slot, standing map[ledger.SlotID]ledger.Run, now time.Time,
) (settled int, err error) {
	var missed []ledger.Slot
	for _, slot := range slots {
		run := standing[slot.ID()]
		if run.State == ledger.StateRunning {
			break
		}
		if settled++; run.State != ledger.StateDone {
			missed = append(missed, slot)
		}
	}
	if len(missed) == 0 {
		return settled, nil
	}
	var last ledger.Run
	var recorded []ledger.Slot
	for i, slot := range missed[max(0, len(missed)-mostMissed):] {
		run := standing[slot.ID()]
		reason := "no run of it was begun"
		if run.ID != 0 && run.State != ledger.StateMissed {
			reason = fmt.Sprintf("its last attempt %s: %s", run.State, run.Reason)
		}
		if i == 0 && len(missed) > mostMissed {
			reason += fmt.Sprintf("; nor was one of the %d slots before it, since %s", len(missed)-mostMissed, missed[0].When())
		}
		ok, err := a.Slots.Missed(ctx, slot, reason, now)
		if err != nil {
			return 0, fmt.Errorf("record that %s was missed: %w", slot, err)
		}
		if ok {
			run.Reason = reason
			last, recorded = run, append(recorded, slot)
		}
	}
	if len(recorded) == 0 {
		return settled, nil // somebody ran them after all
	}
	newest := recorded[len(recorded)-1]
	notice := ledger.NewNotice(ledger.NoticeMissed, newest, last)
	if all := len(missed); all > 1 {
		last.Reason = fmt.Sprintf("%d slots since %s passed without a finished run; of this one %s", all, missed[0].When(), last.Reason)
		notice = ledger.NewNotice(ledger.NoticeSeveral, newest, last)
	}
	told, err := a.deliver(ctx, notice)
	if !told {
		settled = 0 // another process is at it, or nobody could be told: once more
	}
	return settled, err
}

// judge deals with the newest due slot, and tells whether nothing more is to be done about it. People are told when it has no
// finished run after the grace.
func (a *auditor) judge(ctx context.Context, slot ledger.Slot, now time.Time) (bool, error) {
	run, _, err := a.Slots.Latest(ctx, slot, a.Kept)
	if err != nil {
		return false, fmt.Errorf("read how %s stands: %w", slot, err)
	}
	since := slot.At
	if since.Before(a.started) {
		since = a.started // its catch-up has just begun
	}
	var kind ledger.NoticeKind
	switch late := now.Sub(since) > a.Grace; {
	case run.State == ledger.StateDone:
		return a.deliver(ctx, ledger.NewNotice(ledger.NoticeMended, slot, run)) // no news where nothing was wrong
	case run.State == ledger.StateRunning:
		return false, nil
	case run.State == ledger.StateFailed && !run.Stopped():
		kind = ledger.NoticeFailed
	case run.State == ledger.StatePartial && !run.Stopped():
		kind = ledger.NoticePartial
	case late:
		kind = ledger.NoticeMissed
		run.Reason = fmt.Sprintf("no finished run %s after its time", now.Sub(slot.At).Round(time.Minute))
	default:
		return false, nil
	}
	_, err = a.deliver(ctx, ledger.NewNotice(kind, slot, run))
	return false, err
}

// deliver tells people now, unless they were told before. Told is false while another process is at it.
func (a *auditor) deliver(ctx context.Context, notice ledger.Notice) (told bool, err error) {
	if a.Notices == nil {
		return true, nil
	}
	return a.Notices.Deliver(ctx, notice)
}
