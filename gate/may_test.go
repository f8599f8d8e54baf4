package gate_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
)

// TestNothingIsClaimedThatMayNotBeBegun refuses every way in, before the ledger or a marker has seen anything.
func TestNothingIsClaimedThatMayNotBeBegun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wrong, refused := errors.New("the clock is wrong"), true
		b := gatetest.NewBench(time.Now)
		player := b.Player("a")
		player.Config = func(c *gate.Config) {
			c.May = func(context.Context) error {
				if refused {
					return wrong
				}
				return nil
			}
		}
		g := player.Gate(t)
		adHoc := gate.AdHocRequest{
			Job: ledger.JobImport, Entry: "sync",
			Work: func(context.Context, ledger.Run, []ledger.Cell, func(ledger.Event)) ([]ledger.Cell, error) {
				t.Error("a run ad hoc was carried out")
				return nil, nil
			},
		}
		if _, err := g.RunSlot(t.Context(), b.Slot, gate.SlotRequest{Entry: "sync"}); !errors.Is(err, wrong) {
			t.Errorf("a slot: %v", err)
		}
		if _, err := g.RunAdHoc(t.Context(), adHoc); !errors.Is(err, wrong) {
			t.Errorf("a run ad hoc: %v", err)
		}
		if _, marked := b.Markers.Of(b.Slot); marked || len(b.Ledger.All()) != 0 || b.Works() != 0 {
			t.Errorf("%d runs are in the ledger, %d were carried out, marked: %t", len(b.Ledger.All()), b.Works(), marked)
		}
		refused = false
		if got, err := g.RunSlot(t.Context(), b.Slot, gate.SlotRequest{Entry: "sync"}); err != nil || !got.Done() {
			t.Fatalf("when it may: %+v, %v", got, err)
		}
		refused = true
		if _, err := g.RunSlot(t.Context(), b.Slot, gate.SlotRequest{Entry: "sync", Force: true}); !errors.Is(err, wrong) {
			t.Errorf("a forced run: %v", err)
		}
		if got, err := g.RunSlot(t.Context(), b.Slot, gate.SlotRequest{Entry: "sync"}); err != nil || got.Outcome != gate.AlreadyRan {
			t.Errorf("what ran before may be told: %+v, %v", got, err)
		}
		if len(b.Ledger.All()) != 1 || b.Works() != 1 {
			t.Errorf("%d runs are in the ledger, %d were carried out", len(b.Ledger.All()), b.Works())
		}
		b.Clean(t)
	})
}

// TestASlotOfTheFutureIsNotBegun: whoever chose it looked at a clock that was wrong, and has been set right since.
func TestASlotOfTheFutureIsNotBegun(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]gate.SlotRequest{"plain": {}, "forced": {Force: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := gatetest.NewBench(time.Now)
				b.Slot = ledger.NewSlot(ledger.JobImport, time.Now().UTC().Add(time.Minute))
				p := b.Player("a")
				if _, err := p.Gate(t).RunSlot(t.Context(), b.Slot, request); !errors.Is(err, ledger.ErrNotDue) {
					t.Errorf("a minute before its time: %v", err)
				}
				if _, ok := b.Markers.Of(b.Slot); ok || len(b.Ledger.RunsOf(b.Slot)) > 0 {
					t.Error("it left a marker or a run")
				}
				time.Sleep(time.Minute)
				if r := p.RunSlot(t, request); !r.Done() {
					t.Errorf("at its time: %+v", r)
				}
			})
		})
	}
}
