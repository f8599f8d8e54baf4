package gate_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
)

// TestAForcedRunLeavesTheMarkerAlone also when Redis has lost it: a lease would make others wait for what is done.
func TestAForcedRunLeavesTheMarkerAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		first := b.Player("a").RunSlot(t, gate.SlotRequest{})
		var forced sync.WaitGroup
		forced.Go(func() { b.Player("b").RunSlot(t, gate.SlotRequest{Force: true}) })
		time.Sleep(time.Second)
		b.Markers.Flush()
		time.Sleep(20 * time.Second) // longer than a heartbeat
		if marker, ok := b.Markers.Of(b.Slot); ok {
			t.Errorf("it wrote %+v", marker)
		}
		if answer := b.Player("c").RunSlot(t, gate.SlotRequest{}); answer.Outcome != gate.AlreadyRan || answer.Run.ID != first.Run.ID {
			t.Errorf("beside it: %+v, want run %d", answer, first.Run.ID)
		}
		forced.Wait()
	})
}

// TestMarkersThatAreWrong: nobody's markers must not keep a slot from being run.
func TestMarkersThatAreWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		marker ledger.Marker
		most   time.Duration
	}{
		"unreadable":             {ledger.Marker{}, 3 * time.Minute},
		"of a process long gone": {ledger.Marker{State: ledger.MarkerLease, Token: "x", Host: "gone"}, 3 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := gatetest.NewBench(time.Now)
				b.Markers.Set(b.Slot, c.marker, 1000*time.Hour)
				began := time.Now()
				answer := b.Player("a").RunSlot(t, gate.SlotRequest{})
				if took := time.Since(began); !answer.Done() || took > c.most {
					t.Errorf("after %s: %+v", took, answer)
				}
				if marker, _ := b.Markers.Of(b.Slot); marker.State != ledger.MarkerDone {
					t.Errorf("the marker still is %+v", marker)
				}
			})
		})
	}
}

// TestTheMarkerOfARunThatEnded is one that could not be given back: the next caller does not wait for it to run out.
func TestTheMarkerOfARunThatEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Fail("ES")
		p.Hook = gatetest.Fault("redis release", 1, false)
		p.RunSlot(t, gate.SlotRequest{})
		if _, ok := b.Markers.Of(b.Slot); !ok {
			t.Fatal("the marker was given back after all")
		}
		began := time.Now()
		if answer := b.Player("b").RunSlot(t, gate.SlotRequest{}); !answer.Done() || time.Since(began) > 11*time.Second {
			t.Errorf("after %s: %+v", time.Since(began), answer)
		}
	})
}

// TestAMarkerOfARunThatEndedIsNotWaitedFor: its holder died, and whoever took over could not reach Redis and failed.
func TestAMarkerOfARunThatEndedIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		dead := b.Ledger.Add(ledger.Run{
			Job: b.Slot.Job, Slot: b.Slot, Attempt: 1, State: ledger.StateRunning, Token: "dead", Host: "x",
		}, time.Second)
		b.Markers.Set(b.Slot, ledger.MarkerOf(dead), 10*time.Minute)
		time.Sleep(2 * time.Second)
		second := b.Player("b")
		second.Hook = gatetest.Down("redis")
		second.Fail("ES", "NQ", "CL")
		if r := second.RunSlot(t, gate.SlotRequest{}); r.Run.State != ledger.StateFailed || r.Run.Attempt != 2 {
			t.Fatalf("the second attempt: %+v", r)
		}
		began := time.Now()
		third := b.Player("c").RunSlot(t, gate.SlotRequest{})
		if took := time.Since(began) - 30*time.Second; !third.Done() || third.Outcome != gate.Ran || took > 5*time.Second {
			t.Errorf("the third waited for %s and was told %+v", took, third)
		}
		b.Clean(t)
	})
}
