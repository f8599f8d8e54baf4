// Package gatetest has a ledger and markers in memory, and processes that share them, for the tests of what runs through the
// run gate.
package gatetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"barkeep/ledger"
)

// row is a run as the ledger keeps it.
type row struct {
	ledger.Run
	lease    time.Time // when its lease ends, by the ledger's clock
	progress ledger.Progress
	spoke    bool // progress was recorded
}

// Ledger is a ledger in memory that keeps to the contract of store.Gate, store.Slots and store.Notices, with one lock for the
// database's transactions. It also watches for what must never be.
type Ledger struct {
	clock   func() time.Time
	noIndex func()
	noFence bool

	mu         sync.Mutex
	rows       []*row                 // the ID is the index, from 1
	slots      map[ledger.Slot][]*row // runs ad hoc have a slot without a date
	order      []ledger.Slot          // by date
	cells      map[int64][]ledger.Cell
	since      map[ledger.Job]time.Time
	texts      map[ledger.Job]string
	turns      map[topic]time.Time
	told       map[topic]bool
	violations []string
}

// NewLedger makes an empty ledger whose leases are measured by clock.
func NewLedger(clock func() time.Time) *Ledger {
	return &Ledger{
		clock: clock, slots: map[ledger.Slot][]*row{}, cells: map[int64][]ledger.Cell{}, since: map[ledger.Job]time.Time{},
		texts: map[ledger.Job]string{}, turns: map[topic]time.Time{}, told: map[topic]bool{},
	}
}

// WithoutIndex plants a bug: the unique indexes are missing, and between runs while a claim has looked and not yet inserted.
func (l *Ledger) WithoutIndex(between func()) { l.noIndex = between }

// WithoutFence plants a bug: cells are taken from any process.
func (l *Ledger) WithoutFence() { l.noFence = true }

func (l *Ledger) violate(format string, args ...any) {
	l.violations = append(l.violations, l.clock().UTC().Format(time.DateTime)+" "+fmt.Sprintf(format, args...))
}

func (l *Ledger) running(r *row) bool {
	return r.State == ledger.StateRunning && r.lease.After(l.clock())
}

// read is a row as readers see it.
func (l *Ledger) read(r *row) ledger.Run {
	run := r.Run
	if run.State == ledger.StateRunning && !l.running(r) {
		run.State = ledger.StateAbandoned
	}
	return run
}

func (l *Ledger) add(run ledger.Run, lease time.Time) ledger.Run {
	slot, ok := ledger.SlotOf(run)
	run.ID = int64(len(l.rows) + 1)
	if ok && len(l.slots[slot]) == 0 {
		l.order = append(l.order, slot)
		for i := len(l.order) - 1; i > 0 && l.order[i].Date < l.order[i-1].Date; i-- {
			l.order[i], l.order[i-1] = l.order[i-1], l.order[i]
		}
	}
	r := &row{Run: run, lease: lease}
	l.rows, l.slots[slot] = append(l.rows, r), append(l.slots[slot], r)
	return run
}

// Claim is that of store.Gate.
func (l *Ledger) Claim(_ context.Context, run ledger.Run, lease time.Duration) (ledger.Claim, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slot, ok := ledger.SlotOf(run)
	if claim, decided := l.inTheWay(slot, ok, run, lease); decided {
		return claim, nil
	}
	if l.noIndex != nil {
		l.mu.Unlock()
		l.noIndex()
		l.mu.Lock()
	}
	attempt := 1
	var claim ledger.Claim
	for _, r := range l.slots[slot] {
		if r.State == ledger.StateRunning && !l.running(r) {
			l.abandon(r)
			claim.Abandoned = append(claim.Abandoned, r.Run)
		}
		if ok && r.State != ledger.StateMissed {
			attempt++
		}
	}
	run.Attempt = attempt
	claim.Won, claim.Run = true, l.add(run, l.clock().Add(lease))
	return claim, nil
}

// inTheWay looks for a run that decides a claim: the claim's own, or, of a slot, another's.
func (l *Ledger) inTheWay(slot ledger.Slot, isSlot bool, run ledger.Run, lease time.Duration) (ledger.Claim, bool) {
	var running *row
	for _, r := range l.slots[slot] {
		switch {
		case r.State == ledger.StateRunning && r.Token == run.Token:
			r.lease = l.clock().Add(lease)
			return ledger.Claim{Won: true, Run: r.Run}, true
		case !isSlot:
		case r.State == ledger.StateDone && !r.Forced && !run.Forced:
			return ledger.Claim{Run: r.Run}, true
		case l.running(r):
			running = r
		}
	}
	if running != nil {
		return ledger.Claim{Run: running.Run}, true
	}
	return ledger.Claim{}, false
}

