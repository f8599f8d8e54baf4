package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"barkeep/ledger"
)

// errDown is what a store that is down answers.
var errDown = errors.New("connection refused")

// hook stands between a process and a store. It is called before each operation, and after it has been carried out; an
// error is what the process gets to see, so that one of a call after is an ambiguous reply.
type hook func(ctx context.Context, op string, after bool) error

func (h hook) around(ctx context.Context, op string, do func()) error {
	if h == nil {
		do()
		return nil
	}
	if err := h(ctx, op, false); err != nil {
		return err
	}
	do()
	return h(ctx, op, true)
}

// row is a run as the ledger keeps it.
type row struct {
	ledger.Run
	lease time.Time // when its lease ends, by the ledger's clock
}

type noticeKey struct {
	slot ledger.Slot
	kind ledger.NoticeKind
}

// books is a ledger in memory that keeps to the words of ports.go, with one lock for the database's transactions.
type books struct {
	clock      func() time.Time
	noIndex    func() // when set: the unique indexes are missing, and this runs between looking and inserting
	noFence    bool   // cells are taken from anybody
	mu         sync.Mutex
	rows       []*row // the ID is the place, from 1
	slots      map[ledger.Slot][]*row
	order      []ledger.Slot // by date
	cells      map[int64][]ledger.Cell
	since      map[ledger.Job]time.Time
	texts      map[ledger.Job]string
	turns      map[noticeKey]time.Time
	told       map[noticeKey]bool
	violations []string
}

func newBooks(clock func() time.Time) *books {
	return &books{
		clock: clock, slots: map[ledger.Slot][]*row{}, cells: map[int64][]ledger.Cell{}, since: map[ledger.Job]time.Time{},
		texts: map[ledger.Job]string{}, turns: map[noticeKey]time.Time{}, told: map[noticeKey]bool{},
	}
}

func (b *books) violate(format string, args ...any) {
	b.violations = append(b.violations, b.clock().UTC().Format(time.DateTime)+" "+fmt.Sprintf(format, args...))
}

func (b *books) running(r *row) bool {
	return r.State == ledger.StateRunning && r.lease.After(b.clock())
}

// read is a row as readers see it.
func (b *books) read(r *row) ledger.Run {
	run := r.Run
	if run.State == ledger.StateRunning && !b.running(r) {
		run.State = ledger.StateAbandoned
	}
	return run
}

func (b *books) add(run ledger.Run, lease time.Duration) ledger.Run {
	slot, _ := ledger.SlotOf(run)
	run.ID = int64(len(b.rows) + 1)
	if len(b.slots[slot]) == 0 {
		b.order = append(b.order, slot)
		for i := len(b.order) - 1; i > 0 && b.order[i].Date < b.order[i-1].Date; i-- {
			b.order[i], b.order[i-1] = b.order[i-1], b.order[i]
		}
	}
	r := &row{Run: run, lease: b.clock().Add(lease)}
	b.rows, b.slots[slot] = append(b.rows, r), append(b.slots[slot], r)
	return run
}

func (b *books) claim(run ledger.Run, lease time.Duration) ledger.Claim {
	b.mu.Lock()
	defer b.mu.Unlock()
	slot, _ := ledger.SlotOf(run)
	if claim, decided := b.inTheWay(slot, run, lease); decided {
		return claim
	}
	if b.noIndex != nil {
		b.mu.Unlock()
		b.noIndex()
		b.mu.Lock()
	}
	run.Attempt = 1
	var claim ledger.Claim
	for _, r := range b.slots[slot] {
		if r.State == ledger.StateRunning && !b.running(r) {
			b.abandon(r)
			claim.Abandoned = append(claim.Abandoned, r.Run)
		}
		if r.State != ledger.StateMissed {
			run.Attempt++
		}
	}
	claim.Won, claim.Run = true, b.add(run, lease)
	return claim
}

func (b *books) inTheWay(slot ledger.Slot, run ledger.Run, lease time.Duration) (ledger.Claim, bool) {
	var running *row
	for _, r := range b.slots[slot] {
		switch {
		case r.State == ledger.StateRunning && r.Token == run.Token:
			r.lease = b.clock().Add(lease)
			return ledger.Claim{Won: true, Run: r.Run}, true
		case r.State == ledger.StateDone && !r.Forced && !run.Forced:
			return ledger.Claim{Run: r.Run}, true
		case b.running(r):
			running = r
		}
	}
	if running != nil {
		return ledger.Claim{Run: running.Run}, true
	}
	return ledger.Claim{}, false
}

