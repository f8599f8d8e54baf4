package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
	"barkeep/notify"
	"barkeep/scheduler"
	"barkeep/store"
)

// process is one life of one process. A crash kills it between any two effects on the outside: from then on nothing that it
// calls has any, and its memory is gone.
type process struct {
	w     *world
	seed  uint64
	one   uint64 // which process of the world it is
	name  string
	ctx   context.Context
	crash context.CancelFunc

	mu     sync.Mutex
	all    map[string]*dice
	dead   bool
	fuse   int           // calls until it dies; 0: it does not
	chill  int           // calls until it is suspended; 0: it is not
	sleepy time.Duration // for how long then
	frozen time.Time     // until then nothing of it moves
}

func newProcess(w *world, name string, seed, stream uint64) *process {
	return &process{w: w, seed: seed, one: stream, name: name, all: map[string]*dice{}}
}

// dice are those for one purpose. Goroutines of a process that draw at the same instant have their own each, so that a seed
// gives the same world again, or nearly: what happens at one instant of the simulated clock has no order.
func (p *process) dice(purpose string) *dice {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.all[purpose]
	if d == nil {
		h := fnv.New64a()
		_, _ = h.Write([]byte(purpose))
		d = newDice(p.seed^h.Sum64(), p.one)
		p.all[purpose] = d
	}
	return d
}

// outside is called around everything that a process does to the outside.
func (p *process) outside(ctx context.Context, op string, after bool) error {
	if left := p.freeze(); left > 0 {
		time.Sleep(left)
	}
	if p.burn() {
		return gatetest.ErrDead
	}
	d := p.dice(op)
	if after {
		if p.w.trouble(op) && d.chance(0.5) || d.chance(0.003) && !p.w.over() {
			return fmt.Errorf("%s: reply lost: %w", op, gatetest.ErrDown) // done all the same
		}
		return nil
	}
	if err := rest(ctx, d.between(100*time.Microsecond, 80*time.Millisecond)); err != nil && d.chance(0.5) {
		return err // the other half had been sent already
	}
	if p.w.trouble(op) && d.chance(0.97) {
		return fmt.Errorf("%s: %w", op, gatetest.ErrDown)
	}
	return nil
}

// freeze tells how long the process is suspended.
func (p *process) freeze() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.chill > 0 {
		if p.chill--; p.chill == 0 {
			p.frozen = p.w.now().Add(p.sleepy)
			p.w.mu.Lock()
			p.w.troubles = append(p.w.troubles, span{p.w.now(), p.frozen})
			p.w.mu.Unlock()
		}
	}
	return p.frozen.Sub(p.w.now())
}

// burn counts a call down, and tells whether the process is dead.
func (p *process) burn() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fuse > 0 {
		if p.fuse--; p.fuse == 0 {
			p.dead = true
			p.crash()
		}
	}
	return p.dead
}

func (w *world) over() bool { return w.now().After(w.end) }

// trouble tells whether the store that an operation needs is down.
func (w *world) trouble(op string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if op[:5] == "redis" {
		return w.redis > 0
	}
	return w.database > 0
}

// fetch is how the provider answers for one series: slowly, with an error, or well.
func (p *process) fetch(ctx context.Context) (ledger.CellState, error) {
	d := p.dice("provider")
	took := d.between(time.Second, 40*time.Second)
	if d.chance(0.02) {
		took = d.between(time.Minute, 40*time.Minute)
	}
	if err := rest(ctx, took); err != nil {
		return ledger.CellFailed, err
	}
	p.w.mu.Lock()
	bad := p.w.provider > 0
	p.w.mu.Unlock()
	switch {
	case bad && d.chance(0.5):
		return ledger.CellFailed, nil
	case bad && d.chance(0.3):
		return ledger.CellEmpty, nil
	case d.chance(0.05):
		return ledger.CellUnavailable, nil
	default:
		return ledger.CellStored, nil
	}
}

// work is the engine, with three series.
func (p *process) work(ctx context.Context, run ledger.Run, done []ledger.Cell, _ func(ledger.Event)) ([]ledger.Cell, error) {
	port := p.port()
	have := map[string]bool{}
	for _, c := range done {
		have[c.Instrument] = true
	}
	var cells []ledger.Cell
	for _, series := range []string{"ES", "NQ", "CL"} {
		if have[series] {
			continue
		}
		cell := ledger.Cell{Instrument: series, Timeframe: "1d", Finished: p.w.now()}
		var err error
		if cell.State, err = p.fetch(ctx); err != nil {
			return cells, fmt.Errorf("fetch %s: %w", series, err)
		}
		cell.Reason = string(cell.State)
		if err := port.RecordCell(ctx, run, cell); err != nil {
			cell.State, cell.Reason = ledger.CellFailed, err.Error()
		}
		cells = append(cells, cell)
	}
	return cells, nil
}

// port is the ledger as the process reaches it.
func (p *process) port() gatetest.Port { return gatetest.NewPort(p.w.ledger, p.outside) }

// gate builds the process's own gate.
func (p *process) gate(listeners ...gate.Listener) *gate.Gate {
	var led store.Gate = p.port()
	markers := honest{gatetest.NewMarkerPort(p.w.markers, p.outside), p}
	switch p.w.plant {
	case markerFirst:
		led = hasty{led, markers}
	case markerTrusted:
		led = credulous{led, p.w.markers}
	}
	g, err := gate.New(gate.Config{
		Ledger: led, Markers: markers, Work: p.work, Listeners: listeners, Now: p.w.now, Logger: quiet(), Host: p.name, PID: 1,
		Lease: 3 * time.Minute, Heartbeat: 50 * time.Second, Poll: 45 * time.Second, Random: p.dice("gate").float,
	})
	if err != nil {
		panic(err)
	}
	return g
}

