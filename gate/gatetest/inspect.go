package gatetest

import (
	"maps"
	"slices"
	"time"

	"barkeep/ledger"
)

// Effective are the runs of a slot that are done and not forced.
func (l *Ledger) Effective(slot ledger.Slot) []ledger.Run {
	return slices.DeleteFunc(l.RunsOf(slot), func(r ledger.Run) bool { return r.State != ledger.StateDone || r.Forced })
}

// RunsOf are all runs of a slot, as they are written: one whose lease is over is still running. Those of a slot that has a job
// and no date are the runs ad hoc.
func (l *Ledger) RunsOf(slot ledger.Slot) []ledger.Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []ledger.Run
	for _, r := range l.slots[l.idOf(ledger.Run{Job: slot.Job, Slot: slot})] {
		all = append(all, r.Run)
	}
	return all
}

// All are all runs, in the order of their claims, as readers see them.
func (l *Ledger) All() []ledger.Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []ledger.Run
	for _, r := range l.rows {
		all = append(all, l.read(r))
	}
	return all
}

// CellsOf are the cells that a run committed.
func (l *Ledger) CellsOf(run int64) []ledger.Cell {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.cells[run])
}

// ProgressOf is what a run said last; false when it said nothing.
func (l *Ledger) ProgressOf(run int64) (ledger.Progress, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rows[run-1].progress, l.rows[run-1].spoke
}

// WasTold tells whether people know of a slot.
func (l *Ledger) WasTold(slot ledger.Slot, kind ledger.NoticeKind) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.told[topic{slot.Key(), kind.Topic()}]
}

// Imports are the effective imports of a slot: the OK cells of the unforced runs that were for this very instant.
func (l *Ledger) Imports(slot ledger.Slot) []ledger.Cell {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(l.effective(l.id(slot), 0), func(c ledger.Cell) bool {
		return !l.rows[c.RunID-1].Slot.At.Equal(slot.At)
	})
}

// Recorded is a call of ChangeSchedule.
type Recorded struct {
	At       time.Time // by the ledger's clock
	Now      time.Time // by the caller's
	Schedule string
}

// Recorded are the calls of ChangeSchedule, in their order.
func (l *Ledger) Recorded(job ledger.Job) []Recorded {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.recorded[job])
}

// Schedules is how many jobs have a schedule in the ledger.
func (l *Ledger) Schedules() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.changes)
}

// Violations are the things that must never be and were.
func (l *Ledger) Violations() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.violations)
}

// Add writes a run as it is, with a lease from now on, and returns it with its ID.
func (l *Ledger) Add(run ledger.Run, lease time.Duration) ledger.Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.add(run, l.clock().Add(lease))
}

// Backup is what a copy of the ledger holds.
type Backup struct {
	rows     []row
	cells    map[int64][]ledger.Cell
	changes  map[ledger.Job][]ledger.ScheduleChange
	recorded map[ledger.Job][]Recorded
	audited  map[ledger.Job]time.Time
	turns    map[topic]time.Time
	told     map[topic]bool
}

// Backup copies the ledger.
func (l *Ledger) Backup() Backup {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := Backup{
		cells: maps.Clone(l.cells), changes: maps.Clone(l.changes), audited: maps.Clone(l.audited), turns: maps.Clone(l.turns),
		told: maps.Clone(l.told), recorded: maps.Clone(l.recorded),
	}
	for _, r := range l.rows {
		b.rows = append(b.rows, *r)
	}
	return b
}

// Restore replaces the ledger by a copy.
func (l *Ledger) Restore(b Backup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows, l.slots, l.order = nil, map[ledger.SlotID][]*row{}, nil
	l.cells, l.changes, l.audited = maps.Clone(b.cells), maps.Clone(b.changes), maps.Clone(b.audited)
	l.recorded = maps.Clone(b.recorded)
	l.turns, l.told = maps.Clone(b.turns), maps.Clone(b.told)
	for _, r := range b.rows {
		l.add(r.Run, r.lease)
	}
}
