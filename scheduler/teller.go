package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"barkeep/ledger"
)

// TellerConfig wires a teller. Book and Logger are required.
type TellerConfig struct {
	Book     NoticeBook
	Notifier Notifier // nil: notices go to the log only
	Pinger   Pinger   // nil: nothing is pinged
	Logger   *slog.Logger
	Timeout  time.Duration // of one notice or ping, and of one question to the book; 20 s by default
	Queue    int           // notices, and pings, that may wait; 64 by default. More are dropped, with a line in the log
}

// Teller tells people and monitors what happens, beside the work: Tell and Ping never wait, whatever the notifier does. A book
// that fails keeps nobody from being told; each process then tells once. Close it. A nil *Teller tells nobody.
type Teller struct {
	TellerConfig
	memory  *recent[topic, telling]
	notices chan ledger.Notice
	pings   chan pinged
	notify  sink
	ping    sink
	workers sync.WaitGroup
	stop    context.CancelFunc // ends the notice or ping in flight
	mu      sync.RWMutex
	closed  bool
}

// pinged is a ping in the queue.
type pinged struct {
	ping Ping
	run  ledger.Run
}

// NewTeller starts a teller.
func NewTeller(c TellerConfig) (*Teller, error) {
	if c.Book == nil || c.Logger == nil {
		return nil, errors.New("teller: Book and Logger are required")
	}
	if c.Timeout < 0 || c.Queue < 0 {
		return nil, fmt.Errorf("teller: Timeout %s and Queue %d must not be negative", c.Timeout, c.Queue)
	}
	orDefault(&c.Timeout, 20*time.Second)
	if c.Queue == 0 {
		c.Queue = 64
	}
	ctx, stop := context.WithCancel(context.Background())
	t := &Teller{
		TellerConfig: c, notices: make(chan ledger.Notice, c.Queue), pings: make(chan pinged, c.Queue), stop: stop,
		notify: newSink(), ping: newSink(), memory: newRecent[topic, telling](recentMost),
	}
	t.workers.Go(func() {
		for n := range t.notices {
			if _, err := t.Deliver(ctx, n); err != nil {
				c.Logger.WarnContext(ctx, "notice not delivered", "slot", n.Slot.Key(), "kind", n.Kind, "error", err)
			}
		}
		t.record(ctx)
	})
	t.workers.Go(func() {
		for p := range t.pings {
			if err := t.deliverPing(ctx, p); err != nil {
				c.Logger.WarnContext(ctx, "ping not delivered", "ping", p.ping, "run", p.run.ID, "error", err)
			}
		}
	})
	return t, nil
}

// Tell queues a notice. One that finds the queue full, or the teller closed, is dropped: the auditor of any process that
// still runs finds what was not told.
func (t *Teller) Tell(n ledger.Notice) {
	if t == nil {
		return
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.closed || !offer(t.notices, n) {
		t.Logger.Error("notice dropped", "slot", n.Slot.Key(), "kind", n.Kind, "text", n.Text)
	}
}

// Ping queues a ping.
func (t *Teller) Ping(ping Ping, run ledger.Run) {
	if t == nil || t.Pinger == nil {
		return
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.closed || !offer(t.pings, pinged{ping, run}) {
		t.Logger.Warn("ping dropped", "ping", ping, "run", run.ID)
	}
}

func offer[T any](queue chan T, value T) bool {
	select {
	case queue <- value:
		return true
	default:
		return false
	}
}

func (t *Teller) deliverPing(ctx context.Context, p pinged) error {
	return t.ping.call(ctx, t.Timeout, func(ctx context.Context) error { return t.Pinger.Ping(ctx, p.ping, p.run) })
}

// Close tells what is queued and ends. When ctx ends first, it stops what is in flight, and leaves behind what does not
// obey; the error says so.
func (t *Teller) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	if !t.closed {
		t.closed = true
		close(t.notices)
		close(t.pings)
	}
	t.mu.Unlock()
	defer t.stop()
	over := make(chan struct{})
	go func() {
		defer close(over)
		t.workers.Wait()
	}()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
	}
	t.stop()
	<-over // the workers obey, even where a notifier does not
	return fmt.Errorf("tell what was queued: %w", context.Cause(ctx))
}
