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

// TestAStoppedRunIsTakenOver by a replica that waits for it: it is no failure that all should wait after.
func TestAStoppedRunIsTakenOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(15*time.Second, stop)
		var waiting sync.WaitGroup
		waiting.Go(func() {
			time.Sleep(time.Second)
			if answer := b.Player("b").RunSlot(t, gate.SlotRequest{Join: true}); answer.Outcome != gate.Ran || !answer.Done() {
				t.Errorf("who waited: %+v", answer)
			}
		})
		if answer, err := b.Player("a").Gate(t).RunSlot(ctx, b.Slot, gate.SlotRequest{}); err != nil || !answer.Run.Stopped() {
			t.Errorf("who was stopped: %+v, %v", answer, err)
		}
		waiting.Wait()
		b.Clean(t)
	})
}

// TestAStoppedRunGoesOnAtOnce cancels in mid-work.
func TestAStoppedRunGoesOnAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(15*time.Second, stop) // ES is committed, NQ in flight
		began := time.Now()
		answer, err := b.Player("a").Gate(t).RunSlot(ctx, b.Slot, gate.SlotRequest{})
		if err != nil || answer.Run.State != ledger.StateStopped || !answer.Run.Stopped() {
			t.Errorf("stopped: %+v, %v", answer, err)
		}
		if took := time.Since(began) - 15*time.Second; took > time.Second {
			t.Errorf("stopping took %s", took)
		}
		if _, ok := b.Markers.Of(b.Slot); ok {
			t.Error("the lease was not given back")
		}
		began = time.Now()
		next := b.Player("b").RunSlot(t, gate.SlotRequest{})
		if took := time.Since(began); !next.Done() || took > 21*time.Second {
			t.Errorf("the next one: %+v after %s, want done after the two series that were left", next, took)
		}
		b.Clean(t)
	})
}

// TestStoppingWithoutALedger must end in time, though nothing can be recorded.
func TestStoppingWithoutALedger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		ctx, stop := context.WithCancel(t.Context())
		p := b.Player("a")
		var hung atomic.Bool
		p.Hook = func(ctx context.Context, op string, _ bool) error {
			if hung.Load() {
				<-ctx.Done() // neither the ledger nor Redis answers
			}
			return ctx.Err()
		}
		time.AfterFunc(15*time.Second, func() { hung.Store(true); stop() })
		began := time.Now()
		_, err := p.Gate(t).RunSlot(ctx, b.Slot, gate.SlotRequest{})
		if took := time.Since(began) - 15*time.Second; err == nil || took > 8*time.Second {
			t.Errorf("stopping took %s: %v, want an error within 8 s", took, err)
		}
		if answer := b.Player("b").RunSlot(t, gate.SlotRequest{}); !answer.Done() || len(b.Ledger.RunsOf(b.Slot)) != 2 {
			t.Errorf("the next one: %+v", answer)
		}
		b.Clean(t)
	})
}

// TestALateCommitIsRefused: work that does not look at its context commits a cell of a run that was taken over.
func TestALateCommitIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Stubborn, p.Takes = true, 3*time.Minute
		p.Hook = func(ctx context.Context, op string, _ bool) error {
			if op != "ledger commit" {
				return ctx.Err()
			}
			return nil
		}
		var dead atomic.Bool
		alive := p.Hook
		p.Hook = func(ctx context.Context, op string, after bool) error {
			if dead.Load() && strings.HasSuffix(op, "heartbeat") {
				return gatetest.ErrDown // it cannot learn that it was taken over
			}
			return alive(ctx, op, after)
		}
		var late sync.WaitGroup
		late.Go(func() { p.RunSlot(t, gate.SlotRequest{}) })
		time.Sleep(time.Second)
		dead.Store(true)
		b.Markers.Flush()
		if answer := b.Player("b").RunSlot(t, gate.SlotRequest{}); answer.Outcome != gate.Ran || !answer.Done() {
			t.Errorf("who took over: %+v", answer)
		}
		late.Wait()
		if runs := b.Ledger.RunsOf(b.Slot); len(runs) != 2 || len(b.Ledger.CellsOf(runs[0].ID)) != 0 {
			t.Errorf("the run that was taken over has the cells %v", b.Ledger.CellsOf(1))
		}
		b.Clean(t)
	})
}

// TestAZombie sleeps past its lease and wakes up while another runs the slot: its commit is refused, its work is stopped,
// and it is told what the other came to.
func TestAZombie(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Takes = 10 * time.Minute
		wake := time.Now().Add(115 * time.Second)
		p.Hook = func(ctx context.Context, op string, _ bool) error {
			if left := time.Until(wake); left > 0 && left < 110*time.Second { // suspended from 5 s on
				time.Sleep(left)
			}
			return nil // what was sent when the lights went out arrives
		}
		var zombie sync.WaitGroup
		zombie.Go(func() {
			answer := p.RunSlot(t, gate.SlotRequest{})
			if answer.Outcome != gate.WaitedFor || !answer.Done() || answer.Run.Host != "b" {
				t.Errorf("the zombie was told %+v, want the run of b", answer)
			}
		})
		time.Sleep(20 * time.Second)
		if answer := b.Player("b").RunSlot(t, gate.SlotRequest{}); answer.Outcome != gate.Ran || !answer.Done() || answer.Run.Attempt != 2 {
			t.Errorf("who took over: %+v", answer)
		}
		zombie.Wait()
		if time.Since(wake) > 40*time.Second {
			t.Errorf("the zombie's work went on for %s", time.Since(wake))
		}
		if runs := b.Ledger.RunsOf(b.Slot); len(runs) != 2 || runs[0].State != ledger.StateAbandoned || len(b.Ledger.CellsOf(runs[0].ID)) != 0 {
			t.Errorf("runs %v with cells %v", runs, b.Ledger.CellsOf(runs[0].ID))
		}
		b.Clean(t)
	})
}

func TestTheDeadlineEndsARun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Takes = time.Hour
		answer := p.RunSlot(t, gate.SlotRequest{})
		if answer.Run.State != ledger.StatePartial || !strings.Contains(answer.Run.Reason, "deadline") || answer.Run.Stopped() {
			t.Errorf("a run of three hours: %+v", answer.Run)
		}
		if next := b.Player("b").RunSlot(t, gate.SlotRequest{}); !next.Done() {
			t.Errorf("the next one: %+v", next)
		}
		b.Clean(t)
	})
}
