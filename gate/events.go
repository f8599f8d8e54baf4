package gate

import (
	"context"
	"sync"
	"time"

	"barkeep/ledger"
)

// events hands what happens in one run to all listeners. Sending never waits.
type events struct {
	*Gate
	run   ledger.Run // as it began
	feeds []*feed

	mu       sync.Mutex
	progress ledger.Progress
	changed  chan struct{} // ready when progress has news
}

// openEvents begins to listen to a run.
func (g *Gate) openEvents(run ledger.Run, more Listener) *events {
	e := &events{Gate: g, run: run, changed: make(chan struct{}, 1)}
	for _, listen := range g.Listeners {
		e.feeds = append(e.feeds, newFeed(listen))
	}
	if more != nil {
		e.feeds = append(e.feeds, newFeed(more))
	}
	return e
}

// emit is what the work of the run calls.
func (e *events) emit(event ledger.Event) {
	event.Run, event.At = e.run, e.Now()
	e.mu.Lock()
	e.progress = e.progress.After(event)
	e.mu.Unlock()
	if event.Kind != ledger.EventBegun {
		wake(e.changed)
	}
	e.send(event)
}

// emitOf says how the run ended.
func (e *events) emitOf(run ledger.Run, kind ledger.EventKind, cells []ledger.Cell) {
	e.send(ledger.Event{Kind: kind, Run: run, At: e.Now(), Cells: cells})
}

func (e *events) send(event ledger.Event) {
	for _, f := range e.feeds {
		f.add(event)
	}
}

// now is the progress so far.
func (e *events) now() ledger.Progress {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.progress
}

// close waits until the listeners have everything, within ListenTimeout. One that hangs is left behind: it gets no more.
func (e *events) close(ctx context.Context) {
	for _, f := range e.feeds {
		f.end()
	}
	limit := time.NewTimer(e.ListenTimeout)
	defer limit.Stop()
	for i, f := range e.feeds {
		select {
		case <-f.over:
			continue
		case <-limit.C:
		}
		for _, slow := range e.feeds[i:] {
			if left := slow.drop(); left > 0 {
				e.Logger.WarnContext(ctx, "a listener is too slow and missed events", "run", e.run.ID, "events", left)
			}
		}
		return
	}
}

// feed is the way to one listener. It holds what the listener has not got yet: no more than the run's own events.
type feed struct {
	mu    sync.Mutex
	queue []ledger.Event
	ended bool
	ready chan struct{}
	over  chan struct{} // closed when the listener has everything
}

func newFeed(listen Listener) *feed {
	f := &feed{ready: make(chan struct{}, 1), over: make(chan struct{})}
	go func() {
		defer close(f.over)
		for range f.ready {
			for event, ok := f.take(); ok; event, ok = f.take() {
				listen(event)
			}
		}
	}()
	return f
}

func (f *feed) add(event ledger.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return
	}
	f.queue = append(f.queue, event)
	wake(f.ready)
}

func (f *feed) take() (ledger.Event, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) == 0 {
		return ledger.Event{}, false
	}
	event := f.queue[0]
	f.queue = f.queue[1:]
	return event, true
}

// end lets the goroutine end once the queue is empty.
func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	close(f.ready)
}

// drop empties the queue and tells how much was in it.
func (f *feed) drop() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	left := len(f.queue)
	f.queue = nil
	return left
}

// wake makes a channel of one place ready.
func wake(ready chan struct{}) {
	select {
	case ready <- struct{}{}:
	default:
	}
}
