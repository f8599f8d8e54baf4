package scheduler_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/scheduler"
	"barkeep/store"
)

// TestTheAuditorJudgesByTheScheduleThatAnotherMachineBroughtIntoForce: a has begun with the old times and lives on. The slots of
// the new ones are due, whoever is there to run them.
func TestTheAuditorJudgesByTheScheduleThatAnotherMachineBroughtIntoForce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-18 19:50", "20:00")
		stopOld := w.open(t, w.Player("a"))
		time.Sleep(time.Hour)
		w.reschedule(t, pacific, "14:05")
		stop := w.open(t, w.Player("b"))
		time.Sleep(time.Hour)
		stop() // before its first slot, for two days
		time.Sleep(43 * time.Hour)
		stopOld()
		stop = w.open(t, w.Player("b"))
		time.Sleep(time.Hour)
		stop()
		want(t, "runs", w.slots(), []string{
			"2026-11-17 20:00 done", "2026-11-18 20:00 done", "2026-11-19 14:05 missed", "2026-11-19 20:00 done", "2026-11-20 14:05 done",
		})
		want(t, "notices", w.Kinds(), []string{
			"import:2026-11-19T22:05Z missed", "import:2026-11-20T22:05Z mended", "import:2026-11-20T22:05Z missed",
		})
	})
}

// slowLedger does something while it is asked how a slot stands.
type slowLedger struct {
	store.Slots
	meanwhile func()
}

func (s slowLedger) Latest(ctx context.Context, slot ledger.Slot, kept ledger.Kept) (ledger.Run, bool, error) {
	s.meanwhile()
	return s.Slots.Latest(ctx, slot, kept)
}

// TestASlotOfAFastClockIsNotBegunWhenTheClockIsSetRight: its time has not come, though by the clock as it was it had.
func TestASlotOfAFastClockIsNotBegunWhenTheClockIsSetRight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:30", "14:05") // it is 11:30
		w.plans = w.begin(t)
		fast := true
		w.change = func(c *scheduler.Config) {
			c.Slots = slowLedger{c.Slots, func() {
				if fast {
					fast = false
					w.jump(-3 * time.Hour)
				}
			}}
			c.May = func(context.Context) error { return errors.New("this test has no auditor") }
			c.RunSlot = func(_ context.Context, slot ledger.Slot, _ string) (ledger.Run, error) {
				if fast {
					return ledger.Run{}, errClock
				}
				if slot.At.After(w.now()) {
					t.Errorf("%s is begun at %s", slot, w.now())
				}
				return ledger.Run{State: ledger.StateDone}, nil
			}
		}
		stop := w.open(t, w.Player("a"))
		time.Sleep(time.Hour)
		stop()
		if fast {
			t.Error("the ledger was not asked")
		}
	})
}

// TestAnAttemptThatEndedByAFastClockIsNotWaitedFor: another machine wrote that it ended in five hours.
func TestAnAttemptThatEndedByAFastClockIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:04", "14:05")
		attempts := 0
		w.change = func(c *scheduler.Config) {
			c.Slots = fastLedger{c.Slots, w.now().Add(5 * time.Hour)}
			c.RunSlot = func(context.Context, ledger.Slot, string) (ledger.Run, error) {
				attempts++
				return ledger.Run{State: ledger.StateFailed, Attempt: 1}, nil
			}
		}
		stop := w.open(t, w.Player("a"))
		time.Sleep(time.Hour)
		stop()
		if attempts < 30 {
			t.Errorf("%d attempts in an hour, want one a minute", attempts)
		}
	})
}

// fastLedger has a run that failed at an instant.
type fastLedger struct {
	store.Slots
	ended time.Time
}

func (f fastLedger) Latest(context.Context, ledger.Slot, ledger.Kept) (ledger.Run, bool, error) {
	return ledger.Run{ID: 1, State: ledger.StateFailed, Attempt: 1, Finished: f.ended}, true, nil
}
