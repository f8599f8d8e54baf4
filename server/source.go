package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"

	"barkeep/tasks"
)

// The errors of a source that cannot be read now.
var (
	errNoAnswer = errors.New("no answer in time")
	errStopped  = errors.New("the server was stopped")
)

// source is one thing that /status shows and that may be slow, or hang: it is read at most once at a time, for all who ask,
// and what was read lately is given again. A source that ignores its context thus costs one goroutine, however often it is
// asked.
type source[T any] struct {
	name    string
	read    func(context.Context) (T, error)
	timeout time.Duration
	now     func() time.Time
	tasks   *tasks.Group
	log     *slog.Logger

	mu      sync.Mutex
	pending chan struct{} // closed when the read under way ends; nil when there is none
	began   time.Time
	last    result[T]
	good    result[T] // the last one without an error
	failing bool
	failed  time.Time // when it began to fail; zero while it does not
}

// result is what a read gave.
type result[T any] struct {
	value T
	at    time.Time // when the read ended; zero when there was none
	took  time.Duration
	err   error
	since time.Time // when it began to fail, as far as this process knows; zero without an error
}

func newSource[T any](s *Server, name string, read func(context.Context) (T, error)) *source[T] {
	return &source[T]{name: name, read: read, timeout: s.SourceTimeout, now: s.Now, tasks: s.tasks, log: s.Logger}
}

// begin starts a read unless one is under way or the last ended at since or later.
func (r *source[T]) begin(since time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.beginLocked(since)
}

// beginLocked returns a channel that is closed when the read ends; nil when the last result will do.
func (r *source[T]) beginLocked(since time.Time) chan struct{} {
	if r.pending != nil {
		return r.pending
	}
	now := r.now()
	if !r.last.at.IsZero() && !r.last.at.Before(since) && !r.last.at.After(now) { // a clock may be set back
		return nil
	}
	pending := make(chan struct{})
	r.began = now
	if !r.tasks.Start(func(ctx context.Context) { r.run(ctx, pending) }) {
		r.last = result[T]{at: now, err: errStopped, since: now}
		return nil
	}
	r.pending = pending
	return pending
}

// get gives a result no older than since. It waits until ctx ends, and not at all for a read that has been under way for
// longer than its timeout.
func (r *source[T]) get(ctx context.Context, since time.Time) result[T] {
	r.mu.Lock()
	pending, waited := r.beginLocked(since), r.now().Sub(r.began)
	if pending == nil {
		defer r.mu.Unlock()
		return r.last
	}
	r.mu.Unlock()
	if waited < r.timeout {
		select {
		case <-pending:
		case <-ctx.Done():
		}
	}
	select {
	case <-pending:
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.last
	default:
		r.mu.Lock()
		defer r.mu.Unlock()
		since := r.failed
		if since.IsZero() {
			since = r.began
		}
		return result[T]{took: max(waited, 0), err: errNoAnswer, since: since}
	}
}

// lastGood is the newest value that was read without an error; false when there is none.
func (r *source[T]) lastGood() (T, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.good.value, !r.good.at.IsZero()
}

// run reads once and keeps the result.
func (r *source[T]) run(ctx context.Context, pending chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	// It happens outside of any request: a panic would end the process.
	value, err := tasks.Safely("read "+r.name, func() (T, error) { return r.read(ctx) })
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.last = result[T]{value: value, at: now, took: now.Sub(r.began), err: err}
	switch {
	case err == nil:
		r.good, r.failed = r.last, time.Time{}
	case r.failed.IsZero():
		r.failed = r.began
	}
	r.last.since = r.failed
	r.logChange(ctx, err)
	r.pending = nil
	close(pending)
}

// logChange logs when a part begins to fail and when it is back, and nothing between.
func (r *source[T]) logChange(ctx context.Context, err error) {
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
	var lookup *net.DNSError
	switch {
	case errors.As(err, &public):
		return string(public)
	case errors.Is(err, errNoAnswer), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s", s.SourceTimeout)
	case errors.Is(err, errStopped), errors.Is(err, context.Canceled):
		return "the server is stopping"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused: nothing listens at its address"
	case errors.As(err, &lookup):
		return "the name in its address does not resolve"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was cut"
	default:
		return "it does not work; the log says why"
	}
}
