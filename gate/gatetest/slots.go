package gatetest

import (
	"context"
	"slices"
	"time"

	"barkeep/ledger"
)

// topic is what people are told once.
type topic struct {
	subject string
	kind    ledger.NoticeKind
}

// ScheduleChanges is that of store.Slots.
func (l *Ledger) ScheduleChanges(_ context.Context, job ledger.Job) ([]ledger.ScheduleChange, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.changes[job]), nil
}

// ChangeSchedule is that of store.Slots.
func (l *Ledger) ChangeSchedule(
	_ context.Context, job ledger.Job, text string, now time.Time,
) ([]ledger.ScheduleChange, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recorded[job] = append(slices.Clip(l.recorded[job]), Recorded{At: l.clock(), Now: now, Schedule: text})
	latest := l.latestOf(job, now)
	changes := slices.DeleteFunc(slices.Clone(l.changes[job]), func(c ledger.ScheduleChange) bool {
		return c.Since.After(latest.Add(time.Hour))
	})
	if n := len(changes); n == 0 || changes[n-1].Schedule != text {
		if n > 0 && now.Before(changes[n-1].Since.Add(-time.Hour)) {
			now = latest
		}
		if n > 0 && !now.After(changes[n-1].Since) {
			now = changes[n-1].Since.Add(time.Microsecond)
		}
		changes = append(changes, ledger.ScheduleChange{Since: now, Schedule: text})
	}
	l.changes[job] = changes
	return slices.Clone(changes), nil
}

// latestOf is the latest of now, the ledger's clock and the newest slot of the job that was run.
func (l *Ledger) latestOf(job ledger.Job, now time.Time) time.Time {
	latest := now
	if clock := l.clock(); clock.After(latest) {
		latest = clock
	}
	for _, id := range slices.Backward(l.order) {
		ran := func(r *row) bool { return r.State != ledger.StateMissed }
		if at := time.Unix(id.At, 0); !at.After(latest) {
			break
		} else if id.Job == job && slices.ContainsFunc(l.slots[id], ran) {
			return at
		}
	}
	return latest
}

// Standing is that of store.Slots.
func (l *Ledger) Standing(
	_ context.Context, job ledger.Job, from, to time.Time, kept ledger.Kept,
) ([]ledger.Run, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var runs []ledger.Run
	for i := len(l.order) - 1; i >= 0 && l.order[i].At >= from.Unix(); i-- { // the newest are asked for
		if l.order[i].Job != job || l.order[i].At > to.Unix() {
			continue
		}
		run := l.latest(l.order[i], ledger.Kept{})
		if run.State != ledger.StateDone {
			run = l.latest(l.order[i], kept)
		}
		if run.ID != 0 {
			runs = append(runs, run)
		}
	}
	slices.Reverse(runs)
	return runs, nil
}

// Audited is that of store.Slots.
func (l *Ledger) Audited(_ context.Context, job ledger.Job) (time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.audited[job], nil
}

// SetAudited is that of store.Slots.
func (l *Ledger) SetAudited(_ context.Context, job ledger.Job, until time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.audited[job] = until.Truncate(time.Microsecond) // as the databases keep it
	return nil
}

// Missed is that of store.Slots.
func (l *Ledger) Missed(_ context.Context, slot ledger.Slot, reason string, now time.Time) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	recorded := false
	for _, r := range l.slots[l.id(slot)] {
		if r.State == ledger.StateDone && !r.Forced || l.running(r) {
			return false, nil
		}
		recorded = recorded || r.State == ledger.StateMissed
	}
	for _, r := range l.slots[l.id(slot)] {
		if r.State == ledger.StateRunning {
			abandon(r, now)
		}
	}
	if !recorded {
		l.add(ledger.Run{
			Job: slot.Job, Slot: slot, State: ledger.StateMissed, Reason: reason, Started: now, Finished: now,
		}, time.Time{})
	}
	return true, nil
}

// NameSlots is that of store.Slots; there are no earlier releases here.
func (l *Ledger) NameSlots(context.Context, func(ledger.Run) (ledger.Slot, bool)) (int, error) {
	return 0, nil
}

// Turn is that of store.Notices.
func (l *Ledger) Turn(_ context.Context, subject string, kind ledger.NoticeKind, turn time.Duration) (ledger.Turn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	about := topic{subject, kind}
	switch {
	case l.told[about]:
		return ledger.TurnTold, nil
	case l.turns[about].After(l.clock()):
		return ledger.TurnOther, nil
	default:
		l.turns[about] = l.clock().Add(turn)
		return ledger.TurnMine, nil
	}
}

// Told is that of store.Notices.
func (l *Ledger) Told(_ context.Context, subject string, kind ledger.NoticeKind) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told[topic{subject, kind}] = true
	return nil
}

// Forget is that of store.Notices.
func (l *Ledger) Forget(_ context.Context, subject string, kind ledger.NoticeKind) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.told, topic{subject, kind})
	return nil
}

// ToldOf is that of store.Notices.
func (l *Ledger) ToldOf(_ context.Context, kind ledger.NoticeKind) (subjects []string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for about := range l.told {
		if about.kind == kind {
			subjects = append(subjects, about.subject)
		}
	}
	slices.Sort(subjects)
	return subjects, nil
}

// DropSchedules is that of store.Slots.
func (l *Ledger) DropSchedules(_ context.Context, job ledger.Job, before time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes[job] = slices.DeleteFunc(l.changes[job], func(c ledger.ScheduleChange) bool { return c.Since.Before(before) })
	return nil
}
