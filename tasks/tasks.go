// Package tasks owns goroutines. Whatever goes on beside the code that begins it is begun here, so that somebody can end it and
// wait for it. What is not here waits for its goroutines before it returns, or leaves one behind on purpose (Within).
package tasks

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Group owns goroutines that outlive the call that began them. None begins once Stop or Wait was called.
type Group struct {
	ctx    context.Context // the life of what runs
	cancel context.CancelFunc

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// New makes a group; what is started in it has a context that ends with ctx, or with Stop.
func New(ctx context.Context) *Group {
	ctx, cancel := context.WithCancel(ctx)
	return &Group{ctx: ctx, cancel: cancel}
}

// Context is the one of what runs.
func (g *Group) Context() context.Context { return g.ctx }

// Start runs f in a goroutine of its own; false, and f is not run, when the group was stopped or is waited for.
func (g *Group) Start(f func(context.Context)) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.ctx.Err() != nil {
		return false
	}
	g.running.Go(func() { f(g.ctx) })
	return true
}

// Stop ends the context of what runs; Wait waits for it.
func (g *Group) Stop() {
	g.close()
	g.cancel()
}

func (g *Group) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// Wait lets nothing begin any more and waits until all has ended; false when ctx ended first.
func (g *Group) Wait(ctx context.Context) bool {
	g.close()
	return Within(ctx, func() error {
		g.running.Wait()
		return nil
	}) == nil
}

// Beside runs functions beside the caller until end is called, which ends their context and waits for them.
func Beside(ctx context.Context, each ...func(context.Context)) (end func()) {
	g := New(ctx)
	for _, f := range each {
		g.Start(f)
	}
	return func() {
		g.Stop()
		g.running.Wait()
	}
}

// Within calls f, which may hang and obeys no context, and waits for it until ctx ends. The error is that of f, or the cause for
// which ctx ended; f is then left behind, and what it returns later is lost.
func Within(ctx context.Context, f func() error) error {
	result := make(chan error, 1)
	go func() { result <- f() }()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
	}
	select { // both may have come true
	case err := <-result:
		return err
	default:
		return context.Cause(ctx)
	}
}

// Safely turns a panic of f into an error that names what was done: outside of a request it would end the process.
func Safely[V any](what string, f func() (V, error)) (value V, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%s: panic: %v", what, cause)
		}
	}()
	return f()
}

// Every calls f after each interval until ctx ends.
func Every(ctx context.Context, interval time.Duration, f func(context.Context)) {
	for Sleep(ctx, interval) == nil {
		f(ctx)
	}
}

// Sleep waits; the error is the cause for which ctx ended first.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
