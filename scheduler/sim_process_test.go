package scheduler_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
	"barkeep/store"
	"barkeep/store/failover"
)

// process is one life of one process. A crash kills it between any two effects on the outside: from then on nothing that it
// calls has any, and its memory is gone.
type process struct {
	w       *world
	seed    uint64
	one     uint64 // which process of the world it is
	name    string
	conf    config
	kept    ledger.Kept // the series of conf
	skew    time.Duration
	wrong   []wrong // when its clock is wrong, and by how much
	pays    *failover.Budget
	inForce map[ledger.Job]time.Time // since when its schedules are
	ctx     context.Context
	crash   context.CancelFunc

	mu     sync.Mutex
	all    map[string]*dice
	dead   bool
	fuse   int           // calls until it dies; 0: it does not
	chill  int           // calls until it is suspended; 0: it is not
	sleepy time.Duration // for how long then
	frozen time.Time     // until then nothing of it moves
}

func newProcess(w *world, name string, conf config, stream uint64) *process {
	p := &process{
		w: w, seed: w.seed, one: stream, name: name, conf: conf, kept: keptOf(conf.series), all: map[string]*dice{},
		inForce: map[ledger.Job]time.Time{},
	}
	p.pays = w.budget(p)
	return p
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

// port is the ledger as the process reaches it.
func (p *process) port() gatetest.Port { return gatetest.NewPort(p.w.ledger, p.outside) }

// gate builds the process's own gate.
func (p *process) gate(listeners ...gate.Listener) *gate.Gate {
	var led store.Gate = punctual{p.port(), p}
	markers := honest{gatetest.NewMarkerPort(p.w.markers, p.outside), p}
	switch p.w.plant {
	case markerFirst:
		led = hasty{led, markers}
	case markerTrusted:
		led = credulous{led, p.w.markers}
	case withoutAsker:
		led = forAnybody{led}
	}
	g, err := gate.New(gate.Config{
		Ledger: led, Markers: markers, Work: p.work, Kept: p.kept, Listeners: listeners, Now: p.now, Logger: quiet(), Host: p.name, PID: 1,
		Lease: 3 * time.Minute, Heartbeat: 50 * time.Second, Poll: 45 * time.Second, Random: p.dice("gate").float, May: p.may,
	})
	if err != nil {
		panic(err)
	}
	return g
}

// honest are markers that watch for a done one whose run is not.
type honest struct {
	gatetest.MarkerPort
	p *process
}

func (h honest) Done(ctx context.Context, slot ledger.Slot, done ledger.Marker, ttl time.Duration) error {
	if done.State == ledger.MarkerDone {
		h.p.confirm(slot, "the marker is to say done")
		if run, _, _ := h.p.w.ledger.Run(ctx, done.Run); run.State == ledger.StateRunning && run.Token == done.Token {
			h.p.w.violate("%s: the marker is to say done, in the ledger run %d is running", slot, run.ID)
		}
	}
	return h.MarkerPort.Done(ctx, slot, done, ttl)
}

func (h honest) Extend(ctx context.Context, slot ledger.Slot, lease ledger.Marker, ttl time.Duration) (bool, error) {
	if lease.State != ledger.MarkerLease {
		h.p.w.violate("%s: a heartbeat is to write the marker %+v", slot, lease)
	}
	return h.MarkerPort.Extend(ctx, slot, lease, ttl)
}

// confirm holds against the ledger that a slot is called done for what the process keeps.
func (p *process) confirm(slot ledger.Slot, says string) {
	if missing := p.kept.Missing(p.w.ledger.Imports(slot)); len(missing) > 0 {
		p.w.violate("%s, %s: %s, but the ledger has no import of %v", p.name, slot, says, missing)
	}
}

// noted are slots that note since when the process's schedules are in force.
type noted struct {
	store.Slots
	p *process
}

func (n noted) ChangeSchedule(
	ctx context.Context, job ledger.Job, text string, now time.Time,
) ([]ledger.ScheduleChange, error) {
	changes, err := n.Slots.ChangeSchedule(ctx, job, text, now)
	if err == nil && n.p.inForce[job].IsZero() {
		n.p.inForce[job] = n.p.w.now()
	}
	return changes, err
}

// punctual is a ledger that watches for slots that are begun before their time by the right clock.
type punctual struct {
	store.Gate
	p *process
}

func (l punctual) Claim(
	ctx context.Context, run ledger.Run, kept ledger.Kept, lease time.Duration,
) (claim ledger.Claim, err error) {
	claim, err = l.Gate.Claim(ctx, run, kept, lease)
	if early := run.Slot.At.Sub(l.p.w.now()); err == nil && claim.Won && run.Scheduled() && early >= clockBound {
		l.p.w.violate("%s is begun %s before its time by the right clock", run.Slot, early)
	}
	return claim, err
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
	p.w.hear(n)
	return nil
}
