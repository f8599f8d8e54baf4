package gate_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
	"barkeep/store"
)

// before is a hook that does something before the n-th call (from 1) of an operation.
func before(op string, n int, do func()) gatetest.Hook {
	var mu sync.Mutex
	return func(ctx context.Context, asked string, after bool) error {
		mu.Lock()
		defer mu.Unlock()
		if asked == op && !after {
			if n--; n == 0 {
				do()
			}
		}
		return ctx.Err()
	}
}

// TestAnotherIsFaster between the look at the marker and the claim of it: who loses is told what the winner's marker says, as
// far as the ledger bears it out, and begins nothing.
func TestAnotherIsFaster(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		win  func(*gatetest.Bench)
		how  gate.Outcome
		host string
	}{
		"and runs it": {func(b *gatetest.Bench) {
			b.Markers.Set(b.Slot, ledger.Marker{State: ledger.MarkerLease, Token: "x", Host: "other"}, time.Minute)
		}, gate.Held, "other"},
		"and has run it": {func(b *gatetest.Bench) {
			run := b.Ledger.Add(ledger.Run{Job: b.Slot.Job, Slot: b.Slot, Attempt: 1, State: ledger.StateDone, Token: "x", Host: "other"}, 0)
			b.Markers.Set(b.Slot, ledger.MarkerOf(run), time.Hour)
		}, gate.AlreadyRan, "other"},
		"and says that it has, which the ledger does not know": {func(b *gatetest.Bench) {
			b.Markers.Set(b.Slot, ledger.Marker{State: ledger.MarkerDone, Run: 9, Token: "x", Host: "other"}, time.Hour)
		}, gate.Ran, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := gatetest.NewBench(time.Now)
				p := b.Player("a")
				p.Hook = before("redis claim", 1, func() { c.win(b) })
				began := time.Now()
				r := p.RunSlot(t, gate.SlotRequest{NoWait: true})
				if r.Outcome != c.how || r.Run.Host != c.host || r.Done() == (c.how == gate.Held) {
					t.Errorf("%+v, want %s by %s", r, c.how, c.host)
				}
				if ran := c.how == gate.Ran; ran != (b.Works() == 1) || !ran && time.Since(began) != 0 {
					t.Errorf("%d works after %s", b.Works(), time.Since(began))
				}
				b.Clean(t)
			})
		})
	}
}

// TestRedisIsLostWhileAMarkerIsRefuted: the ledger still decides, and the slot is run once.
func TestRedisIsLostWhileAMarkerIsRefuted(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*gatetest.Bench){
		"flushed": func(b *gatetest.Bench) { b.Markers.Flush() },
		"replaced by another's lease": func(b *gatetest.Bench) {
			b.Markers.Set(b.Slot, ledger.Marker{State: ledger.MarkerLease, Token: "x", Host: "other"}, 30*time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := gatetest.NewBench(time.Now)
				b.Markers.Set(b.Slot, ledger.Marker{State: ledger.MarkerDone, Run: 9, Token: "gone"}, time.Hour)
				p := b.Player("a")
				p.Hook = before("redis get", 2, func() { lose(b) })
				if r := p.RunSlot(t, gate.SlotRequest{}); !r.Done() || r.Outcome != gate.Ran || b.Works() != 1 {
					t.Errorf("%+v after %d works", r, b.Works())
				}
				if marker, _ := b.Markers.Of(b.Slot); marker.State != ledger.MarkerDone || marker.Host != "a" {
					t.Errorf("the marker is %+v", marker)
				}
			})
		})
	}
}

// TestWhoRefutesAMarkerLeavesTheFasterOneAlone: two find out at once that it is wrong, and one runs the slot.
func TestWhoRefutesAMarkerLeavesTheFasterOneAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		b.Markers.Set(b.Slot, ledger.Marker{State: ledger.MarkerDone, Run: 9, Token: "gone"}, time.Hour)
		lease := ledger.Marker{State: ledger.MarkerLease, Token: "x", Host: "other"}
		p := b.Player("a")
		p.Hook = before("redis get", 2, func() { b.Markers.Set(b.Slot, lease, 30*time.Second) })
		if r := p.RunSlot(t, gate.SlotRequest{NoWait: true}); r.Outcome != gate.Held || r.Run.Host != "other" || b.Works() != 0 {
			t.Errorf("%+v after %d works, want held by the other", r, b.Works())
		}
		if marker, _ := b.Markers.Of(b.Slot); marker != lease {
			t.Errorf("the other's lease became %+v", marker)
		}
	})
}

// TestAnAmbiguousRefutationLeavesNothingBehind: Redis took the lease and its answer was lost, then the ledger goes away. Nobody
// waits for a run that never began.
func TestAnAmbiguousRefutationLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		b.Markers.Set(b.Slot, ledger.Marker{State: ledger.MarkerDone, Run: 9, Token: "gone"}, time.Hour)
		p := b.Player("a")
		lost := gatetest.Fault("redis done", 1, true)
		p.Hook = func(ctx context.Context, op string, after bool) error {
			if op == "ledger claim" {
				return gatetest.ErrDown
			}
			return lost(ctx, op, after)
		}
		if r, err := p.Gate(t).RunSlot(t.Context(), b.Slot, gate.SlotRequest{}); !errors.Is(err, gatetest.ErrDown) {
			t.Errorf("%+v, %v", r, err)
		}
		if marker, ok := b.Markers.Of(b.Slot); ok {
			t.Errorf("it left the marker %+v", marker)
		}
	})
}

