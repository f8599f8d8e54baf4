package scheduler_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/scheduler"
)

// TestAClockThatCannotBeBelievedMissesNothing starts with a clock that is wrong, which the gate refuses to run anything by. Once
// it is set, the slot is run at its time, and nothing was called missed.
func TestAClockThatCannotBeBelievedMissesNothing(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]time.Duration{
		"ten minutes fast": 10 * time.Minute, "two years fast": 2 * 365 * 24 * time.Hour, "ten minutes slow": -10 * time.Minute,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTown(t, "2026-11-22 13:55", "14:05")
				var right atomic.Bool
				may := func(context.Context) error {
					if !right.Load() {
						return errors.New("the clock is wrong")
					}
					return nil
				}
				w.change = func(c *scheduler.Config) {
					run := c.RunSlot
					c.RunSlot = func(ctx context.Context, slot ledger.Slot, entry string) (ledger.Run, error) {
						if err := may(ctx); err != nil {
							return ledger.Run{}, err
						}
						return run(ctx, slot, entry)
					}
					c.May = may
				}
				w.jump(off)
				stop := w.open(t, w.Player("a"))
				time.Sleep(6 * time.Minute)
				want(t, "by a wrong clock", w.slots(), nil)
				w.jump(-off)
				right.Store(true)
				time.Sleep(5 * time.Minute) // 14:06
				stop()
				want(t, "by the right one", w.slots(), []string{"2026-11-21 14:05 done", "2026-11-22 14:05 done"})
				want(t, "notices", w.Kinds(), nil)
				w.Clean(t)
			})
		})
	}
}
