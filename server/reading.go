package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// The errors of a part that cannot be read now.
var (
	errLate    = errors.New("no answer in time")
	errStopped = errors.New("the server was stopped")
)

// reading is a part of the state that may be slow, or hang: it is read at most once at a time, for all who ask, and what
// was read lately is given again. A source that ignores its context thus costs one goroutine, however often it is asked.
type reading[T any] struct {
	name     string
	read     func(context.Context) (T, error)
	patience time.Duration
	now      func() time.Time
	tasks    *tasks
	log      *slog.Logger

	mu      sync.Mutex
	flight  chan struct{} // closed when the read under way ends; nil when there is none
	began   time.Time
	last    result[T]
	good    result[T] // the last one without an error
	failing bool
}

// result is what a read gave.
type result[T any] struct {
	value T
	at    time.Time // when the read ended; zero when there was none
	took  time.Duration
	err   error
}

func newReading[T any](s *Server, name string, read func(context.Context) (T, error)) *reading[T] {
	return &reading[T]{name: name, read: read, patience: s.Patience, now: s.Now, tasks: s.tasks, log: s.Logger}
}

// begin starts a read unless one is under way or the last ended at since or later.
func (r *reading[T]) begin(since time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.beginLocked(since)
}

// beginLocked returns the flight to wait for; nil when the last result will do.
func (r *reading[T]) beginLocked(since time.Time) chan struct{} {
	if r.flight != nil {
		return r.flight
	}
	now := r.now()
	if !r.last.at.IsZero() && !r.last.at.Before(since) && !r.last.at.After(now) { // a clock may be set back
		return nil
	}
	flight := make(chan struct{})
	r.began = now
	if !r.tasks.start(func(ctx context.Context) { r.fly(ctx, flight) }) {
		r.last = result[T]{at: now, err: errStopped}
		return nil
	}
	r.flight = flight
	return flight
}

// get gives a result no older than since. It waits until ctx ends, and not at all for a read that has been under way for
// longer than the patience.
func (r *reading[T]) get(ctx context.Context, since time.Time) result[T] {
	r.mu.Lock()
	flight, waited := r.beginLocked(since), r.now().Sub(r.began)
	if flight == nil {
		defer r.mu.Unlock()
		return r.last
	}
	r.mu.Unlock()
	if waited < r.patience {
		select {
		case <-flight:
		case <-ctx.Done():
		}
	}
	select {
	case <-flight:
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.last
	default:
		return result[T]{took: max(waited, 0), err: errLate}
	}
}

// lastGood is the newest value that was read without an error; false when there is none.
func (r *reading[T]) lastGood() (T, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.good.value, !r.good.at.IsZero()
}

// fly reads once and keeps the result.
func (r *reading[T]) fly(ctx context.Context, flight chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	value, err := r.safely(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.last = result[T]{value: value, at: now, took: now.Sub(r.began), err: err}
	if err == nil {
		r.good = r.last
	}
	r.tell(ctx, err)
	r.flight = nil
	close(flight)
}

// safely turns a panic of a source into an error: it happens outside of any request, and would end the process.
func (r *reading[T]) safely(ctx context.Context) (value T, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("read %s: panic: %v", r.name, cause)
		}
	}()
	return r.read(ctx)
}

// tell logs when a part begins to fail and when it is back, and nothing between.
func (r *reading[T]) tell(ctx context.Context, err error) {
	switch {
	case err != nil && !r.failing:
		r.log.WarnContext(ctx, "part of the status cannot be read", "part", r.name, "error", err)
	case err == nil && r.failing:
		r.log.InfoContext(ctx, "part of the status is back", "part", r.name)
	}
	r.failing = err != nil
}

// reason is what a client may know of an error of a read.
func (s *Server) reason(err error) string {
	var public Public
	switch {
	case errors.As(err, &public):
		return string(public)
	case errors.Is(err, errLate), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s", s.Patience)
	case errors.Is(err, errStopped), errors.Is(err, context.Canceled):
		return "the server is stopping"
	default:
		return "it does not work; the log says why"
	}
}
