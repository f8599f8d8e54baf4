package scheduler_test

import (
	"context"
	"slices"
	"time"
)

// restores puts, in every third world, a copy of the database that is hours or days old in the place of the database, once or
// twice a year. Nobody works at that moment. Redis keeps what it has.
func (w *world) restores(ctx context.Context) {
	if w.seed%3 != 0 {
		return
	}
	d := newDice(w.seed, 3)
	first := w.start.Add(48 * time.Hour)
	for range max(1, 2*w.days/365) {
		at := first.Add(d.between(0, w.end.Sub(first)*2/3))
		if rest(ctx, at.Sub(w.now())) != nil {
			return
		}
		began := w.ledger.Schedules()
		if began < len(config{plan: w.plan}.jobs(w)) {
			return // nothing is kept yet from which to tell what was missed
		}
		was, backup := w.now(), w.ledger.Backup()
		if rest(ctx, d.between(time.Minute, 9*24*time.Hour)) != nil || w.over() {
			return
		}
		w.stopAll()
		if rest(ctx, time.Second) != nil { // what was on its way arrives
			return
		}
		w.ledger.Restore(backup)
		w.mu.Lock()
		w.stopped = false
		w.troubles = append(w.troubles, span{was, w.now()})
		w.mu.Unlock()
		first = w.now()
	}
}

// stopAll kills every process, and those that begin before stopped is taken back.
func (w *world) stopAll() {
	w.mu.Lock()
	w.stopped = true
	all := slices.Clone(w.living)
	w.living = nil
	w.mu.Unlock()
	for _, p := range all {
		p.die()
	}
}

// born notes a process.
func (w *world) born(p *process) {
	w.mu.Lock()
	w.living = append(w.living, p)
	stopped := w.stopped
	w.mu.Unlock()
	if stopped {
		p.die()
	}
}

// die kills a process now.
func (p *process) die() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
	p.crash()
}