func (l *Ledger) abandon(r *row) {
	r.State, r.Reason, r.Finished = ledger.StateAbandoned, "lease ended", l.clock()
}

// owned finds the row of a run that is running and has the token.
func (l *Ledger) owned(run ledger.Run) *row {
	if run.ID < 1 || run.ID > int64(len(l.rows)) {
		return nil
	}
	if r := l.rows[run.ID-1]; r.State == ledger.StateRunning && r.Token == run.Token {
		return r
	}
	return nil
}

// Heartbeat is that of store.Gate.
func (l *Ledger) Heartbeat(_ context.Context, run ledger.Run, lease time.Duration) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.owned(run)
	if r != nil && r.lease.Before(l.clock().Add(lease)) {
		r.lease = l.clock().Add(lease)
	}
	return r != nil, nil
}

// Finish is that of store.Gate.
func (l *Ledger) Finish(_ context.Context, run ledger.Run) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.owned(run)
	if r == nil {
		if run.ID < 1 || run.ID > int64(len(l.rows)) {
			return false, nil
		}
		old := l.rows[run.ID-1]
		return old.Token == run.Token && old.State == run.State, nil
	}
	r.State, r.Reason, r.Finished = run.State, run.Reason, run.Finished
	slot, ok := ledger.SlotOf(run)
	if ok && run.State == ledger.StateDone && !run.Forced {
		for _, other := range l.slots[slot] {
			if other != r && !other.Forced && (other.State == ledger.StateDone || other.State == ledger.StateRunning) {
				l.violate("%s has run %d %s beside run %d", slot, other.ID, other.State, r.ID)
			}
		}
	}
	return true, nil
}

// RecordCell is that of store.Gate; the work of the tests has no bars and commits all its cells by it.
func (l *Ledger) RecordCell(_ context.Context, run ledger.Run, cell ledger.Cell) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owned(run) == nil && !l.noFence {
		return ledger.ErrLost
	}
	if slot, ok := ledger.SlotOf(run); ok {
		for _, r := range l.slots[slot] {
			for _, c := range l.cells[r.ID] {
				if r.ID != run.ID && !run.Forced && !r.Forced && c.State.OK() && cell.State.OK() && c.Instrument == cell.Instrument {
					l.violate("%s: %s was committed by run %d and again by run %d", slot, c.Instrument, r.ID, run.ID)
				}
			}
		}
	}
	cell.RunID = run.ID
	l.cells[run.ID] = ledger.Merge(l.cells[run.ID], []ledger.Cell{cell})
	return nil
}

// RecordProgress is that of store.Gate.
func (l *Ledger) RecordProgress(_ context.Context, run ledger.Run, progress ledger.Progress) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.owned(run)
	if r == nil {
		return ledger.ErrLost
	}
	r.progress, r.spoke = progress, true
	return nil
}

// Latest is that of store.Gate.
func (l *Ledger) Latest(_ context.Context, slot ledger.Slot) (ledger.Run, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	run := l.latest(slot)
	return run, run.ID != 0, nil
}

func (l *Ledger) latest(slot ledger.Slot) ledger.Run {
	rank := func(r ledger.Run) int {
		return slices.Index([]ledger.State{ledger.StateRunning, ledger.StateDone}, r.State)
	}
	var best ledger.Run
	for _, r := range l.slots[slot] {
		if run := l.read(r); !run.Forced && (best.ID == 0 || rank(run) >= rank(best)) {
			best = run
		}
	}
	return best
}

// Committed is that of store.Gate.
func (l *Ledger) Committed(_ context.Context, slot ledger.Slot) ([]ledger.Cell, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []ledger.Cell
	for _, r := range l.slots[slot] {
		if !r.Forced {
			all = ledger.Merge(all, l.cells[r.ID])
		}
	}
	return all, nil
}

// InProgress is that of store.Gate.
func (l *Ledger) InProgress(_ context.Context, job ledger.Job) (ledger.Run, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.rows {
		if r.Job == job && l.running(r) {
			return r.Run, true, nil
		}
	}
	return ledger.Run{}, false, nil
}
