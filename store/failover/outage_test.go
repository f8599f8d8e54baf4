package failover_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/store"
	"barkeep/store/failover"
)

// morning waits until an hour after the next midnight (UTC).
func morning() {
	time.Sleep(time.Until(time.Now().UTC().Truncate(24 * time.Hour).Add(25 * time.Hour)))
}

// TestRedisIsToldWhatItMissed: Redis is away for a while, and forgets.
func TestRedisIsToldWhatItMissed(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(*world){
		"away":    func(w *world) { w.redis.set(func() { w.redis.err = errGone }) },
		"forgets": func(w *world) { w.redis.forget() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				morning()
				w := newWorld()
				b := budget(t, w.process(t), store.Limits{PerMinute: 600, PerDay: 10})
				take := func() {
					t.Helper()
					if _, err := b.Take(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				take()
				happens(w)
				take()
				w.redis.set(func() { w.redis.err = nil })
				time.Sleep(11 * time.Second) // it is left alone for so long
				take()
				if w.database.today() != 3 || w.redis.today() != 3 {
					t.Errorf("the database counts %d, Redis %d, want 3", w.database.today(), w.redis.today())
				}
			})
		})
	}
}

// TestARestoredDatabaseIsHeldByRedis sets the database's count back in mid-day: Redis still knows.
func TestARestoredDatabaseIsHeldByRedis(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		morning()
		w, limits, sent := newWorld(), store.Limits{PerMinute: 600, PerDay: 10}, 0
		for i := range 20 {
			if i == 6 {
				w.database.forget()
			}
			if _, err := budget(t, w.process(t), limits).Take(t.Context()); err == nil {
				sent++
			}
		}
		if sent != 10 {
			t.Errorf("%d requests, want 10", sent)
		}
	})
}

// TestClocksThatAreOff lets Redis, a process or both live at another time. No real day sees more than its requests.
func TestClocksThatAreOff(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]struct{ redis, process time.Duration }{
		"redis fast":      {redis: 30 * time.Hour},
		"redis slow":      {redis: -30 * time.Hour},
		"process fast":    {process: 25 * time.Hour},
		"process at 1970": {process: -50 * 365 * 24 * time.Hour},
		"both":            {redis: 7 * time.Hour, process: -9 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				morning()
				w, limits, sent := newWorld(), store.Limits{PerMinute: 60, PerDay: 20}, map[int64]int{}
				w.redis.off = off.redis
				b := budget(t, w.processAt(t, func() time.Time { return time.Now().Add(off.process) }), limits)
				for range 400 { // four days, four times as many as are allowed
					if wait, err := b.Take(t.Context()); err == nil {
						sent[time.Now().Add(wait).Unix()/86400]++
					}
					time.Sleep(15 * time.Minute)
				}
				for day, n := range sent {
					if n > limits.PerDay {
						t.Errorf("%d requests on day %d", n, day)
					}
				}
				if len(sent) < 4 {
					t.Errorf("requests on %d days, want every day to have some: %v", len(sent), sent)
				}
			})
		})
	}
}

// TestAProcessWhoseClockJumps keeps its own day though Redis and the database forget all: a clock that is set back finds it
// spent.
func TestAProcessWhoseClockJumps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		morning()
		w, off := newWorld(), time.Duration(0)
		b := budget(t, w.processAt(t, func() time.Time { return time.Now().Add(off) }), store.Limits{PerMinute: 600, PerDay: 1})
		for i, c := range []struct {
			off   time.Duration
			spent bool
		}{{0, false}, {0, true}, {24 * time.Hour, false}, {24 * time.Hour, true}, {0, true}, {48 * time.Hour, false}} {
			off = c.off
			w.redis.off, w.database.off = off, off // they share the machine
			_, err := b.Take(t.Context())
			if spent := market.OutcomeOf(err) == market.OutcomeBudget; spent != c.spent || (err != nil && !spent) {
				t.Errorf("request %d, %s ahead: %v", i, off, err)
			}
			w.redis.forget()
			w.database.forget()
		}
	})
}

// TestAnAllowanceIsABoundWithinTheDay: what goes beyond it is refused at once and not asked again, and costs nothing of the day.
func TestAnAllowanceIsABoundWithinTheDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ctx := failover.WithAllowance(t.Context(), failover.Allowance{Name: "retries of x", Most: 2, What: "further attempts of x"})
		for i := range 4 {
			_, err := budget(t, w.process(t), store.Limits{PerMinute: 600, PerDay: 100}).Take(ctx)
			var refusal *market.FetchError
			switch {
			case i < 2 && err != nil:
				t.Errorf("request %d of two: %v", i, err)
			case i >= 2 && (!errors.As(err, &refusal) || refusal.Outcome != market.OutcomeBudget || refusal.RetryAfter != 0):
				t.Errorf("request %d of two: %v", i, err)
			}
		}
		if w.database.today() != 2 {
			t.Errorf("the day counts %d, want 2", w.database.today())
		}
		if _, err := budget(t, w.process(t), store.Limits{PerMinute: 600}).Take(t.Context()); err != nil {
			t.Errorf("without an allowance: %v", err)
		}
		w.database.err = errGone
		ctx = failover.WithAllowance(t.Context(), failover.Allowance{Name: "retries of y", Most: 2})
		if _, err := budget(t, w.process(t), store.Limits{PerMinute: 600}).Take(ctx); market.OutcomeOf(err) != market.OutcomeBudget {
			t.Errorf("nobody counts the allowance: %v", err)
		}
	})
}

// TestAnyDayIsKept lives through worlds in which processes start and die, Redis comes, goes and forgets, and the database comes
// and goes.
func TestAnyDayIsKept(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		limits := store.Limits{PerMinute: 6000, PerDay: rapid.IntRange(1, 30).Draw(r, "perDay")}
		events := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) event {
			return event{
				rapid.SampledFrom([]string{"take", "take", "take", "restart", "redis", "flush", "database"}).Draw(r, "what"),
				rapid.IntRange(0, 2).Draw(r, "process"),
			}
		}), 1, 60).Draw(r, "events")
		sent := 0
		synctest.Test(t, func(t *testing.T) {
			morning()
			sent = live(t, limits, events)
		})
		if sent > limits.PerDay {
			r.Fatalf("%d requests of %d", sent, limits.PerDay)
		}
	})
}

// event is what happens next in a world, and to which process.
type event struct {
	what    string
	process int
}

// live lets the events happen and returns how many requests were granted.
func live(t *testing.T, limits store.Limits, events []event) (sent int) {
	t.Helper()
	w, processes := newWorld(), make([]*failover.Budget, 3)
	for i := range processes {
		processes[i] = budget(t, w.process(t), limits)
	}
	take := func(i int) {
		_, err := processes[i].Take(t.Context())
		switch {
		case err == nil:
			sent++
		case market.OutcomeOf(err) != market.OutcomeBudget:
			t.Error(err)
		}
	}
	for _, e := range events {
		switch {
		case e.what == "take":
			take(e.process)
		case e.what == "restart":
			processes[e.process] = budget(t, w.process(t), limits)
		case e.what == "redis":
			w.redis.err = other(w.redis.err)
			time.Sleep(11 * time.Second) // it is left alone for so long
		case e.what == "flush":
			w.redis.forget()
		case e.what == "database":
			w.database.err = other(w.database.err)
		}
	}
	return sent
}

// other is an outage where there was none, and the other way round.
func other(err error) error {
	if err == nil {
		return errGone
	}
	return nil
}
