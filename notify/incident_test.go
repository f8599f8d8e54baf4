package notify_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate/gatetest"
	"barkeep/ledger"
)

// ended is the event of a run of an import that ended so.
func ended(n int, state ledger.State) ledger.Event {
	e := failed(n)
	e.Run.State = state
	return e
}

// TestASlotIsOneIncident: however often it fails, and in whichever processes, people are told once, and once when it is mended; of a
// slot that went well nothing is told.
func TestASlotIsOneIncident(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b := &gatetest.Mailbox{}, gatetest.NewLedger(time.Now)
		first, second := newDispatcher(t, b, m), newDispatcher(t, b, m)
		for _, state := range []ledger.State{
			ledger.StateFailed, ledger.StatePartial, ledger.StateAbandoned, ledger.StateFailed, ledger.StatePartial,
		} {
			first.Listen(ended(0, state))
			second.Listen(ended(0, state))
			synctest.Wait()
		}
		if _, err := first.Deliver(t.Context(), ledger.NewNotice(ledger.NoticeMissed, slotOf(0), ledger.Run{})); err != nil {
			t.Fatal(err)
		}
		first.Listen(ended(1, ledger.StateDone)) // nothing was wrong with it
		synctest.Wait()
		if got := m.Kinds(); !slices.Equal(got, []string{slotOf(0).Key() + " failed"}) {
			t.Errorf("before it is mended people were told %v", got)
		}
		for range 2 {
			second.Listen(ended(0, ledger.StateDone))
			first.Listen(ended(0, ledger.StateDone))
			synctest.Wait()
		}
		if got := m.Kinds(); !slices.Equal(got, []string{slotOf(0).Key() + " failed", slotOf(0).Key() + " mended"}) {
			t.Errorf("in the end people were told %v", got)
		}
		for _, d := range []interface{ Close(context.Context) error }{first, second} {
			if err := d.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestMendedIsNoNewsAfterWhatNobodyHeard: an incident that reached nobody has no end that could be told.
func TestMendedIsNoNewsAfterWhatNobodyHeard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b := failingOnce(), gatetest.NewLedger(time.Now)
		d := newDispatcher(t, b, m)
		d.Listen(failed(0))
		synctest.Wait()
		d.Listen(ended(0, ledger.StateDone))
		if err := d.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if got := m.Kinds(); len(got) != 0 {
			t.Errorf("people were told %v", got)
		}
	})
}

// TestGoodNewsAreNoWarnings: a log that is searched for warnings finds the incident, and not its end.
func TestGoodNewsAreNoWarnings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, log := failing(t, gatetest.NewLedger(time.Now), &gatetest.Mailbox{}, nil)
		d.Listen(failed(0))
		synctest.Wait()
		d.Listen(ended(0, ledger.StateDone))
		if err := d.Close(t.Context()); err != nil {
			t.Error(err)
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], "level=WARN") || !strings.Contains(lines[1], "level=INFO msg=notice") ||
			!strings.Contains(lines[1], "kind=mended") {
			t.Errorf("the log says\n%s", log)
		}
	})
}
