package notify

import (
	"context"
	"errors"
	"time"

	"barkeep/tasks"
)

// errHung tells that an earlier call has not returned, long after it was told to.
var errHung = errors.New("an earlier call still hangs")

// single calls something that may hang and may not obey its context. One call is on its way at a time; one that does not obey
// is left behind, and until it returns nothing else is called.
type single struct {
	idle chan struct{} // holds one token while no call is on its way
}

func newSingle() single {
	s := single{idle: make(chan struct{}, 1)}
	s.idle <- struct{}{}
	return s
}

// call calls what, and waits for it until the timeout or the end of ctx. A call before it is waited for as long.
func (s single) call(ctx context.Context, timeout time.Duration, what func(context.Context) error) error {
	if err := s.take(ctx, timeout); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return tasks.Within(ctx, func() error {
		defer func() { s.idle <- struct{}{} }()
		return what(ctx)
	})
}

// take waits until no call is on its way.
func (s single) take(ctx context.Context, timeout time.Duration) error {
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	select {
	case <-s.idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-limit.C:
		return errHung
	}
}
