package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
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
			if err := a.audit(ctx, plan); err != nil && ctx.Err() == nil {
				a.Logger.ErrorContext(ctx, "slots cannot be audited", "job", plan.Schedule.Job(), "error", err)
			}
		}
		if a.Notices != nil {
			a.Notices.Record(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(a.jitter(a.AuditEvery)):
		}
	}
}

// audit looks at every due slot that is not settled yet.
func (a *auditor) audit(ctx context.Context, plan Plan) error {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout+a.AuditEvery)
	defer cancel()
	now, job := a.Now(), plan.Schedule.Job()
	from, err := a.from(ctx, plan, now)
	if err != nil {
		return err
	}
	slots := plan.Schedule.Between(from, now)
	if len(slots) == 0 {
		return nil
	}
	runs, err := a.Slots.Standing(ctx, job, slots[0].Date, slots[len(slots)-1].Date)
	if err != nil {
		return fmt.Errorf("read how the slots since %s stand: %w", slots[0].Slot, err)
	}
	standing := make(map[ledger.Slot]ledger.Run, len(runs))
	for _, run := range runs {
		if slot, ok := ledger.SlotOf(run); ok {
			standing[slot] = run
		}
	}
	var wrong []error
	unbroken := true
	for i, slot := range slots {
		settled, err := a.judge(ctx, slot, i == len(slots)-1, standing[slot.Slot], now)
		wrong = append(wrong, err)
		if unbroken = unbroken && settled && err == nil; unbroken {
			a.settled[job] = slot.At.Add(1)
		}
	}
	return errors.Join(wrong...)
}

// from is the first instant whose slots are looked at.
func (a *auditor) from(ctx context.Context, plan Plan, now time.Time) (time.Time, error) {
	job := plan.Schedule.Job()
	if a.settled[job].IsZero() {
		since, err := a.Slots.Since(ctx, job, plan.Schedule.String(), now)
		if err != nil {
			return time.Time{}, fmt.Errorf("read since when %s is scheduled: %w", job, err)
		}
		a.settled[job] = since
	}
	return a.settled[job], nil
}

// judge deals with one due slot, and tells whether nothing more is to be done about it. Of the newest, people are told when
// it has no finished run after the grace; the others are missed for good, since only the newest is ever caught up.
func (a *auditor) judge(ctx context.Context, slot ledger.Timed, newest bool, run ledger.Run, now time.Time) (bool, error) {
	since := slot.At
	if since.Before(a.started) {
		since = a.started // its catch-up has just begun
	}
	switch late := now.Sub(since) > a.Grace; {
	case run.State == ledger.StateDone:
		return true, nil
	case run.State == ledger.StateRunning:
		return false, nil
	case !newest:
		return a.missed(ctx, slot, run, now)
	case run.State == ledger.StateFailed && !run.Stopped():
		return false, a.tell(ctx, ledger.NoticeFailed, slot.Slot, run)
	case run.State == ledger.StatePartial && !run.Stopped():
		return false, a.tell(ctx, ledger.NoticePartial, slot.Slot, run)
	case late:
		run.Reason = fmt.Sprintf("no finished run %s after its time", now.Sub(slot.At).Round(time.Minute))
		return false, a.tell(ctx, ledger.NoticeMissed, slot.Slot, run)
	default:
		return false, nil
	}
}

// missed records a slot that can't be caught up any more, and tells people.
func (a *auditor) missed(ctx context.Context, slot ledger.Timed, run ledger.Run, now time.Time) (bool, error) {
	reason := "no run of it was begun"
	if run.ID != 0 && run.State != ledger.StateMissed {
		reason = fmt.Sprintf("its last attempt %s: %s", run.State, run.Reason)
	}
	recorded, err := a.Slots.Missed(ctx, slot.Slot, reason, now)
	if err != nil {
		return false, fmt.Errorf("record that %s was missed: %w", slot.Slot, err)
	}
	if !recorded {
		return false, nil // somebody runs it after all
	}
	run.Reason = reason
	return a.deliver(ctx, ledger.NoticeMissed, slot.Slot, run)
}

// deliver tells people now, unless they were told before. Told is false while another process is at it.
func (a *auditor) deliver(ctx context.Context, kind ledger.NoticeKind, slot ledger.Slot, run ledger.Run) (told bool, err error) {
	if a.Notices == nil {
		return true, nil
	}
	return a.Notices.Deliver(ctx, ledger.NewNotice(kind, slot, run))
}

// tell delivers what should have been told long ago.
func (a *auditor) tell(ctx context.Context, kind ledger.NoticeKind, slot ledger.Slot, run ledger.Run) error {
	_, err := a.deliver(ctx, kind, slot, run)
	return err
}
