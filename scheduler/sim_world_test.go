package scheduler_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate/gatetest"
	"barkeep/ledger"
)

// plant is a bug that the simulation is to find.
type plant int

const (
	sound         plant = iota
	markerFirst         // the marker says done before the ledger has committed it
	withoutIndex        // the ledger looks for other runs and then inserts, without a unique index
	withoutFence        // cells are committed whatever the token says
	markerTrusted       // a done marker is believed whatever the ledger says
)

// world is a year with everything in it that can go wrong.
type world struct {
	seed    uint64
	plant   plant
	days    int
	plan    ledger.Schedule
	second  ledger.Schedule // of maintenance; zero in most worlds
	offset  time.Duration   // from the bubble's clock to the simulated one
	start   time.Time
	end     time.Time // from here on nothing goes wrong any more
	ledger  *gatetest.Ledger
	markers *gatetest.Markers
	weather *dice

	mu       sync.Mutex
	redis    int // outages in progress
	database int
	provider int // troubles in progress
	troubles []span
	alive    []span // whole lives of processes
	living   []*process
	stopped  bool // nobody may live: the database is being replaced
	wrong    []string
}

type span struct{ from, to time.Time }

// dice are random numbers that several goroutines of one process share.
type dice struct {
	mu sync.Mutex
	r  *rand.Rand
}

func newDice(seed, stream uint64) *dice { return &dice{r: rand.New(rand.NewPCG(seed, stream))} }

func (d *dice) float() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.Float64()
}

func (d *dice) chance(p float64) bool { return d.float() < p }

func (d *dice) int(n int) int { return int(d.float() * float64(n)) }

// between draws a duration, short ones more often.
func (d *dice) between(least, most time.Duration) time.Duration {
	f := d.float()
	return least + time.Duration(f*f*float64(most-least))
}

func (w *world) now() time.Time { return time.Now().Add(w.offset) }

func (w *world) violate(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong = append(w.wrong, w.now().UTC().Format(time.DateTime)+" "+fmt.Sprintf(format, args...))
}

// newWorld draws what happens when. Worlds of less than a year begin shortly before the clocks change.
func newWorld(seed uint64, p plant, days int) (*world, error) {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		return nil, err
	}
	w := &world{seed: seed, plant: p, days: days, weather: newDice(seed, 1)}
	times := [][]string{{"14:05"}, {"01:30"}, {"02:30"}, {"14:05"}, {"02:30", "14:05"}}[seed%5]
	if w.plan, err = ledger.NewSchedule(ledger.JobImport, times, zone); err != nil {
		return nil, err
	}
	if seed%7 == 0 {
		if w.second, err = ledger.NewSchedule(ledger.JobMaintenance, []string{"03:15"}, zone); err != nil {
			return nil, err
		}
	}
	w.start = time.Date(2026, 1, 1, 0, 0, 0, 0, zone).Add(w.weather.between(0, 1500*24*time.Hour))
	if days < 365 {
		_, change := w.start.ZoneBounds()
		w.start = change.Add(-w.weather.between(24*time.Hour, time.Duration(days)*20*time.Hour))
	}
	w.end = w.start.AddDate(0, 0, days)
	return w, nil
}

// jobs are the schedules that have times.
func (w *world) jobs() []ledger.Schedule {
	if w.second.Len() == 0 {
		return []ledger.Schedule{w.plan}
	}
	return []ledger.Schedule{w.plan, w.second}
}

// simulate lives through a year and returns what was wrong with it.
func simulate(t *testing.T, seed uint64, p plant, days int) []string {
	t.Helper()
	w, err := newWorld(seed, p, days)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(*testing.T) {
		w.offset = time.Until(w.start)
		w.ledger, w.markers = gatetest.NewLedger(w.now), gatetest.NewMarkers(w.now)
		if p == withoutIndex {
			w.ledger.WithoutIndex(func() { time.Sleep(w.weather.between(0, time.Second)) })
		}
		if p == withoutFence {
			w.ledger.WithoutFence()
		}
		ctx, cancel := context.WithCancel(context.Background())
		var parts sync.WaitGroup
		parts.Go(func() { w.storms(ctx) })
		parts.Go(func() { w.restores(ctx) })
		for id := range 1 + (seed/2)%3 {
			parts.Go(func() { w.machine(ctx, id) })
		}
		parts.Go(func() { w.dependents(ctx) })
		parts.Go(func() { w.selections(ctx) })
		time.Sleep(w.end.Add(50 * time.Hour).Sub(w.now()))
		cancel()
		parts.Wait()
		w.judge()
		time.Sleep(time.Hour) // all leases are over
		w.judgeAdHoc()
	})
	return slices.Concat(w.wrong, w.ledger.Violations())
}

// near draws an instant of the year, mostly around a slot's time.
func (w *world) near(d *dice) time.Time {
	at := w.start.Add(time.Duration(d.float() * float64(w.end.Sub(w.start))))
	if d.chance(0.8) {
		next, _ := w.plan.Next(at)
		at = next.At.Add(d.between(0, 25*time.Minute) - 5*time.Minute)
	}
	return at
}

