package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// second is how long the database may take to count a request that Redis granted already.
const second = 2 * time.Second

// Budget is the requests to one provider, over all processes together.
type Budget struct {
	shared *Shared
	name   string
	limits store.Limits

	turn chan struct{} // holds one: a process reserves one request at a time
	day  time.Time     // the UTC day that used counts; guarded by turn
	used int           // requests that this process was granted; guarded by turn
	miss bool          // the database did not count the last one; guarded by turn
}

// Budget is the budget of a name. Processes should agree on the limits; where they do not, each keeps its own distance from the
// others.
func (s *Shared) Budget(name string, limits store.Limits) (*Budget, error) {
	if err := store.CheckBudget(name, limits); err != nil {
		return nil, err
	}
	return &Budget{shared: s, name: name, limits: limits, turn: make(chan struct{}, 1)}, nil
}

// Take reserves the next free moment for one request and returns how long to wait for it. The request counts whether or not it
// is sent. A day that is spent is a *market.FetchError with OutcomeBudget, whose RetryAfter is the time to the next UTC day
// (Symbol and Timeframe are the caller's to fill in). Any other error means that neither Redis nor the database counted the
// request: it must not be sent.
func (b *Budget) Take(ctx context.Context) (time.Duration, error) {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return 0, fmt.Errorf("budget %s: %w", b.name, context.Cause(ctx))
	}
	wait, err := b.take(ctx)
	if errors.Is(err, store.ErrDayIsSpent) {
		return 0, &market.FetchError{
			Outcome:    market.OutcomeBudget,
			Reason:     fmt.Sprintf("the %d requests of this UTC day are used up", b.limits.PerDay),
			RetryAfter: wait,
		}
	}
	return wait, err
}

// take reserves the moment in Redis, then in the database, then in this process. Each gets the moment that the one before it
// granted as the earliest one.
func (b *Budget) take(ctx context.Context) (wait time.Duration, err error) {
	granted, redis := b.shared.inRedis(ctx, func(redis Store) (err error) {
		wait, err = redis.Take(ctx, b.name, b.limits, 0)
		return err
	})
	if granted && redis != nil {
		return wait, redis
	}
	later, err := b.count(ctx, wait, granted)
	switch {
	case errors.Is(err, store.ErrDayIsSpent):
		return later, err
	case err != nil && !granted:
		return 0, errors.Join(redis, err)
	case err == nil:
		wait = later
	}
	b.report(ctx, err)
	return b.own(wait)
}

// count lets the database count a request that is sent after wait at the earliest.
func (b *Budget) count(ctx context.Context, wait time.Duration, granted bool) (time.Duration, error) {
	if granted {
		brief, cancel := context.WithTimeout(ctx, second)
		defer cancel()
		ctx = brief
	}
	return b.shared.database.Take(ctx, b.name, b.limits, wait)
}

// report logs when the database begins to miss requests that Redis granted.
func (b *Budget) report(ctx context.Context, err error) {
	if err != nil && !b.miss {
		b.shared.log.WarnContext(ctx, "the database does not count requests, redis alone does", "error", err)
	}
	b.miss = err != nil
}

// own keeps this process within the day also when Redis and the database lost their data. (Whoever sends keeps the minute.)
func (b *Budget) own(wait time.Duration) (time.Duration, error) {
	const length = 24 * time.Hour
	now := b.shared.now()
	day := now.Add(wait).UTC().Truncate(length)
	if !day.Equal(b.day) {
		b.day, b.used = day, 0
	}
	if b.limits.PerDay > 0 && b.used >= b.limits.PerDay {
		return day.Add(length).Sub(now), fmt.Errorf("%w: all %d, by this process", store.ErrDayIsSpent, b.limits.PerDay)
	}
	b.used++
	return wait, nil
}

// Remaining is how many requests are left of the current UTC day, the fewer where Redis and the database differ; -1 without a
// bound.
func (b *Budget) Remaining(ctx context.Context) (int, error) {
	left := -1
	answered, redis := b.shared.inRedis(ctx, func(redis Store) (err error) {
		left, err = redis.Remaining(ctx, b.name, b.limits)
		return err
	})
	kept, err := b.shared.database.Remaining(ctx, b.name, b.limits)
	switch {
	case err == nil && answered:
		return min(left, kept), nil
	case err == nil:
		return kept, nil
	case answered:
		return left, nil
	default:
		return 0, fmt.Errorf("budget %s: %w", b.name, errors.Join(redis, err))
	}
}
