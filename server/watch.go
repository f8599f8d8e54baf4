package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"barkeep/tasks"
)

// Watch looks at things for all requests that ask how they stand or wait for them: at each thing at most once at a time, and
// every Every while somebody waits for it, however many these are. When nobody asks, nothing is looked at and nothing is kept.
type Watch[K comparable, V any] struct {
	WatchConfig[K, V]
	tasks *tasks.Group // the looks

	mu     sync.Mutex
	things map[K]*watched[V]
	polled int // things that are
}

// WatchConfig says what is looked at. Everything is required.
type WatchConfig[K comparable, V any] struct {
	Every time.Duration // between two looks at what somebody waits for
	Most  int           // things that are waited for at once
	// Read looks at a thing. It bounds itself and obeys its context. What it returns is shared by all who ask.
	Read func(ctx context.Context, key K) (V, error)
}

// NewWatch makes a watch whose looks end with the server.
func NewWatch[K comparable, V any](s *Server, c WatchConfig[K, V]) *Watch[K, V] {
	return &Watch[K, V]{WatchConfig: c, tasks: s.tasks, things: map[K]*watched[V]{}}
}

// watched is a thing that somebody asks for.
type watched[V any] struct {
	users   int    // requests that wait or look, the look under way, and the looks at intervals
	waiting int    // of users
	polled  bool   // it is looked at, at intervals
	client  string // that asked for that first

	looks   uint64        // that have begun
	seen    uint64        // the number of the look that last is of; 0 for none yet
	last    V             // of that look
	err     error         // of that look
	pending chan struct{} // closed when the look under way ends; nil when there is none
	changed chan struct{} // closed when a look has ended
}

// Look gives how a thing stands now: by a look that begins after the call, or by its own without a server to look for it.
func (w *Watch[K, V]) Look(ctx context.Context, key K) (V, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.use(key)
	defer w.drop(key, t)
	for after := t.looks; t.seen <= after; {
		pending := w.begin(key, t)
		if pending == nil { // the server stops
			w.mu.Unlock()
			value, err := w.Read(ctx, key)
			w.mu.Lock()
			return value, err
		}
		if err := w.await(ctx, pending); err != nil {
			var none V
			return none, err
		}
	}
	return t.last, t.err
}

// await waits without the lock.
func (w *Watch[K, V]) await(ctx context.Context, pending <-chan struct{}) error {
	w.mu.Unlock()
	defer w.mu.Lock()
	select {
	case <-pending:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Wait returns how a thing stands as soon as that is enough, and true; false when over was closed first. A look that fails is
// not enough: the next may do. The error is that of ctx, or a Problem when too many things are waited for; the client (ClientOf)
// tells for whom.
func (w *Watch[K, V]) Wait(
	ctx context.Context, client string, key K, over <-chan struct{}, enough func(V) bool,
) (value V, ok bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.use(key)
	defer w.drop(key, t)
	if !t.polled && w.polled >= w.Most {
		return value, false, Refused(2*w.polledFor(client) >= w.Most, "too many different things are waited for", 10*time.Second)
	}
	w.poll(client, key, t)
	defer func() { t.waiting-- }()
	for {
		if t.seen > 0 && t.err == nil && enough(t.last) {
			return t.last, true, nil
		}
		if ended, err := w.pause(ctx, t.changed, over); ended || err != nil {
			return value, false, err
		}
	}
}

// polledFor is how many things are looked at since a client asked for them first.
func (w *Watch[K, V]) polledFor(client string) (n int) {
	for _, t := range w.things {
		if t.polled && t.client == client {
			n++
		}
	}
	return n
}

// pause waits without the lock for the next look; ended says that over was closed.
func (w *Watch[K, V]) pause(ctx context.Context, changed, over <-chan struct{}) (ended bool, err error) {
	w.mu.Unlock()
	defer w.mu.Lock()
	select {
	case <-changed:
		return false, nil
	case <-over:
		return true, ctx.Err()
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// use finds or makes what is kept of a thing.
func (w *Watch[K, V]) use(key K) *watched[V] {
	t, ok := w.things[key]
	if !ok {
		t = &watched[V]{changed: make(chan struct{})}
		w.things[key] = t
	}
	t.users++
	return t
}

func (w *Watch[K, V]) drop(key K, t *watched[V]) {
	if t.users--; t.users == 0 {
		delete(w.things, key)
	}
}

// poll sees to it that a thing is looked at, now and at intervals, while somebody waits for it.
func (w *Watch[K, V]) poll(client string, key K, t *watched[V]) {
	t.waiting++
	if t.polled {
		return
	}
	t.client = client
	if t.polled = w.tasks.Start(func(ctx context.Context) {
		ticker := time.NewTicker(w.Every)
		defer ticker.Stop()
		for w.glance(key, t) {
			select {
			case <-ticker.C:
			case <-ctx.Done():
			}
		}
	}); t.polled {
		t.users++
		w.polled++
	}
}

// glance begins a look unless one is under way; false when nobody waits any more, or the server stops.
func (w *Watch[K, V]) glance(key K, t *watched[V]) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t.waiting > 0 && w.begin(key, t) != nil {
		return true
	}
	t.polled = false
	w.polled--
	w.drop(key, t)
	return false
}

// begin begins a look unless one is under way, and returns what is closed at its end; nil when the server stops.
func (w *Watch[K, V]) begin(key K, t *watched[V]) <-chan struct{} {
	if t.pending != nil {
		return t.pending
	}
	pending := make(chan struct{})
	number := t.looks + 1
	if !w.tasks.Start(func(ctx context.Context) {
		// It happens outside of any request: a panic would end the process.
		value, err := tasks.Safely(fmt.Sprintf("look at %v", key), func() (V, error) { return w.Read(ctx, key) })
		w.mu.Lock()
		defer w.mu.Unlock()
		t.last, t.err, t.seen, t.pending = value, err, number, nil
		close(pending)
		close(t.changed)
		t.changed = make(chan struct{})
		w.drop(key, t)
	}) {
		return nil
	}
	t.users++
	t.looks, t.pending = number, pending
	return pending
}