// TestACallerThatIsGoneBeginsNothing.
func TestACallerThatIsGoneBeginsNothing(t *testing.T) {
	t.Parallel()
	b := gatetest.NewBench(time.Now)
	ctx, leave := context.WithCancelCause(t.Context())
	errGone := errors.New("the client went away")
	leave(errGone)
	r, err := b.Player("a").Gate(t).RunSlot(ctx, b.Slot, gate.SlotRequest{})
	if !errors.Is(err, errGone) || r.Outcome != "" || len(b.Ledger.All()) != 0 || len(b.Calls()) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// full is an archive on a disk that is full.
func full() error {
	return &store.Fault{Kind: store.ErrFull, Archive: "x.db", Detail: "0 of 8 MiB are free"}
}

// TestALedgerThatTakesNoWritesIsNotAskedAgain: only a person can mend it, so the caller hears at once why.
func TestALedgerThatTakesNoWritesIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Hook = func(ctx context.Context, op string, _ bool) error {
			if op == "ledger claim" {
				return full()
			}
			return ctx.Err()
		}
		began := time.Now()
		if _, err := p.Gate(t).RunSlot(t.Context(), b.Slot, gate.SlotRequest{}); !errors.Is(err, store.ErrFull) || time.Since(began) > 0 {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

// TestARunBrokenOffByTheArchiveHasFailed, whatever it stored before: the next attempt meets the same, and people must know now.
func TestARunBrokenOffByTheArchiveHasFailed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want ledger.State
	}{"the disk is full": {full(), ledger.StateFailed}, "something passes": {errors.New("connection refused"), ledger.StatePartial}} {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Config = func(config *gate.Config) {
			config.Work = func(context.Context, ledger.Run, []ledger.Cell, func(ledger.Event)) ([]ledger.Cell, error) {
				return []ledger.Cell{{Instrument: "ES", State: ledger.CellStored}}, c.err
			}
		}
		if r := p.RunSlot(t, gate.SlotRequest{}); r.Run.State != c.want || !strings.Contains(r.Run.Reason, c.err.Error()) {
			t.Errorf("%s: %+v, want %s", name, r.Run, c.want)
		}
	}
}

// TestNothingFollowsTheEndOfARun: work that speaks after it has returned is not heard, and does no harm.
func TestNothingFollowsTheEndOfARun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		var seen events
		var late func(ledger.Event)
		p.Config = func(c *gate.Config) {
			c.Listeners = []gate.Listener{seen.listen}
			c.Work = func(ctx context.Context, run ledger.Run, done []ledger.Cell, emit func(ledger.Event)) ([]ledger.Cell, error) {
				late = emit
				return p.Work(ctx, run, done, emit)
			}
		}
		p.RunSlot(t, gate.SlotRequest{})
		late(ledger.Event{Kind: ledger.EventTask, Series: "ES 1d"})
		synctest.Wait()
		if !strings.HasSuffix(seen.kinds(), "ended") {
			t.Errorf("listeners got %s", seen.kinds())
		}
	})
}

// TestWhoWaitsIsNotHeldUpByAMarker whose run has ended and could not take it along: now and then the ledger is asked too.
func TestWhoWaitsIsNotHeldUpByAMarker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		var run sync.WaitGroup
		run.Go(func() {
			p := b.Player("a")
			p.Fail("NQ")
			p.Hook = gatetest.Down("redis release")
			p.RunSlot(t, gate.SlotRequest{})
		})
		time.Sleep(time.Second)
		r := b.Player("b").RunSlot(t, gate.SlotRequest{Join: true})
		run.Wait()
		if late := time.Since(r.Run.Finished); r.Outcome != gate.WaitedFor || r.Run.State != ledger.StatePartial || late > 12*time.Second {
			t.Errorf("%s after its end: %+v", late, r)
		}
	})
}

// TestWhoIsAboutToBeginIsWaitedFor: its marker is there and its row in the ledger not yet.
func TestWhoIsAboutToBeginIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		b.Markers.Set(b.Slot, ledger.Marker{State: ledger.MarkerLease, Token: "x", Host: "other"}, time.Minute)
		if r := b.Player("a").RunSlot(t, gate.SlotRequest{NoWait: true}); r.Outcome != gate.Held || r.Run.Host != "other" || r.Run.ID != 0 {
			t.Errorf("%+v, want held by the other", r)
		}
		if b.Works() != 0 || len(b.Ledger.All()) != 0 {
			t.Errorf("it began %v", b.Ledger.All())
		}
	})
}

// TestThePauseBetweenTwoLooks is half a second to two by default: nobody learns of an end much later, and a crowd does not look
// in step.
func TestThePauseBetweenTwoLooks(t *testing.T) {
	t.Parallel()
	for random, want := range map[float64]time.Duration{0: 500 * time.Millisecond, 0.5: 1250 * time.Millisecond, 1: 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			b := gatetest.NewBench(time.Now)
			b.Markers.Set(b.Slot, ledger.Marker{State: ledger.MarkerLease, Token: "x", Host: "other"}, time.Hour)
			p := b.Player("a")
			p.Config = func(c *gate.Config) { c.Random = func() float64 { return random } }
			looks := 0
			p.Hook = func(ctx context.Context, op string, after bool) error {
				if op == "redis get" && !after {
					looks++
				}
				return ctx.Err()
			}
			p.RunSlot(t, gate.SlotRequest{Wait: 40*want + want/2})
			if looks != 41 {
				t.Errorf("at %g it looked %d times in %s, want every %s", random, looks, 40*want+want/2, want)
			}
		})
	}
}
