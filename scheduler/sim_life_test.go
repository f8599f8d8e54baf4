package scheduler_test

import (
	"context"
	"sync"
	"time"

	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/notify"
	"barkeep/scheduler"
	"barkeep/store"
)

// live runs a process until it crashes, is stopped, or the year is over.
func (p *process) live(ctx context.Context, until time.Time) {
	p.ctx, p.crash = context.WithCancel(ctx)
	defer p.crash()
	p.w.born(p)
	p.drawClock()
	var slots store.Slots = noted{p.port(), p}
	if p.w.plant == withoutPast {
		slots = forgetful{slots}
	}
	plans, ok := p.begin(slots)
	if !ok {
		return // a process that cannot read its database at its start ends, and is started again
	}
	dispatcher, err := notify.NewDispatcher(notify.DispatcherConfig{Notices: p.port(), Sender: p, Logger: quiet()})
	if err != nil {
		panic(err)
	}
	look := 100 * time.Hour
	if len(p.wrong) > 0 {
		look = clockLook
	}
	s, err := scheduler.New(scheduler.Config{
		RunSlot: p.checked(p.gate(dispatcher.Listen)), Slots: slots, Plans: plans, Kept: p.kept, May: p.may, Trigger: scheduler.Timer{Now: p.now},
		Notices: dispatcher, Now: p.now, Logger: quiet(), CheckEvery: look, AuditEvery: 8 * time.Hour, Grace: 3 * time.Hour,
		Random: p.dice("scheduler").float,
	})
	if err != nil {
		panic(err)
	}
	born := p.w.now()
	var parts sync.WaitGroup
	parts.Go(func() { s.Run(p.ctx) })
	p.fate(born, until)
	p.crash()
	parts.Wait()
	closing, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = dispatcher.Close(closing)
}

// begin brings the schedules of the process into force, once its clock is right.
func (p *process) begin(slots store.Slots) (plans []scheduler.Plan, ok bool) {
	for p.may(p.ctx) != nil {
		if rest(p.ctx, clockLook) != nil {
			return nil, false
		}
	}
	for _, schedule := range p.conf.jobs(p.w) {
		changes, err := slots.ChangeSchedule(p.ctx, schedule.Job(), schedule.String(), p.now())
		if err != nil || len(changes) == 0 {
			return nil, false
		}
		plans = append(plans, scheduler.Plan{Schedule: schedule.After(changes, p.now()), Since: changes[0].Since})
	}
	return plans, true
}

// checked is the process's way to run a slot. What it is told must be true.
func (p *process) checked(g *gate.Gate) scheduler.Run {
	return func(ctx context.Context, slot ledger.Slot, entry string) (ledger.Run, error) {
		result, err := g.RunSlot(ctx, slot, gate.SlotRequest{Entry: entry, Join: true})
		if err == nil && result.Done() && !p.gone() {
			p.confirm(slot, "the scheduler was told done")
		}
		return result.Run, err
	}
}

// gone tells whether the process is dead.
func (p *process) gone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// fate waits for the end of a life, and brings it about. It notes the time in which the process could be relied on.
func (p *process) fate(born, until time.Time) {
	d := p.dice("fate")
	for {
		life := d.between(time.Hour, 40*24*time.Hour)
		if left := p.w.end.Sub(p.w.now()); life >= left {
			life = left + 1000*time.Hour
		}
		restarted := !until.IsZero() && p.w.now().Add(life).After(until)
		if restarted {
			life = max(0, until.Sub(p.w.now()))
		}
		stopped := rest(p.ctx, life) != nil
		p.w.mu.Lock()
		p.w.alive = append(p.w.alive, reliable{span{born, p.w.now()}, p})
		p.w.mu.Unlock()
		switch {
		case stopped:
			return
		case restarted, d.chance(0.25): // stopped in good order
			return
		case d.chance(0.4): // suspended in the middle of something; it lives on
			p.mu.Lock()
			p.chill, p.sleepy = 1+d.int(60), d.between(time.Second, 3*time.Hour)
			p.mu.Unlock()
			born = p.w.now()
		default: // crashes in the middle of something
			p.mu.Lock()
			p.fuse = 1 + d.int(60)
			p.mu.Unlock()
			_ = rest(p.ctx, 30*time.Hour)
			p.mu.Lock()
			p.dead = true
			p.mu.Unlock()
			return
		}
	}
}

// callOnce is `barkeep sync` in a process of its own. What it is told must be true.
func (p *process) callOnce(ctx context.Context) {
	p.ctx, p.crash = context.WithTimeout(ctx, 6*time.Hour)
	defer p.crash()
	p.w.born(p)
	p.drawClock()
	d := p.dice("fate")
	if d.chance(0.3) {
		p.fuse = 1 + d.int(40)
	}
	changes, err := p.port().ScheduleChanges(p.ctx, p.conf.plan.Job())
	if err != nil || p.may(p.ctx) != nil {
		return
	}
	slot, _ := p.conf.plan.After(changes, p.now()).Due(p.now())
	answer, err := p.gate().RunSlot(p.ctx, slot, gate.SlotRequest{Entry: "sync", Force: d.chance(0.05)})
	if err == nil && !p.burn() && answer.Done() {
		p.confirm(slot, "a caller was told "+string(answer.Outcome))
	}
}
