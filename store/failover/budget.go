package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// How long to wait before a database that did not count a request is asked again: one lost answer is no outage, so the pause
// begins short, and doubles while the outage lasts.
const (
	shortestRetry = time.Second
	longestRetry  = 15 * time.Second
)

// Budget is the requests to one provider, over all processes together.
type Budget struct {
	shared *Shared
	name   string
	limits store.Limits

	turn  chan struct{} // holds one: a process reserves one request at a time; it guards what follows
	own   ownDays
	known store.Count   // what the database counted last, for a Redis that lost it
	retry time.Duration // of the last one, which the database did not count; 0 when it did
}

// Budget is the budget of a name. Where processes disagree on the limits, each keeps its own: the count of the day is one, and
// the one with the smaller limit stops earlier.
func (s *Shared) Budget(name string, limits store.Limits) (*Budget, error) {
	if err := store.CheckBudget(name, limits); err != nil {
		return nil, err
	}
	return &Budget{shared: s, name: name, limits: limits, turn: make(chan struct{}, 1), own: ownDays{}}, nil
}

// Take reserves the next free moment for one request and returns how long to wait for it. The request counts whether or not it
// is sent. An error is a *market.FetchError with OutcomeBudget (Symbol and Timeframe are the caller's to fill in), but for one of
// a ctx that ended, and the request must not be sent. RetryAfter is the time to the next UTC day where the day is spent, a few
// seconds where the database did not count the request, and 0 where the Allowance of ctx is spent.
func (b *Budget) Take(ctx context.Context) (time.Duration, error) {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return 0, fmt.Errorf("budget %s: %w", b.name, context.Cause(ctx))
	}
	if err := b.spend(ctx); err != nil {
		return 0, b.refusal(ctx, 0, err)
	}
	wait, err := b.take(ctx)
	if err != nil {
		return 0, b.refusal(ctx, wait, err)
	}
	if b.retry > 0 {
		b.retry = 0
		b.shared.log.InfoContext(ctx, "requests are counted again")
	}
	return wait, nil
}

// refusal is the error of a request that is not granted; wait is how long a spent day still lasts.
func (b *Budget) refusal(ctx context.Context, wait time.Duration, err error) error {
	refusal := &market.FetchError{Outcome: market.OutcomeBudget, Err: err}
	var allowance usedUp
	switch {
	case errors.Is(err, store.ErrDayIsSpent):
		refusal.Reason = fmt.Sprintf("the %d requests of this UTC day are used up", b.limits.PerDay)
		refusal.RetryAfter = wait
	case errors.As(err, &allowance):
		refusal.Reason = allowance.Error()
	case ctx.Err() != nil:
		return fmt.Errorf("budget %s: %w", b.name, errors.Join(ctx.Err(), err))
	default:
		if b.retry == 0 {
			b.shared.log.WarnContext(ctx, "the database does not count requests, none is sent meanwhile", "error", err)
		}
		b.retry = min(max(shortestRetry, 2*b.retry), longestRetry)
		refusal.Reason, refusal.RetryAfter = "the database does not count requests, so none is sent", b.retry
	}
	return refusal
}

// take reserves the moment in Redis, then in the database, then in this process. Each gets the moment that the one before it
// granted as the earliest one. Redis is told what the database counts, so that it makes up for what it lost or missed.
func (b *Budget) take(ctx context.Context) (time.Duration, error) {
	if left := b.own.left(b.shared.now(), b.limits); left > 0 {
		return left, fmt.Errorf("%w: all %d, by this process", store.ErrDayIsSpent, b.limits.PerDay)
	}
	if b.retry > 0 { // Redis would count what is not sent
		if _, err := b.shared.database.Remaining(ctx, b.name, b.limits); err != nil {
			return 0, err
		}
	}
	var paced store.Grant
	granted, spent := b.shared.inRedis(ctx, func(redis Store) (err error) {
		paced, err = redis.Take(ctx, b.name, b.limits, store.TakeRequest{Known: b.known})
		return err
	})
	if granted && spent != nil {
		return paced.Wait, spent
	}
	grant, err := b.shared.database.Take(ctx, b.name, b.limits, store.TakeRequest{After: paced.Wait})
	// Where the clocks are a day apart, a count of one says nothing about the same day of the other.
	if b.known = (store.Count{}); !granted || paced.Count.Day == grant.Count.Day {
		b.known = grant.Count
	}
	if err != nil {
		return grant.Wait, err
	}
	b.own.add(b.shared.now().Add(grant.Wait))
	return grant.Wait, nil
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

// ownDays are the requests that this process was granted, by UTC day of its own clock: its bound where Redis and the database
// both lost their data. A clock that is set back finds the old day again. (Whoever sends keeps the minute.)
type ownDays map[int64]int

const dayLength = 24 * time.Hour

func dayOf(t time.Time) int64 { return t.Unix() / int64(dayLength/time.Second) }

// left is how long this process has no request left; 0 when it has one.
func (d ownDays) left(now time.Time, limits store.Limits) time.Duration {
	if limits.PerDay == 0 || d[dayOf(now)] < limits.PerDay {
		return 0
	}
	return now.UTC().Truncate(dayLength).Add(dayLength).Sub(now)
}

// add counts a request for the day in which it may be sent.
func (d ownDays) add(moment time.Time) {
	day := dayOf(moment)
	d[day]++
	for old := range d { // at most a few: a day is added once, and goes a week later
		if old < day-7 {
			delete(d, old)
		}
	}
}
