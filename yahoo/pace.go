package yahoo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"barkeep/market"
)

const (
	// budgetTimeout bounds one call of the shared budget: a store that does not answer counts as absent.
	budgetTimeout = 5 * time.Second
	// budgetPause is how long a budget that cannot be asked is left alone.
	budgetPause = 15 * time.Second
	// stale is how much later than its moment a request may be sent: the shared budget allows for that much (store.MaxDelay). A
	// process that was stopped meanwhile would send it among those of others.
	stale = 500 * time.Millisecond
)

// pace spaces requests. Every request passes it, first ones and retries alike.
type pace struct {
	limiter *rate.Limiter
	budget  Budget // nil for none
	log     *slog.Logger
	outage  atomic.Bool // the budget's store is unreachable, and that was logged
}

// newPace spaces requests evenly, with no burst: with a burst of b a minute could see perMinute + b. One percent is
// kept back, so that a request sent a little late and the next one on time still keep their distance.
func newPace(perMinute float64, budget Budget, log *slog.Logger) *pace {
	return &pace{limiter: rate.NewLimiter(rate.Limit(perMinute*0.99/60), 1), budget: budget, log: log}
}

// outOfReach is how far away a moment lies that waiting requests do not explain: a clock that is ahead of ours reserved it.
func (p *pace) outOfReach() time.Duration {
	const least, spacings = time.Minute, 100
	return max(least, time.Duration(spacings/float64(p.limiter.Limit())*float64(time.Second)))
}

// wait returns when the next request may be sent. The shared budget comes first and the limiter last, so that the
// distance between requests holds whatever the budget said. A moment that is most away or more is not waited for.
func (p *pace) wait(ctx context.Context, most time.Duration) error {
	for {
		slot, err := p.take(ctx)
		if err != nil {
			return err
		}
		if slot >= most {
			p.log.Warn("another clock paces the requests, its moment is not waited for", "in", slot.String())
			slot = 0
		}
		late, err := sleep(ctx, slot)
		if err != nil {
			return fmt.Errorf("waiting for the shared budget: %w", err)
		}
		turn := p.limiter.Reserve()
		later, err := sleep(ctx, turn.Delay())
		if err != nil {
			turn.Cancel()
			return fmt.Errorf("waiting for the next free request: %w", err)
		}
		if late+later <= stale {
			return nil
		}
		p.log.Info("the moment of a request was missed, another one is taken", "late", late+later)
	}
}

// take asks the shared budget. An error is a *market.FetchError, but for one of ctx: a request that nobody counts is not sent.
func (p *pace) take(ctx context.Context) (time.Duration, error) {
	if p.budget == nil {
		return 0, ctx.Err()
	}
	wait, err := p.takeOnce(ctx)
	var refusal *market.FetchError
	switch {
	case err == nil:
		if p.outage.Swap(false) {
			p.log.Info("shared request budget is back")
		}
		return wait, nil
	case ctx.Err() != nil:
		return 0, fmt.Errorf("asking the shared budget: %w", ctx.Err())
	case !errors.As(err, &refusal):
		if !p.outage.Swap(true) {
			p.log.Warn("shared request budget does not answer, no request is sent meanwhile", "error", err)
		}
		refusal = &market.FetchError{
			Outcome: market.OutcomeBudget, Reason: "the shared request budget does not answer, so nothing is sent",
			RetryAfter: budgetPause, Err: err,
		}
	}
	return 0, refusal
}

func (p *pace) takeOnce(ctx context.Context) (time.Duration, error) {
	brief, cancel := context.WithTimeout(ctx, budgetTimeout)
	defer cancel()
	return p.budget.Take(brief)
}

// sleep waits, and gives up as soon as it is certain that ctx ends first. It returns how much longer than d it took.
func sleep(ctx context.Context, d time.Duration) (late time.Duration, err error) {
	if !fits(ctx, d) {
		return 0, fmt.Errorf("a wait of %s is longer than the time left: %w", d.Round(time.Millisecond),
			context.DeadlineExceeded)
	}
	if d <= 0 {
		return 0, ctx.Err()
	}
	began := time.Now() //nolint:forbidigo // for its monotonic reading, as the timer's
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return time.Since(began) - d, ctx.Err()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// fits tells whether ctx leaves time to wait for d.
func fits(ctx context.Context, d time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || d <= 0 || time.Until(deadline) > d
}
