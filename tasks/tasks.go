package server

import (
	"context"
	"sync"
)

// Tasks owns goroutines that go on beside requests: none starts once Stop or Wait was called, and all have a context that
// Stop ends.
type Tasks struct {
	ctx    context.Context // the life of what runs, which outlives the request that started it
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

// NewTasks begins; what is started ends with ctx, too.
func NewTasks(ctx context.Context) *Tasks {
	ctx, cancel := context.WithCancel(ctx)
	return &Tasks{ctx: ctx, cancel: cancel}
}

// Start runs f in a goroutine of its own; false when all has been stopped.
func (t *Tasks) Start(f func(context.Context)) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.ctx.Err() != nil {
		return false
	}
	t.group.Go(func() { f(t.ctx) })
	return true
}

// Stop ends what runs; Wait waits for it.
func (t *Tasks) Stop() {
	t.close()
	t.cancel()
}

func (t *Tasks) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

// Wait lets nothing start any more and waits until all has ended; false when ctx ended first.
func (t *Tasks) Wait(ctx context.Context) bool {
	t.close()
	done := make(chan struct{})
	go func() {
		t.group.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
	}
	select { // both may have come true
	case <-done:
		return true
	default:
		return false
	}
}