// storm is a trouble of something that all processes share.
type storm struct {
	span
	begin, end func()
}

// storms makes the weather of the year.
func (w *world) storms(ctx context.Context) {
	count := func(n *int, by int) func() {
		return func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			*n += by
		}
	}
	var all []storm
	add := func(n int, most time.Duration, begin, end func()) {
		for range max(1, n*w.days/365) {
			from := w.near(w.weather)
			all = append(all, storm{span{from, from.Add(w.weather.between(time.Second, most))}, begin, end})
		}
	}
	add(60, time.Second, w.markers.Flush, func() {})
	add(30, 2*time.Hour, count(&w.redis, 1), count(&w.redis, -1))
	add(30, 90*time.Minute, count(&w.database, 1), count(&w.database, -1))
	add(40, 20*time.Hour, count(&w.provider, 1), count(&w.provider, -1))
	type event struct {
		at time.Time
		do func()
	}
	var events []event
	for _, s := range all {
		s.to = earlier(s.to, w.end)
		w.mu.Lock()
		w.troubles = append(w.troubles, s.span)
		w.mu.Unlock()
		events = append(events, event{s.from, s.begin}, event{s.to, s.end})
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	for _, e := range events {
		if rest(ctx, e.at.Sub(w.now())) != nil {
			return
		}
		e.do()
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// machine is a place where one process after another lives.
func (w *world) machine(ctx context.Context, id uint64) {
	d := newDice(w.seed, 100+id)
	for life := uint64(0); ctx.Err() == nil; life++ {
		newProcess(w, fmt.Sprintf("m%d-%d", id, life), w.seed, 1000*(id+1)+life).live(ctx)
		down := d.between(time.Second, 5*time.Minute)
		switch {
		case d.chance(0.2):
			down = d.between(time.Hour, 150*time.Hour)
		case d.chance(0.4):
			down = d.between(time.Minute, 3*time.Hour)
		}
		if left := w.end.Sub(w.now()); down > left {
			down = max(left, time.Second)
		}
		_ = rest(ctx, down)
	}
}

// dependents are cron lines that call the helper, each in a process of its own that sometimes dies.
func (w *world) dependents(ctx context.Context) {
	d := newDice(w.seed, 2)
	var calls sync.WaitGroup
	defer calls.Wait()
	for n := uint64(0); ; n++ {
		next, _ := w.plan.Next(w.now().Add(d.between(0, 20*24*time.Hour)))
		if next.At.After(w.end) || rest(ctx, next.At.Sub(w.now())+d.between(0, time.Hour)) != nil {
			return
		}
		p := newProcess(w, fmt.Sprintf("cron-%d", n), w.seed, 1e6+n)
		calls.Go(func() { p.callOnce(ctx) })
	}
}

// judge tells what is wrong with the year that was.
func (w *world) judge() {
	for _, plan := range w.jobs() {
		slots := plan.Between(w.start.Add(5*time.Minute), w.end)
		for i, slot := range slots {
			done := w.ledger.Effective(slot)
			if len(done) > 1 {
				w.violate("%s has %d effective runs", slot, len(done))
			}
			if len(done) > 0 {
				continue
			}
			if i+1 < len(slots) && !w.told(slots[i:]) {
				w.violate("%s is neither done nor reported: %v", slot, w.ledger.RunsOf(slot))
			}
			if i+1 < len(slots) && w.calm(slot.At, slots[i+1].At) {
				w.violate("%s is not done though nothing was wrong for hours: %v", slot, w.ledger.RunsOf(slot))
			}
			if i+1 == len(slots) {
				w.violate("%s, the last, is not done: %v", slot, w.ledger.RunsOf(slot))
			}
		}
	}
}

// told tells whether people know that the first of these slots was missed: of it alone, or of several of which a later one is
// the last.
func (w *world) told(slots []ledger.Slot) bool {
	if w.ledger.WasTold(slots[0], ledger.NoticeMissed) {
		return true
	}
	recorded := slices.ContainsFunc(w.ledger.RunsOf(slots[0]), func(r ledger.Run) bool { return r.State == ledger.StateMissed })
	return recorded && slices.ContainsFunc(slots, func(s ledger.Slot) bool { return w.ledger.WasTold(s, ledger.NoticeSeveral) })
}

// calm tells whether the last hours before the next slot were such that this one must have been done in them.
func (w *world) calm(from, to time.Time) bool {
	if late := to.Add(-4 * time.Hour); late.After(from) {
		from = late
	}
	if to.Sub(from) < 4*time.Hour {
		return false
	}
	for _, s := range w.troubles {
		if s.from.Before(to) && s.to.After(from) {
			return false
		}
	}
	for _, s := range w.alive {
		if !s.from.After(from) && !s.to.Before(to) {
			return true
		}
	}
	return false
}
