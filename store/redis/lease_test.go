package redis_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"barkeep/store/redis"
)

// closed tells whether the lease is known to be lost.
func closed(l *redis.Lease) bool {
	select {
	case <-l.Lost():
		return true
	default:
		return false
	}
}

// acquire takes a lease that must be free.
func acquire(t *testing.T, s *redis.Client, name string, ttl time.Duration) *redis.Lease {
	t.Helper()
	l, err := s.Acquire(t.Context(), name, ttl)
	if err != nil {
		t.Fatalf("acquire %s: %v", name, err)
	}
	return l
}

func TestLeaseIsExclusiveAndNamesItsHolder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		since := time.Date(2026, 11, 22, 22, 5, 0, 0, time.UTC)
		s := b.open(t, func(c *redis.Config) { c.Now = func() time.Time { return since } })
		first := acquire(t, s, "ES:5m", time.Minute)

		_, err := s.Acquire(t.Context(), "ES:5m", time.Minute)
		var held *redis.HeldError
		if !errors.Is(err, redis.ErrHeld) || !errors.As(err, &held) {
			t.Fatalf("second acquire: %v, want a HeldError", err)
		}
		host, _ := os.Hostname()
		want := redis.Holder{Host: host, PID: os.Getpid(), Since: since, Fence: first.Fence()}
		if held.Name != "ES:5m" || held.Holder != want {
			t.Errorf("held by %+v, want %+v", held.Holder, want)
		}
		acquire(t, s, "ES:1m", time.Minute) // another name is free

		if err := first.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		second := acquire(t, s, "ES:5m", time.Minute)
		if second.Fence() <= first.Fence() {
			t.Errorf("fence %d after %d", second.Fence(), first.Fence())
		}
		// The first one has nothing to say any more.
		if err := first.Release(t.Context()); err != nil {
			t.Errorf("releasing twice: %v", err)
		}
		if err := first.Extend(t.Context()); !errors.Is(err, redis.ErrLost) || !closed(first) {
			t.Errorf("extending after a release: %v, lost %v", err, closed(first))
		}
		if err := second.Extend(t.Context()); err != nil {
			t.Errorf("the second holder lost it to the first: %v", err)
		}
	})
}

func TestLeaseKeyIsReadable(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		l := acquire(t, s, "NQ:1d", time.Minute)
		key := s.Key("lease", "NQ:1d")
		text, err := s.Client().Get(t.Context(), key).Bytes()
		if err != nil {
			t.Fatal(err)
		}
		var v struct {
			Token, Host string
			Fence       int64
			PID         int
			Since       time.Time
		}
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		if len(v.Token) != 32 || v.Fence != l.Fence() || v.PID != os.Getpid() || v.Host == "" || v.Since.IsZero() {
			t.Errorf("the key holds %s", text)
		}
		left := s.Client().PTTL(t.Context(), key).Val()
		if left < 50*time.Second || left > time.Minute+redis.LocalTick {
			t.Errorf("it lives %s more, want a minute", left)
		}
	})
}

func TestLeaseRaceHasOneWinnerAndRisingFences(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		states := b.several(t, 3)
		last := int64(0)
		for round := range 10 {
			var mu sync.Mutex
			var winners []*redis.Lease
			var wg sync.WaitGroup
			for i := range 24 {
				wg.Go(func() {
					l, err := states[i%3].Acquire(t.Context(), "race", time.Minute)
					switch {
					case err == nil:
						mu.Lock()
						winners = append(winners, l)
						mu.Unlock()
					case !errors.Is(err, redis.ErrHeld):
						t.Errorf("round %d: %v", round, err)
					}
				})
			}
			wg.Wait()
			if len(winners) != 1 {
				t.Fatalf("round %d has %d winners", round, len(winners))
			}
			if winners[0].Fence() <= last {
				t.Fatalf("round %d: fence %d after %d", round, winners[0].Fence(), last)
			}
			last = winners[0].Fence()
			if err := winners[0].Release(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestLeaseOfADeadHolderRunsOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		dead := acquire(t, s, "dead", 200*time.Millisecond)
		var heir *redis.Lease
		eventually(t, "the lease runs out", func() bool {
			l, err := s.Acquire(t.Context(), "dead", time.Minute)
			if err != nil && !errors.Is(err, redis.ErrHeld) {
				t.Fatal(err)
			}
			heir = l
			return err == nil
		})
		if heir.Fence() <= dead.Fence() {
			t.Errorf("fence %d after %d", heir.Fence(), dead.Fence())
		}
		// The dead one wakes up: it must neither extend nor release what is the heir's.
		if err := dead.Extend(t.Context()); !errors.Is(err, redis.ErrLost) || !closed(dead) {
			t.Errorf("extend of a lost lease: %v, lost %v", err, closed(dead))
		}
		if err := dead.Release(t.Context()); err != nil {
			t.Errorf("release of a lost lease: %v", err)
		}
		if err := heir.Extend(t.Context()); err != nil {
			t.Errorf("the heir lost it: %v", err)
		}
	})
}

func TestLeaseIsKeptBeyondItsLength(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		l := acquire(t, s, "kept", time.Second)
		l.Keep(t.Context())
		l.Keep(t.Context()) // no second heartbeat
		// Another lease of twice the length measures the time.
		acquire(t, s, "clock", 2*time.Second)
		eventually(t, "two seconds pass", func() bool {
			if _, err := s.Acquire(t.Context(), "kept", time.Second); !errors.Is(err, redis.ErrHeld) {
				t.Fatalf("a kept lease was given away: %v", err)
			}
			_, err := s.Acquire(t.Context(), "clock", time.Second)
			return err == nil
		})
		if closed(l) {
			t.Error("a kept lease counts as lost")
		}
		if err := l.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		acquire(t, s, "kept", time.Second)
		if closed(l) {
			t.Error("a released lease counts as lost")
		}
	})
}

func TestReleaseWorksAfterCancellation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		l := acquire(t, s, "cancelled", time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		l.Keep(ctx)
		cancel()
		if err := l.Release(ctx); err != nil {
			t.Fatal(err)
		}
		acquire(t, s, "cancelled", time.Minute)
	})
}

func TestAcquireWithACancelledContext(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Acquire(ctx, "never", time.Minute); !errors.Is(err, context.Canceled) ||
			errors.Is(err, redis.ErrUnavailable) {
			t.Fatalf("got %v, want context.Canceled alone", err)
		}
		acquire(t, s, "never", time.Minute)
	})
}

func TestForeignValueCountsAsHeld(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		if err := s.Client().Set(t.Context(), s.Key("lease", "odd"), "by hand", 0).Err(); err != nil {
			t.Fatal(err)
		}
		_, err := s.Acquire(t.Context(), "odd", time.Minute)
		var held *redis.HeldError
		if !errors.As(err, &held) || held.Holder != (redis.Holder{}) {
			t.Fatalf("got %v, want a HeldError without a holder", err)
		}
		if text := held.Error(); text != "lease odd: lease is held by another" {
			t.Errorf("the error says %q", text)
		}
	})
}

func TestAcquireRefusesBadArguments(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for _, c := range []struct {
		name string
		ttl  time.Duration
	}{{"", time.Minute}, {"x", 0}, {"x", -time.Second}, {"x", time.Microsecond}} {
		if l, err := s.Acquire(t.Context(), c.name, c.ttl); err == nil || l != nil {
			t.Errorf("Acquire(%q, %s) was accepted", c.name, c.ttl)
		}
	}
}
