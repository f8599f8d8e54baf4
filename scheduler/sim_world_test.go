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
	"barkeep/store"
)

// world is a year with everything in it that can go wrong.
type world struct {
	seed     uint64
	plant    plant
	days     int
	options  []ledger.Schedule // what the import may be run by
	plan     ledger.Schedule   // at the beginning
	changes  []change
	second   ledger.Schedule // of maintenance; zero in most worlds
	limits   store.Limits    // of requests; none in most worlds
	offset   time.Duration   // from the bubble's clock to the simulated one
	start    time.Time
	end      time.Time // from here on nothing goes wrong any more
	ledger   *gatetest.Ledger
	markers  *gatetest.Markers
	weather  *dice
	inRedis  paid // requests that Redis counts
	inLedger paid

	mu        sync.Mutex
	redis     int // outages in progress
	database  int
	provider  int // troubles in progress
	unknown   int // outages in which the provider says of everything that it does not exist
	troubles  []span
	alive     []reliable
	answered  map[string]bool // tokens of runs to which the provider gave bars
	sent      map[int64]int   // requests by UTC day
	broke     map[int64]bool  // the days whose requests were spent
	heard     map[heard]int
	due       map[ledger.Job][]ledger.Slot // by the schedules in force
	noise     map[int64]int                // notices by UTC day
	summaries []ledger.Slot                // each is the last of several that people were told of at once
	living    []*process
	stopped   bool // nobody may live: the database is being replaced
	wrong     []string
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
	w := &world{
		seed: seed, plant: p, days: days, weather: newDice(seed, 1), answered: map[string]bool{}, sent: map[int64]int{},
		broke: map[int64]bool{}, heard: map[heard]int{}, due: map[ledger.Job][]ledger.Slot{}, noise: map[int64]int{},
	}
	w.inRedis.forget()
	w.inLedger.forget()
	if seed%4 == 1 {
		w.limits = store.Limits{PerMinute: 30, PerDay: 12 + int(seed/4)%5*6}
	}
	if err := w.drawSchedules(); err != nil {
		return nil, err
	}
	w.start = time.Date(2026, 1, 1, 0, 0, 0, 0, zone).Add(w.weather.between(0, 1500*24*time.Hour))
	if days < 365 {
		_, change := w.start.ZoneBounds()
		w.start = change.Add(-w.weather.between(24*time.Hour, time.Duration(days)*20*time.Hour))
	}
	w.end = w.start.AddDate(0, 0, days)
	w.drawChanges()
	return w, nil
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
		if p == slotByIndex {
			w.ledger.ByIndex()
		}
		ctx, cancel := context.WithCancel(context.Background())
		var parts sync.WaitGroup
		parts.Go(func() { w.storms(ctx) })
		parts.Go(func() { w.restores(ctx) })
		parts.Go(func() { w.strangers(ctx) })
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
		next, _ := w.planAt(at).Next(at)
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
	flush := func() {
		w.markers.Flush()
		w.inRedis.forget()
	}
	add(60, time.Second, flush, func() {})
	add(30, 2*time.Hour, count(&w.redis, 1), count(&w.redis, -1))
	add(30, 90*time.Minute, count(&w.database, 1), count(&w.database, -1))
	add(40, 20*time.Hour, count(&w.provider, 1), count(&w.provider, -1))
	add(8, 8*time.Hour, count(&w.unknown, 1), count(&w.unknown, -1))
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
	d, home := newDice(w.seed, 100+id), w.household(id)
	for life := uint64(0); ctx.Err() == nil; life++ {
		conf, until := home.next()
		newProcess(w, fmt.Sprintf("m%d-%d", id, life), conf, 1000*(id+1)+life).live(ctx, until)
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
	d, home := newDice(w.seed, 2), w.household(1)
	var calls sync.WaitGroup
	defer calls.Wait()
	for n := uint64(0); ; n++ {
		from := w.now().Add(d.between(0, 20*24*time.Hour))
		next, _ := w.planAt(from).Next(from)
		if next.At.After(w.end) || rest(ctx, next.At.Sub(w.now())+d.between(0, time.Hour)) != nil {
			return
		}
		conf, _ := home.next()
		p := newProcess(w, fmt.Sprintf("cron-%d", n), conf, 1e6+n)
		calls.Go(func() { p.callOnce(ctx) })
	}
}
