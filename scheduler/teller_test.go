package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/scheduler"
)

func notice(n int) ledger.Notice {
	slot := ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22", Index: n}
	return ledger.Notice{Kind: ledger.NoticeFailed, Slot: slot, Text: slot.String() + " failed"}
}

func newTeller(t *testing.T, b *books, m *mailbox) *scheduler.Teller {
	t.Helper()
	teller, err := scheduler.NewTeller(scheduler.TellerConfig{
		Book: ledgerPort{b, nil}, Notifier: m, Pinger: m, Logger: quiet(), Timeout: 10 * time.Second, Queue: 4,
	})
	if err != nil {
		t.Fatal(err)
	}
	return teller
}

func TestClosingTellsWhatIsQueued(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mailbox{}
		teller := newTeller(t, newBooks(time.Now), m)
		for n := range 3 {
			teller.Tell(notice(n))
			teller.Tell(notice(n)) // the second is told already, or dropped
			teller.Ping(scheduler.PingStart, ledger.Run{})
			synctest.Wait()
		}
		if err := teller.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if len(m.kinds()) != 3 || len(m.pings) != 3 {
			t.Errorf("told %v, pinged %v", m.kinds(), m.pings)
		}
		teller.Tell(notice(9)) // after the end: dropped
		teller.Ping(scheduler.PingStart, ledger.Run{})
		if err := teller.Close(t.Context()); err != nil {
			t.Errorf("closing twice: %v", err)
		}
	})
}

func TestAFullQueueDropsAndNeverWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mailbox{hang: true, gone: make(chan struct{})}
		b := newBooks(time.Now)
		teller := newTeller(t, b, m)
		began := time.Now()
		for n := range 20 {
			teller.Tell(notice(n))
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("telling took %s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := teller.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("closing beside a notifier that hangs: %v", err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("closing took %s", took)
		}
		close(m.gone)
		for key := range b.told {
			t.Errorf("%v counts as told", key)
		}
	})
}

func TestWhatWasNotDeliveredIsToldByWhoeverTriesNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b := &mailbox{fail: 1}, newBooks(time.Now)
		first, second := newTeller(t, b, m), newTeller(t, b, m)
		steps := []struct {
			teller *scheduler.Teller
			told   bool
			failed bool
			pause  time.Duration
		}{
			{first, false, true, 0},                  // does not get through
			{second, false, false, 31 * time.Second}, // the turn of the first lasts
			{second, true, false, 0},
			{first, true, false, 0}, // by then it is told
		}
		for i, step := range steps {
			told, err := step.teller.Deliver(t.Context(), notice(0))
			if told != step.told || (err != nil) != step.failed {
				t.Errorf("step %d: told %v, %v", i, told, err)
			}
			time.Sleep(step.pause)
		}
		if got := fmt.Sprint(m.kinds()); got != "[import:2026-11-22:0 failed]" {
			t.Errorf("people got %s", got)
		}
		for _, teller := range []*scheduler.Teller{first, second, nil} {
			if err := teller.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}
