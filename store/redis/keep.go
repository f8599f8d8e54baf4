package redis

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Fence is the fencing number: a later holder of the same lease always has a higher one, also after Redis lost everything
// as long as its clock does not go back. A store that remembers the highest number it saw can refuse a late writer.
func (l *Lease) Fence() int64 { return l.fence }

// Name is what the lease is for.
func (l *Lease) Name() string { return l.name }

// Lost is closed when Extend or the heartbeat finds that the lease is no longer ours, or when the heartbeat could not
// extend it until it ran out. It stays open when the lease is released, or when its heartbeat is merely stopped.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Extend lets the lease live for another ttl from now. It fails with ErrLost when it is no longer ours, which closes Lost,
// and with ErrUnavailable when Redis cannot tell.
func (l *Lease) Extend(ctx context.Context) error {
	err := l.replace(ctx, l.held())
	if errors.Is(err, ErrLost) {
		l.lose()
	}
	return err
}

// Keep starts a heartbeat that extends the lease every third of its ttl until ctx ends, the lease is lost, Release is
// called or the State is closed. A lease has at most one heartbeat: later calls do nothing.
func (l *Lease) Keep(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.beats != nil || l.released {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	beats := make(chan struct{})
	started := l.state.spawn(func() {
		defer close(beats)
		defer cancel()
		l.beat(ctx)
	})
	if !started {
		cancel()
		return
	}
	l.cancel, l.beats = cancel, beats
}

// beat is the heartbeat. After a failure it tries again soon: there is room for several tries before the lease runs out.
func (l *Lease) beat(ctx context.Context) {
	pause := l.ttl / 3
	for {
		if over, why := l.rest(ctx, pause); over {
			if why != nil {
				l.report(ctx, why)
			}
			return
		}
		attempt, cancel := context.WithTimeout(ctx, l.ttl/3)
		err := l.Extend(attempt)
		cancel()
		pause = l.ttl / 3
		switch {
		case errors.Is(err, ErrLost):
			l.report(ctx, err)
			return
		case err != nil:
			pause = l.ttl / 12
		}
	}
}

// rest waits between two beats. It says that the heartbeat is over when it was stopped (without an error) or when the
// lease ran out meanwhile (with one).
func (l *Lease) rest(ctx context.Context, pause time.Duration) (over bool, why error) {
	l.mu.Lock()
	expiry := l.expiry
	l.mu.Unlock()
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return true, nil
	case <-l.state.closed:
		return true, nil
	case <-expiry.C:
		l.lose()
		return true, fmt.Errorf("lease %s could not be extended for %s: %w", l.name, l.ttl, ErrLost)
	case <-timer.C:
		return false, nil
	}
}

// report logs that the lease went away in the background, where no caller gets an error.
func (l *Lease) report(ctx context.Context, err error) {
	l.state.logger.WarnContext(ctx, "lease lost", "lease", l.name, "fence", l.fence, "error", err)
}

// lose closes Lost, once.
func (l *Lease) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.gone {
		l.gone = true
		close(l.lost)
	}
}

// Release stops the heartbeat, waits for it and gives the lease back, also when ctx is over already. Releasing what is
// no longer ours does nothing and is no error, so Release may be called twice; an error wraps ErrUnavailable, and the
// lease then runs out by itself.
func (l *Lease) Release(ctx context.Context) error {
	l.mu.Lock()
	l.released = true
	cancel, beats := l.cancel, l.beats
	l.mu.Unlock()
	if beats != nil {
		cancel()
		<-beats
	}
	return l.remove(context.WithoutCancel(ctx))
}
