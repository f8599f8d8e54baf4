package gatetest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"barkeep/ledger"
)

// topic is what people are told once.
type topic struct {
	slot ledger.Slot
	kind ledger.NoticeKind
}

// Since is that of store.Slots.
func (l *Ledger) Since(_ context.Context, job ledger.Job, text string, now time.Time) (time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.texts[job] != text {
		l.texts[job], l.since[job] = text, now
	}
	return l.since[job], nil
}

// Standing is that of store.Slots.
func (l *Ledger) Standing(_ context.Context, job ledger.Job, from, to string) ([]ledger.Run, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var runs []ledger.Run
	for i := len(l.order) - 1; i >= 0 && l.order[i].Date >= from; i-- { // the newest are asked for
		if l.order[i].Job != job || l.order[i].Date > to {
			continue
		}
		if run := l.latest(l.order[i]); run.ID != 0 {
			runs = append(runs, run)
		}
	}
	slices.SortFunc(runs, func(a, b ledger.Run) int {
		return cmp.Or(strings.Compare(a.SlotDate, b.SlotDate), cmp.Compare(a.Slot, b.Slot))
	})
	return runs, nil
}

// Missed is that of store.Slots.
func (l *Ledger) Missed(_ context.Context, slot ledger.Slot, reason string, now time.Time) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	recorded := false
	for _, r := range l.slots[slot] {
		if r.State == ledger.StateDone && !r.Forced || l.running(r) {
			return false, nil
		}
		recorded = recorded || r.State == ledger.StateMissed
	}
	for _, r := range l.slots[slot] {
		if r.State == ledger.StateRunning {
			abandon(r, now)
		}
	}
	if !recorded {
		l.add(ledger.Run{
			Job: slot.Job, SlotDate: slot.Date, Slot: slot.Index, State: ledger.StateMissed, Reason: reason,
			Started: now, Finished: now,
		}, time.Time{})
	}
	return true, nil
}

// Turn is that of store.Notices.
func (l *Ledger) Turn(_ context.Context, slot ledger.Slot, kind ledger.NoticeKind, turn time.Duration) (ledger.Turn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	about := topic{slot, kind}
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
func (l *Ledger) Told(_ context.Context, slot ledger.Slot, kind ledger.NoticeKind) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told[topic{slot, kind}] = true
	return nil
}
