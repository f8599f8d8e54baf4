package gate_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
)

// mortal lets a process die: from then on it reaches nothing.
func mortal(p *gatetest.Player) (die func()) {
	var dead atomic.Bool
	p.Hook = func(ctx context.Context, _ string, _ bool) error {
		if dead.Load() {
			return gatetest.ErrDead
		}
		return ctx.Err()
	}
	return func() { dead.Store(true) }
}

// TestWhatEarlierAttemptsDidMustBeKnown: without it everything would be asked for again, and counted twice.
func TestWhatEarlierAttemptsDidMustBeKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		first := b.Player("a")
		first.Fail("NQ")
		first.RunSlot(t, gate.SlotRequest{})
		second := b.Player("b")
		second.Hook = gatetest.Down("ledger committed")
		r := second.RunSlot(t, gate.SlotRequest{})
		if r.Run.State != ledger.StateFailed || !strings.Contains(r.Run.Reason, "read what earlier attempts") || b.Works() != 1 {
			t.Errorf("%+v after %d works, want a failure that begins nothing", r.Run, b.Works())
		}
		b.Clean(t)
	})
}

// TestTheReasonNamesTheRunsDeadline, so that nobody looks for the fault in the provider's answers.
func TestTheReasonNamesTheRunsDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Takes = time.Hour
		if r := p.RunSlot(t, gate.SlotRequest{}); !strings.Contains(r.Run.Reason, "the run's deadline has passed") {
			t.Errorf("the reason is %q", r.Run.Reason)
		}
	})
}

// TestAReplicaTakesOverFromOneThatDied: it joined a run to share its result, and a run that died has none.
func TestAReplicaTakesOverFromOneThatDied(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]func(*gate.Config){
		"with Redis": func(*gate.Config) {}, "without": func(c *gate.Config) { c.Markers = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := gatetest.NewBench(time.Now)
				p, next := b.Player("a"), b.Player("b")
				p.Config, next.Config = config, config
				die := mortal(p)
				ctx, kill := context.WithCancel(t.Context())
				var both sync.WaitGroup
				both.Go(func() { _, _ = p.Gate(t).RunSlot(ctx, b.Slot, gate.SlotRequest{Join: true}) })
				time.Sleep(time.Second)
				both.Go(func() {
					if r := next.RunSlot(t, gate.SlotRequest{Join: true}); r.Outcome != gate.Ran || !r.Done() || r.Run.Attempt != 2 {
						t.Errorf("the replica was told %+v, want its own second attempt", r)
					}
				})
				time.Sleep(14 * time.Second)
				die()
				kill()
				both.Wait()
				b.Clean(t)
			})
		})
	}
}

// TestWhoWasTakenOverLeavesItAtThat when the one who took over fails too: two attempts came to nothing, as for any caller.
func TestWhoWasTakenOverLeavesItAtThat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Takes = 10 * time.Minute
		wake := time.Now().Add(115 * time.Second)
		p.Hook = func(context.Context, string, bool) error {
			if left := time.Until(wake); left > 0 && left < 110*time.Second { // suspended from 5 s on
				time.Sleep(left)
			}
			return nil
		}
		var zombie sync.WaitGroup
		zombie.Go(func() {
			if r := p.RunSlot(t, gate.SlotRequest{}); r.Outcome != gate.WaitedFor || r.Run.State != ledger.StateFailed || r.Run.Host != "b" {
				t.Errorf("the zombie was told %+v, want the failed run of b", r)
			}
		})
		time.Sleep(20 * time.Second)
		next := b.Player("b")
		next.Fail("ES", "NQ", "CL")
		if r := next.RunSlot(t, gate.SlotRequest{}); r.Run.State != ledger.StateFailed || r.Run.Attempt != 2 {
			t.Errorf("who took over: %+v", r)
		}
		zombie.Wait()
		if b.Works() != 2 {
			t.Errorf("a failing provider was asked by %d runs, want two", b.Works())
		}
	})
}

// TestFailuresOfThePastAreNoneOfTheWaiting: attempts that failed before a caller came do not stand for its own.
func TestFailuresOfThePastAreNoneOfTheWaiting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ask   gate.SlotRequest
		works int
	}{"callers": {gate.SlotRequest{}, 2}, "replicas": {gate.SlotRequest{Join: true}, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := gatetest.NewBench(time.Now)
				failing := func() *gatetest.Player {
					p := b.Player("p")
					p.Fail("ES", "NQ", "CL")
					return p
				}
				for range 3 {
					failing().RunSlot(t, gate.SlotRequest{})
				}
				var crowd sync.WaitGroup
				for range 12 {
					crowd.Go(func() {
						if r := failing().RunSlot(t, c.ask); r.Run.State != ledger.StateFailed || r.Run.Attempt < 4 {
							t.Errorf("somebody was answered %+v", r)
						}
					})
				}
				crowd.Wait()
				if works := b.Works() - 3; works != c.works {
					t.Errorf("%d runs were begun for the crowd, want %d", works, c.works)
				}
			})
		})
	}
}

