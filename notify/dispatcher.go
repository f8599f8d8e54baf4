package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"barkeep/ledger"
	"barkeep/store"
	"barkeep/tasks"
)

// Sender tells people. It should give up when ctx ends; one that does not is left behind and not called again before it has
// returned. A Notifier is one.
type Sender interface {
	Notify(ctx context.Context, notice ledger.Notice) error
}

// Monitor is told that runs start and end, so that a machine that is dead is noticed too. What holds for a Sender's ctx holds
// for its. A Pinger is one.
type Monitor interface {
	Ping(ctx context.Context, ping Ping, run ledger.Run) error
}

// DispatcherConfig wires a dispatcher. Notices and Logger are required.
type DispatcherConfig struct {
	Notices store.Notices
	Sender  Sender  // nil: notices go to the log only
	Monitor Monitor // nil: nothing is pinged
	Logger  *slog.Logger
	Timeout time.Duration // of one notice or ping, and of one question to Notices; 20 s by default
	Queue   int           // notices, and pings, that may wait; 64 by default. More are dropped, with a line in the log
}

// Dispatcher follows the runs of slots and sends notices and pings about them, beside the work: Listen never waits, whatever
// the sender does. When the ledger of notices fails, people are told all the same; each process then tells once. Close it.
type Dispatcher struct {
	DispatcherConfig
	memory  *memory
	notices chan ledger.Notice
	pings   chan pinged
	notify  single
	ping    single
	workers *tasks.Group // one for each queue; stopping them ends the notice or ping in flight
	mu      sync.RWMutex
	closed  bool
}

// pinged is a ping in the queue.
type pinged struct {
	ping Ping
	run  ledger.Run
}

// NewDispatcher starts a dispatcher.
func NewDispatcher(c DispatcherConfig) (*Dispatcher, error) {
	if c.Notices == nil || c.Logger == nil {
		return nil, errors.New("notice dispatcher: Notices and Logger are required")
	}
	if c.Timeout < 0 || c.Queue < 0 {
		return nil, fmt.Errorf("notice dispatcher: Timeout %s and Queue %d must not be negative", c.Timeout, c.Queue)
	}
	c.Timeout, c.Queue = cmp.Or(c.Timeout, 20*time.Second), cmp.Or(c.Queue, 64)
	d := &Dispatcher{
		DispatcherConfig: c, notices: make(chan ledger.Notice, c.Queue), pings: make(chan pinged, c.Queue),
		notify: newSingle(), ping: newSingle(), memory: newMemory(), workers: tasks.New(context.Background()),
	}
	d.workers.Start(d.deliverNotices)
	d.workers.Start(d.deliverPings)
	return d, nil
}

// deliverNotices tells what is queued until the dispatcher is closed.
func (d *Dispatcher) deliverNotices(ctx context.Context) {
	for n := range d.notices {
		if _, err := d.Deliver(ctx, n); err != nil {
			d.Logger.WarnContext(ctx, "notice not delivered", "about", n.About(), "kind", n.Kind, "error", err)
		}
	}
	d.Record(ctx)
}

// deliverPings likewise.
func (d *Dispatcher) deliverPings(ctx context.Context) {
	for p := range d.pings {
		err := d.ping.call(ctx, d.Timeout, func(ctx context.Context) error { return d.Monitor.Ping(ctx, p.ping, p.run) })
		if err != nil {
			d.Logger.WarnContext(ctx, "ping not delivered", "ping", p.ping, "run", p.run.ID, "error", err)
		}
	}
}

// Listen queues the notice and the ping that an event of a run asks for, if any: a notice when the run of a slot failed or was
// abandoned, pings when that of an import begins and ends. That its process was stopped is no news: the next one goes on.
func (d *Dispatcher) Listen(e ledger.Event) {
	slot := e.Run.Slot
	if !e.Run.Scheduled() {
		return // the person or the program that asked for a run ad hoc is told by its result
	}
	switch {
	case e.Kind == ledger.EventBegun:
		d.queuePing(PingStart, e.Run)
	case e.Kind == ledger.EventLost && e.Run.State == ledger.StateFailed: // its end could not be recorded
		d.queuePing(PingFailure, e.Run)
	case e.Kind != ledger.EventEnded || e.Run.Stopped():
	case e.Run.State == ledger.StateDone:
		d.queuePing(PingSuccess, e.Run)
		d.Queue(ledger.NewNotice(ledger.NoticeMended, slot, e.Run)) // which is told where people know of an incident
	case e.Run.State == ledger.StateAbandoned:
		d.Queue(ledger.NewNotice(ledger.NoticeAbandoned, slot, e.Run))
	case e.Run.State == ledger.StatePartial:
		d.queuePing(PingFailure, e.Run)
		d.Queue(ledger.NewNotice(ledger.NoticePartial, slot, e.Run))
	default:
		d.queuePing(PingFailure, e.Run)
		d.Queue(ledger.NewNotice(ledger.NoticeFailed, slot, e.Run))
	}
}

// Queue queues a notice. One that finds the queue full, or the dispatcher closed, is dropped: the auditor of any process
// that still runs finds what was not told.
func (d *Dispatcher) Queue(n ledger.Notice) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed || !offer(d.notices, n) {
		d.Logger.Error("notice dropped", "about", n.About(), "kind", n.Kind, "text", n.Text)
	}
}

// queuePing queues a ping about an import; a monitor watches imports only.
func (d *Dispatcher) queuePing(ping Ping, run ledger.Run) {
	if d.Monitor == nil || run.Job != ledger.JobImport {
		return
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed || !offer(d.pings, pinged{ping, run}) {
		d.Logger.Warn("ping dropped", "ping", ping, "run", run.ID)
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

// Close delivers what is queued and ends. When ctx ends first, it stops what is in flight, and leaves behind what does not
// obey; the error says so.
func (d *Dispatcher) Close(ctx context.Context) error {
	d.mu.Lock()
	if !d.closed {
		d.closed = true
		close(d.notices)
		close(d.pings)
	}
	d.mu.Unlock()
	defer d.workers.Stop()
	if d.workers.Wait(ctx) {
		return nil
	}
	d.workers.Stop()
	d.workers.Wait(context.WithoutCancel(ctx)) // the workers obey, even where a sender does not
	return fmt.Errorf("deliver what was queued: %w", context.Cause(ctx))
}
