package yahoo

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"barkeep/market"
)

const (
	// longestPause bounds what the provider may order by Retry-After: blocks last a day (DESIGN.md section 5).
	longestPause = 24 * time.Hour
	// probing is when to come back while another request is trying whether the provider has recovered.
	probing = 5 * time.Second
)

// circuit keeps requests from a provider that is sick, or that told us to stay away.
//
// gobreaker counts faults in a row without a window: a success ends the row whenever it comes, and with a window an
// outage of time-outs (30 s each) would never fill it. Its clock, ours and the limiter's are the process's own, not
// Config.Now, which a replay may set to another year.
type circuit struct {
	breaker *gobreaker.CircuitBreaker[*market.FetchResult]
	pause   time.Duration
	elapsed func() time.Duration // since the circuit was made
	now     func() time.Time

	mu          sync.Mutex
	faulty      map[market.Series]bool // series whose fault was counted and that have not succeeded since
	openUntil   time.Duration
	awayUntil   time.Duration // by order of a Retry-After
	state       string
	since       time.Time
	lastSuccess time.Time
}

// counted marks a fault that the breaker has seen already.
type counted struct{ error }

func (c counted) Unwrap() error { return c.error }

func newCircuit(settings Breaker, now func() time.Time, log *slog.Logger) *circuit {
	origin := time.Now() //nolint:forbidigo // for its monotonic reading: gobreaker and x/time/rate run on the same clock
	c := &circuit{
		pause: settings.Pause, elapsed: func() time.Duration { return time.Since(origin) }, now: now,
		faulty: map[market.Series]bool{}, state: gobreaker.StateClosed.String(), since: now(),
	}
	c.breaker = gobreaker.NewCircuitBreaker[*market.FetchResult](gobreaker.Settings{
		Name:    "yahoo",
		Timeout: settings.Pause,
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			return counts.ConsecutiveFailures >= uint32(settings.Faults) //nolint:gosec // validated: 1 or more
		},
		IsSuccessful: func(err error) bool { return !market.OutcomeOf(err).Fault() },
		IsExcluded: func(err error) bool {
			var seen counted
			return errors.As(err, &seen) || (err != nil && market.OutcomeOf(err) == "") // cancelled: nobody's fault
		},
		OnStateChange: func(_ string, from, to gobreaker.State) {
			c.changed(to)
			log.Warn("provider circuit changed", "from", from.String(), "to", to.String())
		},
	})
	return c
}

func (c *circuit) changed(to gobreaker.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.since = to.String(), c.now()
	if to == gobreaker.StateOpen {
		c.openUntil = c.elapsed() + c.pause
	}
}

// stayAway obeys a Retry-After for every request of this client: the provider counts by address, not by symbol.
func (c *circuit) stayAway(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awayUntil = max(c.awayUntil, c.elapsed()+min(d, longestPause))
}

// away is how long a Retry-After still holds.
func (c *circuit) away() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(0, c.awayUntil-c.elapsed())
}

// left is how long to wait before a request has a chance to be sent.
func (c *circuit) left() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(probing, c.openUntil-c.elapsed(), c.awayUntil-c.elapsed())
}

// open tells whether the circuit is open right now.
func (c *circuit) open() bool { return c.breaker.State() == gobreaker.StateOpen }

// run sends one request, if the circuit allows it; refused tells that it did not.
func (c *circuit) run(series market.Series, send func() (*market.FetchResult, error)) (
	_ *market.FetchResult, refused bool, err error,
) {
	result, err := c.breaker.Execute(func() (*market.FetchResult, error) {
		trying := c.breaker.State() == gobreaker.StateHalfOpen
		result, err := send()
		return result, c.judge(series, err, trying)
	})
	var seen counted
	switch {
	case errors.As(err, &seen):
		return nil, false, seen.error
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return nil, true, err
	}
	return result, false, err
}

// judge marks a fault of a series that was counted before. While the circuit tries whether the provider has recovered,
// every fault counts.
func (c *circuit) judge(series market.Series, err error, trying bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	outcome := market.OutcomeOf(err)
	switch {
	case err == nil, outcome != "" && !outcome.Fault():
		delete(c.faulty, series)
		c.lastSuccess = c.now()
	case outcome.Fault():
		if c.faulty[series] && !trying {
			return counted{err}
		}
		c.faulty[series] = true
	}
	return err
}
