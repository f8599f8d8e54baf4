package failover_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/market"
	"barkeep/store"
	"barkeep/store/failover"
)

// memory keeps leases and budgets in memory, as Redis and the database do.
type memory struct {
	mu    sync.Mutex
	err   error // every call fails with it
	hangs bool  // every call waits until its ctx ends
	calls int
	held  map[string]string
	next  time.Time
	day   time.Time
	used  int
}

func (m *memory) call(ctx context.Context) error {
	m.mu.Lock()
	m.calls++
	err, hangs := m.err, m.hangs
	m.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (m *memory) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

func (m *memory) Acquire(ctx context.Context, name, token string, _ time.Duration) (bool, error) {
	if err := m.call(ctx); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held[name] == "" {
		m.held[name] = token
	}
	return m.held[name] == token, nil
}

func (m *memory) Extend(ctx context.Context, name, token string, _ time.Duration) (bool, error) {
	err := m.call(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	return err == nil && m.held[name] == token, err
}

func (m *memory) Release(ctx context.Context, name, token string) error {
	err := m.call(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil && m.held[name] == token {
		delete(m.held, name)
	}
	return err
}

func (m *memory) Take(ctx context.Context, _ string, l store.Limits, after time.Duration) (time.Duration, error) {
	if err := m.call(ctx); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	slot := time.Now().Add(after)
	if m.next.After(slot) {
		slot = m.next
	}
	if day := slot.UTC().Truncate(24 * time.Hour); !day.Equal(m.day) {
		m.day, m.used = day, 0
	}
	if l.PerDay > 0 && m.used >= l.PerDay {
		return time.Until(m.day.Add(24 * time.Hour)), store.ErrDayIsSpent
	}
	m.used++
	m.next = slot.Add(l.Spacing())
	return time.Until(slot), nil
}

func (m *memory) Remaining(ctx context.Context, _ string, l store.Limits) (int, error) {
	if err := m.call(ctx); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return l.PerDay - m.used, nil
}

// world is a Redis and a database in memory, on simulated time.
type world struct {
	redis, database *memory
	log             bytes.Buffer
}

func newWorld() *world {
	return &world{redis: &memory{held: map[string]string{}}, database: &memory{held: map[string]string{}}}
}

// process is one more process of the world.
func (w *world) process(t *testing.T) *failover.Shared {
	t.Helper()
	shared, err := failover.New(failover.Config{
		Redis: w.redis, Database: w.database, Now: time.Now, Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return shared
}

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
		if _, err := w.redis.Take(t.Context(), "yahoo", limits, 0); err != nil {
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

func TestNothingIsGrantedWhenNobodyAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		b := budget(t, w.process(t), store.Limits{PerMinute: 60, PerDay: 10})
		w.redis.err, w.database.err = errGone, errors.New("the disk is gone")
		_, err := b.Take(t.Context())
		if !errors.Is(err, errGone) || !errors.Is(err, w.database.err) || market.OutcomeOf(err) == market.OutcomeBudget {
			t.Errorf("take: %v, want both reasons", err)
		}
		if _, err := b.Remaining(t.Context()); !errors.Is(err, w.database.err) {
			t.Errorf("remaining: %v", err)
		}
		w.database.set(func() { w.database.err = nil })
		if _, err := b.Take(t.Context()); err != nil {
			t.Errorf("the database is back: %v", err)
		}
	})
}

func TestRedisAloneIsEnoughForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		b := budget(t, w.process(t), store.Limits{PerMinute: 60, PerDay: 3})
		w.database.hangs = true
		for i := range 3 {
			began := time.Now()
			if _, err := b.Take(t.Context()); err != nil || time.Since(began) > 3*time.Second {
				t.Errorf("request %d: %v after %s", i, err, time.Since(began))
			}
		}
		if n := strings.Count(w.log.String(), "redis alone does"); n != 1 {
			t.Errorf("%d warnings, want one:\n%s", n, w.log.String())
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
		if _, err := b.Take(t.Context()); err != nil || w.redis.used != 1 {
			t.Errorf("%v: Redis is back and counted %d", err, w.redis.used)
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
			w.redis.used, w.database.used = 0, 0
			w.redis.next, w.database.next = time.Time{}, time.Time{}
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
