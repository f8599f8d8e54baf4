package gate_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
)

func TestHeldByAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		var holder sync.WaitGroup
		holder.Go(func() { b.Player("a").RunSlot(t, gate.SlotRequest{}) })
		time.Sleep(time.Second)
		if answer := b.Player("b").RunSlot(t, gate.SlotRequest{NoWait: true}); answer.Outcome != gate.Held || answer.Run.Host != "a" || answer.Run.ID == 0 {
			t.Errorf("without waiting: %+v, want held by a", answer)
		}
		began := time.Now()
		answer := b.Player("c").RunSlot(t, gate.SlotRequest{Wait: 5 * time.Second})
		if took := time.Since(began); answer.Outcome != gate.Held || took != 5*time.Second {
			t.Errorf("after %s: %+v, want held after 5 s", took, answer)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if answer, err := b.Player("d").Gate(t).RunSlot(ctx, b.Slot, gate.SlotRequest{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller that went away got %+v, %v", answer, err)
		}
		if answer := b.Player("e").RunSlot(t, gate.SlotRequest{}); answer.Outcome != gate.WaitedFor || !answer.Done() {
			t.Errorf("who waited got %+v", answer)
		}
		holder.Wait()
		b.Clean(t)
	})
}

func TestForcedRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		first := b.Player("a").RunSlot(t, gate.SlotRequest{Force: true})
		if first.Run.Forced {
			t.Error("forcing a slot that was not done made a forced run: the slot would stay undone")
		}
		b.Player("a").RunSlot(t, gate.SlotRequest{})
		var two sync.WaitGroup
		for range 2 {
			two.Go(func() {
				answer := b.Player("b").RunSlot(t, gate.SlotRequest{Force: true})
				cells := b.Ledger.CellsOf(answer.Run.ID)
				if answer.Outcome != gate.Ran || !answer.Run.Forced || !answer.Done() || len(cells) != 3 {
					t.Errorf("forced: %+v with the cells %v, want all of them again", answer, cells)
				}
			})
		}
		time.Sleep(time.Second)
		if answer := b.Player("c").RunSlot(t, gate.SlotRequest{}); answer.Outcome != gate.AlreadyRan || answer.Run.ID != first.Run.ID {
			t.Errorf("during the forced run: %+v, want run %d", answer, first.Run.ID)
		}
		two.Wait()
		runs := b.Ledger.RunsOf(b.Slot)
		if len(runs) != 3 || len(b.Ledger.Effective(b.Slot)) != 1 {
			t.Fatalf("runs %v", runs)
		}
		if runs[2].Started.Before(runs[1].Finished) {
			t.Errorf("two forced runs at once: %v and %v", runs[1], runs[2])
		}
		b.Clean(t)
	})
}

// TestFailingOneAfterTheOther: of a crowd of callers that wait, one tries again and the others are told.
func TestFailingOneAfterTheOther(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ask   gate.SlotRequest
		works int
	}{"callers": {gate.SlotRequest{}, 2}, "replicas": {gate.SlotRequest{Join: true}, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := gatetest.NewBench(time.Now)
				var crowd sync.WaitGroup
				for range 12 {
					p := b.Player("p")
					p.Fail("ES", "NQ", "CL")
					crowd.Go(func() {
						if answer := p.RunSlot(t, c.ask); answer.Run.State != ledger.StateFailed || answer.Run.ID == 0 {
							t.Errorf("somebody was answered %+v", answer)
						}
					})
				}
				crowd.Wait()
				if works := b.Works(); works != c.works {
					t.Errorf("the failing provider was asked by %d runs, want %d", b.Works(), c.works)
				}
				if answer := b.Player("late").RunSlot(t, gate.SlotRequest{}); !answer.Done() {
					t.Errorf("the next caller: %+v", answer)
				}
			})
		})
	}
}

func TestALedgerThatIsDownIsAnErrorAndNoRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Hook = gatetest.Down("ledger")
		if answer, err := p.Gate(t).RunSlot(t.Context(), b.Slot, gate.SlotRequest{}); !errors.Is(err, gatetest.ErrDown) || b.Works() != 0 {
			t.Errorf("%+v, %v, %d works", answer, err, b.Works())
		}
		if _, ok := b.Markers.Of(b.Slot); ok {
			t.Error("the marker was kept")
		}
	})
}