// hasty is a planted bug: success is announced before it is committed.
type hasty struct {
	store.Gate
	markers gate.Markers
}

func (h hasty) Finish(ctx context.Context, run ledger.Run) (bool, error) {
	if run.Scheduled() && run.State == ledger.StateDone {
		if err := h.markers.Done(ctx, run.Slot, ledger.MarkerOf(run), 7*24*time.Hour); err != nil && errors.Is(err, gatetest.ErrDead) {
			return false, err
		}
	}
	return h.Gate.Finish(ctx, run)
}

// credulous is a planted bug: the copy of the ledger's word is taken for the ledger's word.
type credulous struct {
	store.Gate
	markers *gatetest.Markers
}

func (c credulous) Latest(ctx context.Context, slot ledger.Slot, kept ledger.Kept) (ledger.Run, bool, error) {
	if marker, found := c.markers.Of(slot); found && marker.State == ledger.MarkerDone {
		return marker.RunOf(slot), true, nil
	}
	return c.Gate.Latest(ctx, slot, kept)
}

// honest are markers that watch for a done one whose run is not.
type honest struct {
	gatetest.MarkerPort
	p *process
}

func (h honest) Done(ctx context.Context, slot ledger.Slot, done ledger.Marker, ttl time.Duration) error {
	if done.State == ledger.MarkerDone && len(h.p.w.ledger.Effective(slot)) == 0 {
		h.p.w.violate("%s: the marker is to say done, the ledger does not", slot)
	}
	return h.MarkerPort.Done(ctx, slot, done, ttl)
}

func (h honest) Extend(ctx context.Context, slot ledger.Slot, lease ledger.Marker, ttl time.Duration) (bool, error) {
	if lease.State != ledger.MarkerLease {
		h.p.w.violate("%s: a heartbeat is to write the marker %+v", slot, lease)
	}
	return h.MarkerPort.Extend(ctx, slot, lease, ttl)
}

// Notify tells people, or does not get through.
func (p *process) Notify(ctx context.Context, n ledger.Notice) error {
	if p.burn() {
		return gatetest.ErrDead
	}
	d := p.dice("people")
	if !p.w.over() && d.chance(0.1) {
		return rest(ctx, time.Hour) // hangs
	}
	if d.chance(0.1) {
		return gatetest.ErrDown
	}
	return nil
}

// live runs a process until it crashes, is stopped, or the year is over.
func (p *process) live(ctx context.Context) {
	p.ctx, p.crash = context.WithCancel(ctx)
	defer p.crash()
	p.w.born(p)
	var plans []scheduler.Plan
	for _, schedule := range p.w.jobs() {
		changes, err := p.port().ChangeSchedule(p.ctx, schedule.Job(), schedule.String(), p.w.now())
		if err != nil || len(changes) == 0 {
			return // a process that cannot read its database at its start ends, and is started again
		}
		plans = append(plans, scheduler.Plan{Schedule: schedule.After(changes, p.w.now()), Since: changes[0].Since})
	}
	dispatcher, err := notify.NewDispatcher(notify.DispatcherConfig{Notices: p.port(), Sender: p, Logger: quiet()})
	if err != nil {
		panic(err)
	}
	s, err := scheduler.New(scheduler.Config{
		RunSlot: through(p.gate(dispatcher.Listen)), Slots: p.port(), Plans: plans, Trigger: scheduler.Timer{Now: p.w.now},
		Notices: dispatcher, Now: p.w.now, Logger: quiet(), CheckEvery: 100 * time.Hour, AuditEvery: 8 * time.Hour, Grace: 3 * time.Hour,
		Random: p.dice("scheduler").float,
	})
	if err != nil {
		panic(err)
	}
	born := p.w.now()
	var parts sync.WaitGroup
	parts.Go(func() { s.Run(p.ctx) })
	p.fate(born)
	p.crash()
	parts.Wait()
	closing, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = dispatcher.Close(closing)
}

// fate waits for the end of a life, and brings it about. It notes the time in which the process could be relied on.
func (p *process) fate(born time.Time) {
	d := p.dice("fate")
	for {
		life := d.between(time.Hour, 40*24*time.Hour)
		if left := p.w.end.Sub(p.w.now()); life >= left {
			life = left + 1000*time.Hour
		}
		stopped := rest(p.ctx, life) != nil
		p.w.mu.Lock()
		p.w.alive = append(p.w.alive, span{born, p.w.now()})
		p.w.mu.Unlock()
		switch {
		case stopped:
			return
		case d.chance(0.25): // stopped in good order
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
	d := p.dice("fate")
	if d.chance(0.3) {
		p.fuse = 1 + d.int(40)
	}
	slot, _ := p.w.plan.Due(p.w.now())
	answer, err := p.gate().RunSlot(p.ctx, slot, gate.SlotRequest{Entry: "sync", Force: d.chance(0.05)})
	if err != nil || p.burn() {
		return
	}
	if answer.Done() && len(p.w.ledger.Effective(slot)) == 0 {
		p.w.violate("%s: a caller was told %q, but the ledger has no run that is done", slot, answer.Outcome)
	}
}
