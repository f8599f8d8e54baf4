package notify_test

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

	"barkeep/gate/gatetest"
	"barkeep/ledger"
	"barkeep/notify"
)

func topicOf(n int) ledger.Notice {
	slot := slotOf(n)
	return ledger.Notice{Kind: ledger.NoticeFailed, Slot: slot, Text: slot.String() + " failed"}
}

// failed is the event of a run of an import that failed.
func failed(n int) ledger.Event {
	run := ledger.Run{ID: int64(n + 1), Job: ledger.JobImport, Slot: slotOf(n), State: ledger.StateFailed}
	return ledger.Event{Kind: ledger.EventEnded, Run: run}
}

// failingOnce is a mailbox whose next notice fails.
func failingOnce() *gatetest.Mailbox {
	m := &gatetest.Mailbox{}
	m.Fail(1)
	return m
}

func newDispatcher(t *testing.T, b *gatetest.Ledger, m *gatetest.Mailbox) *notify.Dispatcher {
	t.Helper()
	dispatcher, err := notify.NewDispatcher(notify.DispatcherConfig{
		Notices: gatetest.NewPort(b, nil), Sender: m, Monitor: m, Logger: slog.New(slog.DiscardHandler), Timeout: 10 * time.Second, Queue: 4,
	})
	if err != nil {
		t.Fatal(err)
	}
	return dispatcher
}

func TestClosingTellsWhatIsQueued(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &gatetest.Mailbox{}
		dispatcher := newDispatcher(t, gatetest.NewLedger(time.Now), m)
		for n := range 3 {
			dispatcher.Listen(failed(n))
			dispatcher.Listen(failed(n)) // the second is told already, or dropped
			synctest.Wait()
		}
		if err := dispatcher.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if len(m.Kinds()) != 3 || len(m.Pings()) != 6 {
			t.Errorf("told %v, pinged %v", m.Kinds(), m.Pings())
		}
		dispatcher.Listen(failed(9)) // after the end: dropped
		if err := dispatcher.Close(t.Context()); err != nil {
			t.Errorf("closing twice: %v", err)
		}
	})
}

func TestAFullQueueDropsAndNeverWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, gone := &gatetest.Mailbox{}, make(chan struct{})
		m.Hang(gone)
		b := gatetest.NewLedger(time.Now)
		dispatcher := newDispatcher(t, b, m)
		began := time.Now()
		for n := range 20 {
			dispatcher.Listen(failed(n))
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("telling took %s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := dispatcher.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("closing beside a notifier that hangs: %v", err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("closing took %s", took)
		}
		close(gone)
		for n := range 20 {
			if b.WasTold(topicOf(n).Slot, ledger.NoticeFailed) {
				t.Errorf("%v counts as told", topicOf(n))
			}
		}
	})
}