func (b *books) abandon(r *row) {
	r.State, r.Reason, r.Finished = ledger.StateAbandoned, "lease ended", b.clock()
}

// owned finds the row of a run that is running and bears the token.
func (b *books) owned(run ledger.Run) *row {
	if run.ID < 1 || run.ID > int64(len(b.rows)) {
		return nil
	}
	if r := b.rows[run.ID-1]; r.State == ledger.StateRunning && r.Token == run.Token {
		return r
	}
	return nil
}

func (b *books) heartbeat(run ledger.Run, lease time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.owned(run)
	if r != nil {
		r.lease = b.clock().Add(lease)
	}
	return r != nil
}

func (b *books) finish(run ledger.Run) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.owned(run)
	if r == nil {
		old := b.rows[run.ID-1]
		return old.Token == run.Token && old.State == run.State
	}
	r.State, r.Reason, r.Finished = run.State, run.Reason, run.Finished
	if run.State == ledger.StateDone && !run.Forced {
		slot, _ := ledger.SlotOf(run)
		for _, other := range b.slots[slot] {
			if other != r && !other.Forced && (other.State == ledger.StateDone || other.State == ledger.StateRunning) {
				b.violate("%s has run %d %s beside run %d", slot, other.ID, other.State, r.ID)
			}
		}
	}
	return true
}

// commit writes a cell with its bars, fenced.
func (b *books) commit(run ledger.Run, cell ledger.Cell) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.owned(run) == nil && !b.noFence {
		return ledger.ErrLost
	}
	slot, _ := ledger.SlotOf(run)
	for _, r := range b.slots[slot] {
		for _, c := range b.cells[r.ID] {
			if r.ID != run.ID && !run.Forced && !r.Forced && c.State.OK() && cell.State.OK() && c.Instrument == cell.Instrument {
				b.violate("%s: %s was committed by run %d and again by run %d", slot, c.Instrument, r.ID, run.ID)
			}
		}
	}
	cell.RunID = run.ID
	b.cells[run.ID] = ledger.Merge(b.cells[run.ID], []ledger.Cell{cell})
	return nil
}

func (b *books) latest(slot ledger.Slot) (ledger.Run, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rank := func(r ledger.Run) int {
		return slices.Index([]ledger.State{ledger.StateRunning, ledger.StateDone}, r.State)
	}
	var best ledger.Run
	for _, r := range b.slots[slot] {
		if run := b.read(r); !run.Forced && (best.ID == 0 || rank(run) >= rank(best)) {
			best = run
		}
	}
	return best, best.ID != 0
}

func (b *books) committed(slot ledger.Slot) []ledger.Cell {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []ledger.Cell
	for _, r := range b.slots[slot] {
		if !r.Forced {
			all = ledger.Merge(all, b.cells[r.ID])
		}
	}
	return all
}

func (b *books) inProgress(job ledger.Job) (ledger.Run, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.rows {
		if r.Job == job && b.running(r) {
			return r.Run, true
		}
	}
	return ledger.Run{}, false
}

func (b *books) sinceWhen(job ledger.Job, text string, now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.texts[job] != text {
		b.texts[job], b.since[job] = text, now
	}
	return b.since[job]
}

func (b *books) standing(job ledger.Job, from, to string) []ledger.Run {
	b.mu.Lock()
	var slots []ledger.Slot
	for i := len(b.order) - 1; i >= 0 && b.order[i].Date >= from; i-- { // the newest are asked for
		if b.order[i].Job == job && b.order[i].Date <= to {
			slots = append(slots, b.order[i])
		}
	}
	b.mu.Unlock()
	var runs []ledger.Run
	for _, slot := range slots {
		if run, ok := b.latest(slot); ok {
			runs = append(runs, run)
		}
	}
	return runs
}

func (b *books) missed(slot ledger.Slot, reason string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	recorded := false
	for _, r := range b.slots[slot] {
		if r.State == ledger.StateDone && !r.Forced || b.running(r) {
			return false
		}
		recorded = recorded || r.State == ledger.StateMissed
	}
	for _, r := range b.slots[slot] {
		if r.State == ledger.StateRunning {
			b.abandon(r)
		}
	}
	if !recorded {
		b.add(ledger.Run{
			Job: slot.Job, TradingDate: slot.Date, Slot: slot.Index, State: ledger.StateMissed, Reason: reason, Started: now, Finished: now,
		}, 0)
	}
	return true
}

