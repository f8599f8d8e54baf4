package scheduler_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate/gatetest"
	"barkeep/ledger"
	"barkeep/scheduler"
)

func TestTheAuditorFindsWhatNobodyRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:00", "14:05")
		w.change = func(c *scheduler.Config) { c.Trigger = deaf{}; c.CheckEvery = 1000 * time.Hour } // no firing ever comes
		stop := w.open(t, w.Player("a"))
		time.Sleep(30 * time.Minute) // at 14:00 the slot of the 21st was caught up
		want(t, "notices", w.Kinds(), nil)
		time.Sleep(2 * time.Hour)
		want(t, "after the grace", w.Kinds(), []string{"import:2026-11-22T22:05Z missed"})
		time.Sleep(24 * time.Hour)
		want(t, "a day later", w.Kinds(), []string{"import:2026-11-22T22:05Z missed", "import:2026-11-23T22:05Z missed"})
		stop()
		if got := w.history(); !slices.ContainsFunc(got, func(r string) bool { return strings.HasPrefix(r, "2026-11-22:0  missed") }) {
			t.Errorf("the ledger does not say that the 22nd was missed: %v", got)
		}
	})
}

type deaf struct{}

func (deaf) Arm(time.Time) (<-chan struct{}, func(), error) { return nil, func() {}, nil }

func TestPeopleAreToldOnceThoughTheyAreHardToReach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		w.Fail(5)
		var stops []func()
		for _, name := range []string{"a", "b"} {
			p := w.Player(name)
			p.Fail("ES", "NQ", "CL")
			stops = append(stops, w.open(t, p))
		}
		time.Sleep(6 * time.Hour)
		for _, stop := range stops {
			stop()
		}
		want(t, "notices", w.Kinds(), []string{"import:2026-11-22T22:05Z failed"})
	})
}

func TestANotifierThatHangsDelaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		gone := make(chan struct{})
		w.Hang(gone)
		p := w.Player("a")
		p.Fail("ES")
		stop := w.open(t, p)
		time.Sleep(15 * time.Minute) // three attempts by now, and people are being told since the first
		p.Heal("ES")
		time.Sleep(24 * time.Hour)
		began := time.Now()
		stop()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("stopping took %s", took)
		}
		close(gone)
		got := w.history()
		want(t, "runs", slices.Concat(got[:2], got[len(got)-1:]), []string{
			"2026-11-22:0 schedule partial 22 14:05:00", "2026-11-22:0 retry partial 22 14:06:30", "2026-11-23:0 schedule done 23 14:05:00",
		})
	})
}

// TestTheAuditorWritesDownWhatTheLedgerMissed though the slot is done by then and gives no more cause for a notice.
func TestTheAuditorWritesDownWhatTheLedgerMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		var full atomic.Bool
		full.Store(true)
		p := w.Player("a")
		p.Fail("NQ")
		p.Hook = func(ctx context.Context, op string, _ bool) error {
			if full.Load() && (op == "notices turn" || op == "notices told") {
				return gatetest.ErrDown
			}
			return ctx.Err()
		}
		stop := w.open(t, p)
		defer stop()
		time.Sleep(4 * time.Minute)
		p.Heal("NQ")
		time.Sleep(time.Hour)
		slot := slotOf(22)
		if len(w.Ledger.Effective(slot)) != 1 || w.Ledger.WasTold(slot, ledger.NoticePartial) {
			t.Fatalf("while the ledger fails: %v", w.history())
		}
		full.Store(false)
		time.Sleep(7 * time.Minute)
		if !w.Ledger.WasTold(slot, ledger.NoticePartial) {
			t.Error("the ledger does not know it")
		}
		want(t, "notices", w.Kinds(), []string{"import:2026-11-22T22:05Z mended", "import:2026-11-22T22:05Z partial"})
	})
}
