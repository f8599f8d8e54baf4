package redis_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/store/redis"
)

// In a bubble the in-process state lives on simulated time: hours pass at once.

func TestInProcessLeaseOnSimulatedTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, "")
		kept, left := acquire(t, s, "kept", 30*time.Second), acquire(t, s, "left", 30*time.Second)
		kept.Keep(t.Context())

		time.Sleep(29 * time.Second)
		if _, err := s.Acquire(t.Context(), "left", time.Second); !errors.Is(err, redis.ErrHeld) {
			t.Errorf("after 29 of 30 s: %v, want ErrHeld", err)
		}
		time.Sleep(time.Second + 2*redis.LocalTick)
		acquire(t, s, "left", time.Second)
		if err := left.Extend(t.Context()); !errors.Is(err, redis.ErrLost) {
			t.Errorf("extend after its end: %v", err)
		}

		time.Sleep(4 * time.Hour)
		if closed(kept) {
			t.Error("a kept lease was lost within hours")
		}
		if err := kept.Release(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestStoppedHeartbeatLetsTheLeaseRunOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, "")
		l := acquire(t, s, "kept", 30*time.Second)
		l.Keep(t.Context())
		time.Sleep(45 * time.Second)
		// The server goes away for good: what is lost must be known when the ttl is over, and not before.
		start := time.Now()
		s.Server().SetError("LOADING gone for good")
		<-l.Lost()
		if took := time.Since(start); took < 20*time.Second || took > 30*time.Second {
			t.Errorf("the loss was noticed after %s, want between 20 and 30 s", took)
		}
	})
}

func TestHeartbeatSurvivesAShortFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, "")
		l := acquire(t, s, "kept", 30*time.Second)
		l.Keep(t.Context())
		for range 10 {
			s.Server().SetError("LOADING in a moment")
			time.Sleep(17 * time.Second)
			s.Server().SetError("")
			time.Sleep(13 * time.Second)
		}
		if closed(l) {
			t.Error("a failure of 17 s cost a lease of 30 s")
		}
	})
}
