package scheduler_test

import (
	"context"
	"errors"
	"time"
)

const (
	// clockBound is how far a clock may be off before its process may not run anything.
	clockBound = 2 * time.Minute
	// clockLook is how often a process whose clock is to jump looks at it.
	clockLook = 30 * time.Minute
)

// wrong is a time in which a process's clock is off.
type wrong struct {
	span
	by time.Duration
}

// now is the time by the process's own clock.
func (p *process) now() time.Time {
	now := p.w.now()
	for _, c := range p.wrong {
		if !now.Before(c.from) && now.Before(c.to) {
			return now.Add(c.by)
		}
	}
	return now.Add(p.skew)
}

// errClock is why a process does nothing.
var errClock = errors.New("the clock is wrong")

// may tells why the process may not run anything now: its clock and the ledger's are too far apart.
func (p *process) may(context.Context) error {
	if off := p.now().Sub(p.w.now()).Abs(); off >= clockBound && p.w.plant != clockTrusted {
		return errClock
	}
	return nil
}

// drawClock draws how wrong the process's clock is, and when. It shows 1970, or is off by seconds to years, from the beginning
// or from some instant on, until it is set right.
func (p *process) drawClock() {
	d := p.dice("clock")
	if d.chance(0.2) {
		p.skew = d.between(0, 40*time.Second) - 20*time.Second
	}
	now := p.w.now()
	from := now
	switch {
	case d.chance(0.08):
	case d.chance(0.08):
		next, _ := p.conf.plan.Next(now.Add(d.between(0, 10*24*time.Hour)))
		if from = next.At.Add(-d.between(0, 5*time.Hour)); d.chance(0.4) { // in the middle of a run
			from = next.At.Add(d.between(0, time.Minute))
		}
	default:
		return
	}
	by := d.between(30*time.Second, 6*time.Hour)
	if d.chance(0.5) {
		by = -by
	}
	switch {
	case d.chance(0.2):
		by = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC).Sub(from)
	case d.chance(0.1):
		by = d.between(24*time.Hour, 4*365*24*time.Hour)
	}
	to := earlier(from.Add(d.between(10*time.Second, 8*time.Hour)), p.w.end)
	if !from.Before(to) {
		return
	}
	p.wrong = append(p.wrong, wrong{span{from, to}, by})
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.w.troubles = append(p.w.troubles, span{from, to.Add(clockLook + time.Hour)})
}

// strangers are processes of a release that records its schedule whatever its clock shows. A few hours later the clock is right.
func (w *world) strangers(ctx context.Context) {
	d := newDice(w.seed, 5)
	if d.chance(0.5) {
		return
	}
	for range max(1, 3*w.days/365) {
		at := w.near(d)
		if rest(ctx, at.Sub(w.now())) != nil || w.over() {
			return
		}
		job := w.plan.Job()
		if len(w.ledger.Recorded(job)) == 0 {
			continue
		}
		now := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
		if d.chance(0.5) {
			now = w.now().Add(d.between(10*time.Minute, 4*365*24*time.Hour))
		}
		text := w.planAt(w.now()).String()
		if d.chance(0.3) {
			text = w.options[d.int(len(w.options))].String()
		}
		_, _ = w.ledger.ChangeSchedule(ctx, job, text, now)
		_ = rest(ctx, d.between(time.Second, 6*time.Hour))
		_, _ = w.ledger.ChangeSchedule(ctx, job, w.planAt(w.now()).String(), w.now())
	}
}