func TestWhatWasNotDeliveredIsToldByWhoeverTriesNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b := failingOnce(), gatetest.NewLedger(time.Now)
		first, second := newDispatcher(t, b, m), newDispatcher(t, b, m)
		steps := []struct {
			dispatcher *notify.Dispatcher
			told       bool
			failed     bool
			pause      time.Duration
		}{
			{first, false, true, 0},                  // does not get through
			{second, false, false, 31 * time.Second}, // the turn of the first lasts
			{second, true, false, 0},
			{first, true, false, 0}, // by then it is told
		}
		for i, step := range steps {
			told, err := step.dispatcher.Deliver(t.Context(), topicOf(0))
			if told != step.told || (err != nil) != step.failed {
				t.Errorf("step %d: told %v, %v", i, told, err)
			}
			time.Sleep(step.pause)
		}
		if got := fmt.Sprint(m.Kinds()); got != "[import:2026-11-22T22:05Z failed]" {
			t.Errorf("people got %s", got)
		}
		for _, dispatcher := range []*notify.Dispatcher{first, second} {
			if err := dispatcher.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

// failing is a dispatcher whose ledger fails as long as the hook says so, and its log.
func failing(t *testing.T, b *gatetest.Ledger, m *gatetest.Mailbox, h gatetest.Hook) (*notify.Dispatcher, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	dispatcher, err := notify.NewDispatcher(notify.DispatcherConfig{
		Notices: gatetest.NewPort(b, h), Sender: m, Logger: slog.New(slog.NewTextHandler(&log, nil)), Timeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return dispatcher, &log
}

// TestAFullDiskKeepsNobodyFromBeingTold: each process tells once while the ledger can't be written, and writes it down later.
func TestAFullDiskKeepsNobodyFromBeingTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b := failingOnce(), gatetest.NewLedger(time.Now)
		var full atomic.Bool
		full.Store(true)
		h := func(ctx context.Context, _ string, _ bool) error {
			if full.Load() {
				return gatetest.ErrDown
			}
			return ctx.Err()
		}
		first, log := failing(t, b, m, h)
		second, _ := failing(t, b, m, h)
		deliver := func(who *notify.Dispatcher, told bool) {
			t.Helper()
			if got, err := who.Deliver(t.Context(), topicOf(0)); got != told || (err == nil) != told {
				t.Errorf("told %v, %v", got, err)
			}
		}
		deliver(first, false) // the notifier fails too
		for range 3 {
			deliver(first, true)
		}
		deliver(second, true)
		if got := fmt.Sprint(m.Kinds()); got != "[import:2026-11-22T22:05Z failed import:2026-11-22T22:05Z failed]" {
			t.Errorf("people got %s, want one of each process", got)
		}
		if n := strings.Count(log.String(), "the ledger of notices failed"); n != 2 || !strings.Contains(log.String(), gatetest.ErrDown.Error()) {
			t.Errorf("%d lines about the ledger, want one for each try:\n%s", n, log)
		}
		if b.WasTold(topicOf(0).Slot, ledger.NoticeFailed) {
			t.Error("the ledger has it though it was full")
		}
		full.Store(false)
		deliver(first, true)
		if !b.WasTold(topicOf(0).Slot, ledger.NoticeFailed) || len(m.Kinds()) != 2 {
			t.Errorf("with room again: people got %v", m.Kinds())
		}
		full.Store(true) // what the ledger had is not told again when it fails later
		deliver(first, true)
		if len(m.Kinds()) != 2 {
			t.Errorf("people got %v", m.Kinds())
		}
		for _, dispatcher := range []*notify.Dispatcher{first, second} {
			if err := dispatcher.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestClosingWritesDownWhatTheLedgerMissed, also for notices that nobody asks about again.
func TestClosingWritesDownWhatTheLedgerMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b := &gatetest.Mailbox{}, gatetest.NewLedger(time.Now)
		dispatcher, log := failing(t, b, m, gatetest.Fault("notices turn", 1, false))
		dispatcher.Listen(failed(0))
		synctest.Wait()
		if b.WasTold(topicOf(0).Slot, ledger.NoticeFailed) || len(m.Kinds()) != 1 {
			t.Errorf("while the ledger failed people got %v", m.Kinds())
		}
		if err := dispatcher.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if !b.WasTold(topicOf(0).Slot, ledger.NoticeFailed) || strings.Contains(log.String(), "not delivered") {
			t.Errorf("the ledger does not know it:\n%s", log)
		}
	})
}

// TestALedgerThatFailsAfterTheNotice does not have it told again when the turn is over.
func TestALedgerThatFailsAfterTheNotice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b := &gatetest.Mailbox{}, gatetest.NewLedger(time.Now)
		dispatcher, _ := failing(t, b, m, gatetest.Fault("notices told", 1, false))
		for range 3 {
			if told, err := dispatcher.Deliver(t.Context(), topicOf(0)); err != nil || !told {
				t.Errorf("told %v, %v", told, err)
			}
			time.Sleep(31 * time.Second)
		}
		if len(m.Kinds()) != 1 || !b.WasTold(topicOf(0).Slot, ledger.NoticeFailed) {
			t.Errorf("people got %v", m.Kinds())
		}
		if err := dispatcher.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestWhatIsToldOfARun by its events.
func TestWhatIsToldOfARun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind  ledger.EventKind
		run   ledger.Run
		kinds string
		pings string
	}{
		"begun":     {ledger.EventBegun, ledger.Run{State: ledger.StateRunning}, "[]", "[start]"},
		"planned":   {ledger.EventPlanned, ledger.Run{State: ledger.StateRunning}, "[]", "[]"},
		"cells":     {ledger.EventCells, ledger.Run{State: ledger.StateRunning}, "[]", "[]"},
		"done":      {ledger.EventEnded, ledger.Run{State: ledger.StateDone}, "[]", "[success]"},
		"failed":    {ledger.EventEnded, ledger.Run{State: ledger.StateFailed}, "[import:2026-11-22T22:05Z failed]", "[failure]"},
		"partial":   {ledger.EventEnded, ledger.Run{State: ledger.StatePartial}, "[import:2026-11-22T22:05Z partial]", "[failure]"},
		"abandoned": {ledger.EventEnded, ledger.Run{State: ledger.StateAbandoned}, "[import:2026-11-22T22:05Z abandoned]", "[]"},
		"stopped":   {ledger.EventEnded, ledger.Run{State: ledger.StateStopped}, "[]", "[]"},
		"stopped, of a release before": {
			ledger.EventEnded, ledger.Run{State: ledger.StatePartial, Reason: "stopped: context canceled"}, "[]", "[]",
		},
		"taken over":   {ledger.EventLost, ledger.Run{State: ledger.StateRunning}, "[]", "[]"},
		"not recorded": {ledger.EventLost, ledger.Run{State: ledger.StateFailed}, "[]", "[failure]"},
		"maintenance failed": {
			ledger.EventEnded, ledger.Run{Job: ledger.JobMaintenance, State: ledger.StateFailed}, "[maintenance:2026-11-22T22:05Z failed]", "[]",
		},
		"ad hoc": {ledger.EventEnded, ledger.Run{Entry: "ad hoc", State: ledger.StateFailed}, "[]", "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &gatetest.Mailbox{}
			dispatcher := newDispatcher(t, gatetest.NewLedger(time.Now), m)
			run := c.run
			if run.Job == "" {
				run.Job = ledger.JobImport
			}
			if run.Entry != "ad hoc" {
				run.Slot = slotOf(0)
				run.Slot.Job = run.Job
			}
			dispatcher.Listen(ledger.Event{Kind: c.kind, Run: run})
			if err := dispatcher.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if kinds, pings := fmt.Sprint(m.Kinds()), fmt.Sprint(m.Pings()); kinds != c.kinds || pings != c.pings {
				t.Errorf("told %s, pinged %s, want %s and %s", kinds, pings, c.kinds, c.pings)
			}
		})
	}
}
