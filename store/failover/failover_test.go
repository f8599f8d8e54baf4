package failover_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/market"
	"barkeep/store"
	"barkeep/store/failover"
)

func budget(t *testing.T, s *failover.Shared, limits store.Limits) *failover.Budget {
	t.Helper()
	b, err := s.Budget("yahoo", limits)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var errGone = errors.New("connection refused")

func TestRedisPacesAndTheDatabaseCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, limits := newWorld(), store.Limits{PerMinute: 60, PerDay: 10}
		// Somebody who has another database shares the Redis.
		if _, err := w.redis.Take(t.Context(), "yahoo", limits, store.TakeRequest{}); err != nil {
			t.Fatal(err)
		}
		b := budget(t, w.process(t), limits)
		if wait, err := b.Take(t.Context()); wait != limits.Spacing() || err != nil {
			t.Errorf("wait %s, %v, want the spacing after the other's request", wait, err)
		}
		if left, err := b.Remaining(t.Context()); left != 8 || err != nil {
			t.Errorf("%d left, %v, want the 8 that Redis knows of", left, err)
		}
		w.redis.set(func() { w.redis.err = errGone })
		if wait, err := b.Take(t.Context()); wait != 2*limits.Spacing() || err != nil {
			t.Errorf("without Redis: wait %s, %v, want the spacing after what Redis granted", wait, err)
		}
	})
}

// TestTheDayIsKeptWhoeverAnswers lets Redis and the database fail by turns under several processes, one of them new each time.
func TestTheDayIsKeptWhoeverAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Now().UTC().Truncate(24 * time.Hour).Add(25 * time.Hour)))
		w, limits, sent := newWorld(), store.Limits{PerMinute: 600, PerDay: 30}, 0
		for i := range 60 {
			w.redis.set(func() {
				w.redis.err = nil
				if i%20 >= 10 {
					w.redis.err = errGone
				}
			})
			_, err := budget(t, w.process(t), limits).Take(t.Context())
			switch {
			case err == nil:
				sent++
			case market.OutcomeOf(err) != market.OutcomeBudget:
				t.Fatal(err)
			}
		}
		if sent != 30 {
			t.Errorf("%d requests, want 30", sent)
		}
	})
}

// TestNothingIsGrantedWhenNobodyAnswers, and the error says when to ask again.
func TestNothingIsGrantedWhenNobodyAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		b := budget(t, w.process(t), store.Limits{PerMinute: 60, PerDay: 10})
		w.redis.err, w.database.err = errGone, errors.New("the disk is gone")
		_, err := b.Take(t.Context())
		if !errors.Is(err, w.database.err) {
			t.Errorf("take: %v, want the reason", err)
		}
		var refusal *market.FetchError
		if !errors.As(err, &refusal) || refusal.Outcome != market.OutcomeBudget || refusal.RetryAfter < time.Second ||
			refusal.RetryAfter > time.Minute || !strings.Contains(err.Error(), "the database does not count requests") {
			t.Errorf("take: %v, want a budget to ask again after a while", err)
		}
		if _, err := b.Remaining(t.Context()); !errors.Is(err, w.database.err) {
			t.Errorf("remaining: %v", err)
		}
		w.database.set(func() { w.database.err = nil })
		if _, err := b.Take(t.Context()); err != nil {
			t.Errorf("the database is back: %v", err)
		}
		for _, text := range []string{"none is sent meanwhile", "counted again"} {
			if n := strings.Count(w.log.String(), text); n != 1 {
				t.Errorf("%q was said %d times, want once:\n%s", text, n, w.log.String())
			}
		}
	})
}

// TestTheDatabaseIsAskedAgainSoon, as one lost answer is no outage, and less often the longer it lasts.
func TestTheDatabaseIsAskedAgainSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		b := budget(t, w.process(t), store.Limits{PerMinute: 60, PerDay: 10})
		for range 2 {
			w.database.set(func() { w.database.err = errGone })
			var pauses []time.Duration
			for range 6 {
				_, err := b.Take(t.Context())
				var refusal *market.FetchError
				if !errors.As(err, &refusal) {
					t.Fatalf("take: %v, want a refusal", err)
				}
				pauses = append(pauses, refusal.RetryAfter)
			}
			if want := []time.Duration{1e9, 2e9, 4e9, 8e9, 15e9, 15e9}; !slices.Equal(pauses, want) {
				t.Errorf("the pauses are %v, want %v", pauses, want)
			}
			w.database.set(func() { w.database.err = nil })
			if _, err := b.Take(t.Context()); err != nil {
				t.Errorf("the database is back: %v", err)
			}
		}
	})
}

