package server

import (
	"context"
	"sync"
)

// tasks owns the server's goroutines: none starts after wait began, and all have a context that cancel ends.
type tasks struct {
	ctx    context.Context // the life of the server
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

func newTasks() *tasks {
	ctx, cancel := context.WithCancel(context.Background())
	return &tasks{ctx: ctx, cancel: cancel}
}

// start runs f in a goroutine of its own; false when the server has been stopped.
func (t *tasks) start(f func(context.Context)) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.group.Go(func() { f(t.ctx) })
	return true
}

// wait lets nothing start any more and waits until all has ended; false when ctx ended first.
func (t *tasks) wait(ctx context.Context) bool {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
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
