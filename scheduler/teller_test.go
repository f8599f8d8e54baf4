package scheduler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
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

// failing is a teller whose book fails as long as the hook says so, and its log.
func failing(t *testing.T, b *books, m *mailbox, h hook) (*scheduler.Teller, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	teller, err := scheduler.NewTeller(scheduler.TellerConfig{
		Book: ledgerPort{b, h}, Notifier: m, Logger: slog.New(slog.NewTextHandler(&log, nil)), Timeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return teller, &log
}

// TestAFullDiskKeepsNobodyFromBeingTold: each process tells once while the book can't be written, and writes it down later.
func TestAFullDiskKeepsNobodyFromBeingTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b := &mailbox{fail: 1}, newBooks(time.Now)
		var full atomic.Bool
		full.Store(true)
		h := func(ctx context.Context, _ string, _ bool) error {
			if full.Load() {
				return errDown
			}
			return ctx.Err()
		}
		first, log := failing(t, b, m, h)
		second, _ := failing(t, b, m, h)
		deliver := func(who *scheduler.Teller, told bool) {
			t.Helper()
			if got, err := who.Deliver(t.Context(), notice(0)); got != told || (err == nil) != told {
				t.Errorf("told %v, %v", got, err)
			}
		}
		deliver(first, false) // the notifier fails too
		for range 3 {
			deliver(first, true)
		}
		deliver(second, true)
		if got := fmt.Sprint(m.kinds()); got != "[import:2026-11-22:0 failed import:2026-11-22:0 failed]" {
			t.Errorf("people got %s, want one of each process", got)
		}
		if n := strings.Count(log.String(), "the book of notices failed"); n != 2 || !strings.Contains(log.String(), errDown.Error()) {
			t.Errorf("%d lines about the book, want one for each try:\n%s", n, log)
		}
		if b.wasTold(notice(0).Slot, ledger.NoticeFailed) {
			t.Error("the book has it though it was full")
		}
		full.Store(false)
		deliver(first, true)
		if !b.wasTold(notice(0).Slot, ledger.NoticeFailed) || len(m.kinds()) != 2 {
			t.Errorf("with room again: people got %v", m.kinds())
		}
		full.Store(true) // what the book had is not told again when it fails later
		deliver(first, true)
		if len(m.kinds()) != 2 {
			t.Errorf("people got %v", m.kinds())
		}
		for _, teller := range []*scheduler.Teller{first, second} {
			if err := teller.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestClosingWritesDownWhatTheBookMissed, also for notices that nobody asks about again.
func TestClosingWritesDownWhatTheBookMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b := &mailbox{}, newBooks(time.Now)
		teller, log := failing(t, b, m, fault("book tell", 1, false))
		teller.Tell(notice(0))
		synctest.Wait()
		if b.wasTold(notice(0).Slot, ledger.NoticeFailed) || len(m.kinds()) != 1 {
			t.Errorf("while the book failed people got %v", m.kinds())
		}
		if err := teller.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if !b.wasTold(notice(0).Slot, ledger.NoticeFailed) || strings.Contains(log.String(), "not delivered") {
			t.Errorf("the book does not know it:\n%s", log)
		}
	})
}

// TestABookThatFailsAfterTheNotice does not have it told again when the turn is over.
func TestABookThatFailsAfterTheNotice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b := &mailbox{}, newBooks(time.Now)
		teller, _ := failing(t, b, m, fault("book told", 1, false))
		for range 3 {
			if told, err := teller.Deliver(t.Context(), notice(0)); err != nil || !told {
				t.Errorf("told %v, %v", told, err)
			}
			time.Sleep(31 * time.Second)
		}
		if len(m.kinds()) != 1 || !b.wasTold(notice(0).Slot, ledger.NoticeFailed) {
			t.Errorf("people got %v", m.kinds())
		}
		if err := teller.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestTheAuditorWritesDownWhatTheBookMissed though the slot is done by then and gives no more cause for a notice.
func TestTheAuditorWritesDownWhatTheBookMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		var full atomic.Bool
		full.Store(true)
		p := w.player("a")
		p.fail["NQ"] = true
		p.hook = func(ctx context.Context, op string, _ bool) error {
			if full.Load() && (op == "book tell" || op == "book told") {
				return errDown
			}
			return ctx.Err()
		}
		stop := w.open(t, p)
		defer stop()
		time.Sleep(4 * time.Minute)
		p.heal("NQ")
		time.Sleep(time.Hour)
		slot := ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22"}
		if len(w.books.effective(slot)) != 1 || w.books.wasTold(slot, ledger.NoticePartial) {
			t.Fatalf("while the book fails: %v", w.history())
		}
		full.Store(false)
		time.Sleep(7 * time.Minute)
		if !w.books.wasTold(slot, ledger.NoticePartial) {
			t.Error("the book does not know it")
		}
		want(t, "notices", w.kinds(), []string{"import:2026-11-22:0 partial"})
	})
}