// TestNothingIsGrantedWithoutTheDatabase: Redis alone does not grant, though it answers.
func TestNothingIsGrantedWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		b := budget(t, w.process(t), store.Limits{PerMinute: 60, PerDay: 3})
		w.database.err = errGone
		for range 5 {
			if _, err := b.Take(t.Context()); market.OutcomeOf(err) != market.OutcomeBudget {
				t.Errorf("%v, want a budget that is not counted", err)
			}
		}
		if n := strings.Count(w.log.String(), "none is sent meanwhile"); n != 1 {
			t.Errorf("%d warnings, want one:\n%s", n, w.log.String())
		}
		if n := w.redis.today(); n > 1 {
			t.Errorf("Redis counts %d requests that were not sent", n)
		}
		w.database.set(func() { w.database.err = nil })
		if _, err := b.Take(t.Context()); err != nil {
			t.Errorf("the database is back: %v", err)
		}
	})
}

func TestAHangingRedisIsLeftAloneForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := w.process(t)
		b := budget(t, s, store.Limits{PerMinute: 6000})
		w.redis.err = errGone
		for range 50 {
			if _, err := b.Take(t.Context()); err != nil {
				t.Fatal(err)
			}
			if won, err := s.Acquire(t.Context(), "ES", "mine", time.Minute); !won || err != nil {
				t.Fatal(won, err)
			}
			time.Sleep(time.Second)
		}
		if w.redis.calls > 6 {
			t.Errorf("Redis was called %d times within 50s", w.redis.calls)
		}
		w.redis.set(func() { w.redis.err = nil })
		time.Sleep(11 * time.Second)
		if _, err := b.Take(t.Context()); err != nil || w.redis.today() != w.database.today() {
			t.Errorf("%v: Redis is back and counts %d, the database %d", err, w.redis.today(), w.database.today())
		}
		if text := w.log.String(); strings.Count(text, "level=WARN") != 1 || strings.Count(text, "answers again") != 1 {
			t.Errorf("the log says\n%s", text)
		}
	})
}

// TestThisProcessKeepsItsOwnDay though Redis and the database forget everything after each request.
func TestThisProcessKeepsItsOwnDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Now().UTC().Truncate(24 * time.Hour).Add(25 * time.Hour)))
		w := newWorld()
		b := budget(t, w.process(t), store.Limits{PerMinute: 600, PerDay: 3})
		for i := range 4 {
			_, err := b.Take(t.Context())
			var spent *market.FetchError
			switch {
			case i < 3 && err != nil:
				t.Errorf("request %d: %v", i, err)
			case i == 3 && (!errors.As(err, &spent) || spent.RetryAfter != 23*time.Hour):
				t.Errorf("request %d: %v, want a day that is spent for 23 hours", i, err)
			}
			w.redis.forget()
			w.database.forget()
		}
		time.Sleep(24 * time.Hour)
		if _, err := b.Take(t.Context()); err != nil {
			t.Errorf("the next day: %v", err)
		}
	})
}

func TestLeasesGoBackToWhoGrantedThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, ctx := newWorld(), t.Context()
		s := w.process(t)
		take := func(name string) {
			t.Helper()
			if won, err := s.Acquire(ctx, name, "mine", time.Minute); !won || err != nil {
				t.Fatalf("acquire %s: %v, %v", name, won, err)
			}
		}
		take("in redis")
		w.redis.set(func() { w.redis.err = errGone })
		take("in the database")
		w.redis.set(func() { w.redis.err = nil })
		if w.redis.held["in redis"] != "mine" || w.database.held["in the database"] != "mine" || len(w.database.held) != 1 {
			t.Errorf("Redis holds %v, the database %v", w.redis.held, w.database.held)
		}
		for _, name := range []string{"in redis", "in the database"} {
			if still, err := s.Extend(ctx, name, "mine", time.Minute); !still || err != nil {
				t.Errorf("extend %s: %v, %v", name, still, err)
			}
			if err := s.Release(ctx, name, "mine"); err != nil {
				t.Errorf("release %s: %v", name, err)
			}
		}
		if len(w.redis.held)+len(w.database.held) != 0 {
			t.Errorf("Redis holds %v, the database %v", w.redis.held, w.database.held)
		}
		time.Sleep(11 * time.Second)
		take("by another")
		if won, err := w.process(t).Acquire(ctx, "by another", "theirs", time.Minute); won || err != nil {
			t.Errorf("acquire what another has: %v, %v", won, err)
		}
		w.redis.err, w.database.err = errGone, errGone
		if won, err := s.Acquire(ctx, "x", "mine", time.Minute); won || !errors.Is(err, errGone) {
			t.Errorf("acquire without anybody: %v, %v", won, err)
		}
	})
}

func TestSharedRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	if _, err := failover.New(failover.Config{}); err == nil {
		t.Error("nothing was accepted")
	}
	if _, err := newWorld().process(t).Budget("yahoo", store.Limits{PerMinute: -1}); err == nil {
		t.Error("a negative rate was accepted")
	}
}