func (b *books) turn(key noticeKey, turn time.Duration) ledger.Turn {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.told[key]:
		return ledger.TurnTold
	case b.turns[key].After(b.clock()):
		return ledger.TurnOther
	default:
		b.turns[key] = b.clock().Add(turn)
		return ledger.TurnMine
	}
}

// effective are the runs of a slot that are done and not forced.
func (b *books) effective(slot ledger.Slot) []ledger.Run {
	b.mu.Lock()
	defer b.mu.Unlock()
	var done []ledger.Run
	for _, r := range b.slots[slot] {
		if r.State == ledger.StateDone && !r.Forced {
			done = append(done, r.Run)
		}
	}
	return done
}

// runs are all runs of a slot.
func (b *books) runs(slot ledger.Slot) []ledger.Run {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []ledger.Run
	for _, r := range b.slots[slot] {
		all = append(all, r.Run)
	}
	return all
}

// cellsOf are the cells that a run committed.
func (b *books) cellsOf(run int64) []ledger.Cell {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cells[run]
}

// wasTold tells whether people know of a slot.
func (b *books) wasTold(slot ledger.Slot, kind ledger.NoticeKind) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.told[noticeKey{slot, kind}]
}

// ledgerPort is the books as one process reaches them.
type ledgerPort struct {
	*books
	hook hook
}

func (p ledgerPort) Claim(ctx context.Context, run ledger.Run, lease time.Duration) (claim ledger.Claim, err error) {
	if err := p.hook.around(ctx, "ledger claim", func() { claim = p.claim(run, lease) }); err != nil {
		return ledger.Claim{}, err
	}
	return claim, nil
}

func (p ledgerPort) Heartbeat(ctx context.Context, run ledger.Run, lease time.Duration) (still bool, err error) {
	err = p.hook.around(ctx, "ledger heartbeat", func() { still = p.heartbeat(run, lease) })
	return still && err == nil, err
}

func (p ledgerPort) Finish(ctx context.Context, run ledger.Run) (ok bool, err error) {
	err = p.hook.around(ctx, "ledger finish", func() { ok = p.finish(run) })
	return ok && err == nil, err
}

func (p ledgerPort) Latest(ctx context.Context, slot ledger.Slot) (run ledger.Run, ok bool, err error) {
	err = p.hook.around(ctx, "ledger latest", func() { run, ok = p.latest(slot) })
	return run, ok, err
}

func (p ledgerPort) Committed(ctx context.Context, slot ledger.Slot) (cells []ledger.Cell, err error) {
	err = p.hook.around(ctx, "ledger committed", func() { cells = p.committed(slot) })
	return cells, err
}

func (p ledgerPort) InProgress(ctx context.Context, job ledger.Job) (run ledger.Run, ok bool, err error) {
	err = p.hook.around(ctx, "ledger in progress", func() { run, ok = p.inProgress(job) })
	return run, ok, err
}

func (p ledgerPort) Since(ctx context.Context, job ledger.Job, text string, now time.Time) (since time.Time, err error) {
	err = p.hook.around(ctx, "book since", func() { since = p.sinceWhen(job, text, now) })
	return since, err
}

func (p ledgerPort) Standing(ctx context.Context, job ledger.Job, from, to string) (runs []ledger.Run, err error) {
	err = p.hook.around(ctx, "book standing", func() { runs = p.standing(job, from, to) })
	return runs, err
}

func (p ledgerPort) Missed(ctx context.Context, slot ledger.Slot, reason string, now time.Time) (recorded bool, err error) {
	err = p.hook.around(ctx, "book missed", func() { recorded = p.missed(slot, reason, now) })
	return recorded, err
}

func (p ledgerPort) Tell(ctx context.Context, slot ledger.Slot, kind ledger.NoticeKind, turn time.Duration) (whose ledger.Turn, err error) {
	err = p.hook.around(ctx, "book tell", func() { whose = p.turn(noticeKey{slot, kind}, turn) })
	return whose, err
}

func (p ledgerPort) Told(ctx context.Context, slot ledger.Slot, kind ledger.NoticeKind) error {
	return p.hook.around(ctx, "book told", func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.told[noticeKey{slot, kind}] = true
	})
}

// Commit is what work does with a cell.
func (p ledgerPort) Commit(ctx context.Context, run ledger.Run, cell ledger.Cell) error {
	var result error
	if err := p.hook.around(ctx, "ledger commit", func() { result = p.commit(run, cell) }); err != nil {
		return err
	}
	return result
}
