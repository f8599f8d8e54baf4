package app

import (
	"context"
	"sync"
)

// background owns what a serving process does beside its requests: the scheduler, and the runs that HTTP started.
type background struct {
	ctx    context.Context //nolint:containedctx // the life of what runs, which outlives the request that started it
	cancel context.CancelFunc
	group  sync.WaitGroup
	mu     sync.Mutex
	closed bool
}

// newBackground begins; what it starts ends with ctx or stop.
func newBackground(ctx context.Context) *background {
	ctx, cancel := context.WithCancel(ctx)
	return &background{ctx: ctx, cancel: cancel}
}

// start lets do run; false when the process is stopping.
func (b *background) start(do func(context.Context)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.ctx.Err() != nil {
		return false
	}
	b.group.Go(func() { do(b.ctx) })
	return true
}

// stop lets nothing more begin and ends what runs; wait waits for it.
func (b *background) stop() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.cancel()
}

func (b *background) wait() { b.group.Wait() }