// TestWithoutRedisNobodyWaits: the ledger alone decides, at once.
func TestWithoutRedisNobodyWaits(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*gatetest.Player){
		"there is none": func(p *gatetest.Player) { p.Config = func(c *gate.Config) { c.Markers = nil } },
		"it is down":    func(p *gatetest.Player) { p.Hook = gatetest.Down("redis") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := gatetest.NewBench(time.Now)
				p := b.Player("a")
				prepare(p)
				began := time.Now()
				if r := p.RunSlot(t, gate.SlotRequest{}); !r.Done() || time.Since(began) != 30*time.Second {
					t.Errorf("%+v after %s, want done after the thirty seconds of its work", r, time.Since(began))
				}
				if r := p.RunSlot(t, gate.SlotRequest{}); r.Outcome != gate.AlreadyRan || time.Since(began) != 30*time.Second {
					t.Errorf("the next caller: %+v after %s", r, time.Since(began))
				}
			})
		})
	}
}

// TestAMarkerThatRedisLostIsPutBack by the next heartbeat: whoever asks then is told who runs the slot, and costs the ledger
// nothing.
func TestAMarkerThatRedisLostIsPutBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		var run sync.WaitGroup
		run.Go(func() { b.Player("a").RunSlot(t, gate.SlotRequest{}) })
		time.Sleep(time.Second)
		b.Markers.Flush()
		time.Sleep(15 * time.Second)
		marker, ok := b.Markers.Of(b.Slot)
		if !ok || marker.State != ledger.MarkerLease || marker.Host != "a" || marker.Run != 1 {
			t.Errorf("after a heartbeat the marker is %+v, %v", marker, ok)
		}
		run.Wait()
	})
}

// TestARunThatIsDoneIsDone though it was stopped in its last moment, or its deadline passed then: everything has its evidence.
func TestARunThatIsDoneIsDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Stubborn = true
		p.Hook = func(context.Context, string, bool) error { return nil } // what is under way arrives
		ctx, stop := contextAfter(t, 25*time.Second)
		defer stop()
		r, err := p.Gate(t).RunSlot(ctx, b.Slot, gate.SlotRequest{})
		if err != nil || !r.Done() || r.Run.Reason != "" || len(b.Ledger.Effective(b.Slot)) != 1 {
			t.Errorf("%+v, %v", r, err)
		}
		b.Clean(t)
	})
}

// TestARunIsNotJudgedByWhatIsKeptNoLonger: an earlier attempt of the slot failed at a series that was taken out since.
func TestARunIsNotJudgedByWhatIsKeptNoLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		first := keeps(b, "a", "ES", "OLD")
		first.Fail("OLD")
		if r := first.RunSlot(t, gate.SlotRequest{}); r.Run.State != ledger.StatePartial {
			t.Fatalf("%+v", r)
		}
		r := keeps(b, "a", "ES", "NQ").RunSlot(t, gate.SlotRequest{})
		if !r.Done() || r.Outcome != gate.Ran || r.Run.Reason != "" || imported(b, r.Run.ID) != "NQ" {
			t.Errorf("%+v, which imported %s", r, imported(b, r.Run.ID))
		}
		if marker, ok := b.Markers.Of(b.Slot); !ok || marker.State != ledger.MarkerDone {
			t.Errorf("the marker is %+v, %v", marker, ok)
		}
	})
}

// TestAHeartbeatThatIsLateLeavesNoMarker: its answer comes after the run has failed, and must not make others wait for nobody.
func TestAHeartbeatThatIsLateLeavesNoMarker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Fail("ES", "NQ", "CL")
		p.Takes = 6 * time.Second // the third ends while the heartbeat of 17 s is under way
		p.Hook = func(_ context.Context, op string, after bool) error {
			if op == "redis extend" && !after {
				time.Sleep(2 * time.Second)
			}
			return nil
		}
		if r := p.RunSlot(t, gate.SlotRequest{}); r.Run.State != ledger.StateFailed {
			t.Errorf("%+v", r)
		}
		time.Sleep(3 * time.Second)
		if marker, ok := b.Markers.Of(b.Slot); ok {
			t.Errorf("it left the marker %+v", marker)
		}
	})
}
