// Package gatetest has a ledger and markers in memory, and processes that share them, for the tests of what runs through the
// run gate.
package gatetest

import (
	"context"
	"errors"
	"fmt"
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
	rows       []*row                   // the ID is the index, from 1
	slots      map[ledger.SlotID][]*row // runs ad hoc have the zero one
	order      []ledger.SlotID          // by instant
	cells      map[int64][]ledger.Cell
	changes    map[ledger.Job][]ledger.ScheduleChange
	recorded   map[ledger.Job][]Recorded
	names      map[ledger.Slot]ledger.SlotID // of slots by date and index, where that bug is planted
	audited    map[ledger.Job]time.Time
	turns      map[topic]time.Time
	told       map[topic]bool
	violations []string
}

// NewLedger makes an empty ledger whose leases are measured by clock.
func NewLedger(clock func() time.Time) *Ledger {
	return &Ledger{
		clock: clock, slots: map[ledger.SlotID][]*row{}, cells: map[int64][]ledger.Cell{},
		changes: map[ledger.Job][]ledger.ScheduleChange{}, recorded: map[ledger.Job][]Recorded{}, audited: map[ledger.Job]time.Time{},
		turns: map[topic]time.Time{}, told: map[topic]bool{},
	}
}

// WithoutIndex plants a bug: the unique indexes are missing, and between runs while a claim has looked and not yet inserted.
func (l *Ledger) WithoutIndex(between func()) { l.noIndex = between }

// WithoutFence plants a bug: cells are taken from any process.
func (l *Ledger) WithoutFence() { l.noFence = true }

// ByIndex plants a bug: a slot is named by its date and its number among the times of that date.
func (l *Ledger) ByIndex() { l.names = map[ledger.Slot]ledger.SlotID{} }

// id names a slot.
func (l *Ledger) id(slot ledger.Slot) ledger.SlotID {
	if l.names == nil {
		return slot.ID()
	}
	short := ledger.Slot{Job: slot.Job, Date: slot.Date, Index: slot.Index}
	id, known := l.names[short]
	if !known {
		id = slot.ID()
		l.names[short] = id
	}
	return id
}

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
		run.State, run.Reason = ledger.StateAbandoned, leaseEnded
	}
	return run
}

// none is the key of a job's runs without a slot.
func none(job ledger.Job) ledger.SlotID { return ledger.SlotID{Job: job} }

// idOf is the key of a run's slot.
func (l *Ledger) idOf(run ledger.Run) ledger.SlotID {
	if !run.Scheduled() {
		return none(run.Job)
	}
	return l.id(run.Slot)
}

func (l *Ledger) add(run ledger.Run, lease time.Time) ledger.Run {
	slot := l.idOf(run)
	run.ID = int64(len(l.rows) + 1)
	if run.Scheduled() && len(l.slots[slot]) == 0 {
		l.order = append(l.order, slot)
		for i := len(l.order) - 1; i > 0 && l.order[i].At < l.order[i-1].At; i-- {
			l.order[i], l.order[i-1] = l.order[i-1], l.order[i]
		}
	}
	r := &row{Run: run, lease: lease}
	l.rows, l.slots[slot] = append(l.rows, r), append(l.slots[slot], r)
	return run
}

// Claim is that of store.Gate.
func (l *Ledger) Claim(_ context.Context, run ledger.Run, kept ledger.Kept, lease time.Duration) (ledger.Claim, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !run.Scheduled() {
		return l.claimAdHoc(none(run.Job), run, lease), nil
	}
	slot := l.id(run.Slot)
	if claim, decided := l.inTheWay(slot, run, kept, lease); decided {
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
			abandon(r, run.Started)
			claim.Abandoned = append(claim.Abandoned, r.Run)
		}
		if r.State != ledger.StateMissed {
			attempt++
		}
	}
	run.Attempt, run.State = attempt, ledger.StateRunning
	claim.Won, claim.Run = true, l.add(run, l.clock().Add(lease))
	return claim, nil
}

// claimAdHoc begins a run without a slot, or finds the one that an earlier try began, and takes over from all that died.
func (l *Ledger) claimAdHoc(none ledger.SlotID, run ledger.Run, lease time.Duration) ledger.Claim {
	claim := ledger.Claim{Won: true}
	for _, r := range l.slots[none] {
		switch {
		case r.State != ledger.StateRunning:
		case r.Token == run.Token:
			r.lease, claim.Run = l.clock().Add(lease), r.Run
		case !l.running(r):
			abandon(r, run.Started)
			claim.Abandoned = append(claim.Abandoned, r.Run)
		}
	}
	if claim.Run.ID == 0 {
		run.Attempt, run.State = 1, ledger.StateRunning
		claim.Run = l.add(run, l.clock().Add(lease))
	}
	return claim
}

// inTheWay looks for a run that decides the claim of a slot: the claim's own, or another's.
func (l *Ledger) inTheWay(slot ledger.SlotID, run ledger.Run, kept ledger.Kept, lease time.Duration) (ledger.Claim, bool) {
	var running *row
	for _, r := range l.slots[slot] {
		switch {
		case r.State == ledger.StateRunning && r.Token == run.Token:
			r.lease = l.clock().Add(lease)
			return ledger.Claim{Won: true, Run: r.Run}, true
		case l.running(r):
			running = r
		}
	}
	if latest := l.latest(slot, kept); latest.State == ledger.StateDone && !run.Forced {
		return ledger.Claim{Run: latest}, true
	}
	if running != nil {
		return ledger.Claim{Run: running.Run}, true
	}
	return ledger.Claim{}, false
}

// leaseEnded is the reason of a run that was abandoned.
const leaseEnded = "lease ended"

func abandon(r *row, at time.Time) {
	r.State, r.Reason, r.Finished = ledger.StateAbandoned, leaseEnded, at
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
	if run.State == ledger.StateRunning {
		return false, errors.New("a run does not end as running")
	}
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
	for _, other := range l.slots[l.idOf(run)] {
		if run.Scheduled() && other != r && other.State == ledger.StateRunning {
			l.violate("%s has run %d %s beside run %d", run.Slot, other.ID, other.State, r.ID)
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
	run = l.rows[run.ID-1].Run
	for _, c := range l.effective(l.idOf(run), run.ID) {
		if run.Scheduled() && !run.Forced && cell.State.OK() && c.Series() == cell.Series() {
			if l.noFence {
				l.violate("%s: %s was committed by run %d and again by run %d", run.Slot, c.Series(), c.RunID, run.ID)
				continue
			}
			return ledger.ErrImported
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

// effective are the OK cells of a slot's unforced runs, but for those of one run.
func (l *Ledger) effective(slot ledger.SlotID, without int64) []ledger.Cell {
	var all []ledger.Cell
	for _, r := range l.slots[slot] {
		for _, c := range l.cells[r.ID] {
			if r.ID != without && !r.Forced && c.State.OK() {
				all = append(all, c)
			}
		}
	}
	return all
}

// Latest is that of store.Gate.
func (l *Ledger) Latest(_ context.Context, slot ledger.Slot, kept ledger.Kept) (ledger.Run, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	run := l.latest(l.id(slot), kept)
	return run, run.ID != 0, nil
}

func (l *Ledger) latest(slot ledger.SlotID, kept ledger.Kept) ledger.Run {
	var best, done ledger.Run
	for _, r := range l.slots[slot] {
		run := l.read(r)
		if run.Forced {
			continue
		}
		if best.State != ledger.StateRunning || run.State == ledger.StateRunning {
			best = run
		}
		if run.State == ledger.StateDone {
			done = run
		}
	}
	return kept.Judge(best, done, l.effective(slot, 0))
}

// Committed is that of store.Gate.
func (l *Ledger) Committed(_ context.Context, slot ledger.Slot) ([]ledger.Cell, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []ledger.Cell
	for _, r := range l.slots[l.id(slot)] {
		if !r.Forced {
			all = ledger.Merge(all, l.cells[r.ID])
		}
	}
	return inOrder(all), nil
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
