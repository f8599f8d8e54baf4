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
	// longestPause bounds a Retry-After: the provider's blocks last up to a day (docs/PROVIDER.md#limits).
	longestPause = 24 * time.Hour
	// probePause is how long to wait while another request tests whether the provider has recovered.
	probePause = 5 * time.Second
)

// circuit holds requests back while the provider fails, and while a Retry-After runs.
//
// It decides itself which faults open it (evidence); gobreaker keeps the states. Faults are counted in a row, without a window
// of time: in a window too few time-outs (30 s each) would fit. The circuit measures time by the process's monotonic clock, as
// gobreaker and the limiter do, and not by Config.Now, which a replay may set to another year.
type circuit struct {
	breaker *gobreaker.CircuitBreaker[*market.FetchResult]
	pause   time.Duration
	elapsed func() time.Duration // since the circuit was made
	now     func() time.Time

	mu          sync.Mutex
	faults      evidence
	openUntil   time.Duration
	awayUntil   time.Duration // end of the latest Retry-After
	state       string
	since       time.Time
	lastSuccess time.Time
}

// counted wraps a fault that does not open the circuit.
type counted struct{ error }

func (c counted) Unwrap() error { return c.error }

func newCircuit(settings Breaker, symbols int, now func() time.Time, log *slog.Logger) *circuit {
	origin := time.Now() //nolint:forbidigo // for its monotonic reading: gobreaker and x/time/rate run on the same clock
	c := &circuit{
		pause: settings.Pause, elapsed: func() time.Duration { return time.Since(origin) }, now: now,
		faults: newEvidence(settings.Faults, symbols), state: gobreaker.StateClosed.String(), since: now(),
	}
	c.breaker = gobreaker.NewCircuitBreaker[*market.FetchResult](gobreaker.Settings{
		Name:         "yahoo",
		Timeout:      settings.Pause,
		ReadyToTrip:  func(gobreaker.Counts) bool { return true }, // what must not open it is excluded
		IsSuccessful: func(err error) bool { return !market.OutcomeOf(err).Fault() },
		IsExcluded: func(err error) bool {
			var seen counted
			return errors.As(err, &seen) || (err != nil && market.OutcomeOf(err) == "") // cancelled: no fault of the provider
		},
		OnStateChange: func(_ string, from, to gobreaker.State) {
			c.changed(to)
			log.Warn("provider circuit changed", "from", from.String(), "to", to.String(), "fault", c.fault().fault)
		},
	})
	return c
}

func (c *circuit) changed(to gobreaker.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.since = to.String(), c.now()
	switch to {
	case gobreaker.StateOpen:
		c.openUntil = c.elapsed() + c.pause
	case gobreaker.StateClosed: // what failed meanwhile was not ill by itself
		c.faults.forgive()
	case gobreaker.StateHalfOpen:
	}
}

// stayAway holds back every request of this client for a Retry-After: the provider limits by address, not by symbol.
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
	return max(probePause, c.openUntil-c.elapsed(), c.awayUntil-c.elapsed())
}

// open tells whether a request would be refused right now: the circuit is open, or one request tries whether the provider has
// recovered. Who asks before it takes from the budget takes nothing for a request that is not sent.
func (c *circuit) open() bool {
	switch c.breaker.State() {
	case gobreaker.StateOpen:
		return true
	case gobreaker.StateHalfOpen:
		counts := c.breaker.Counts()
		return counts.Requests > counts.TotalExclusions // one that was cancelled tries nothing any more
	default:
		return false
	}
}

// run sends one request if the circuit allows it; refused is true when it does not.
func (c *circuit) run(series market.Series, send func() (*market.FetchResult, error)) (
	_ *market.FetchResult, refused bool, err error,
) {
	result, err := c.breaker.Execute(func() (*market.FetchResult, error) {
		probe := c.breaker.State() == gobreaker.StateHalfOpen
		result, err := send()
		return result, c.judge(series, err, probe)
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

// judge keeps what a request has shown, and wraps a fault that does not open the circuit. The request that probes whether the
// provider has recovered always counts.
func (c *circuit) judge(series market.Series, err error, probe bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch outcome := market.OutcomeOf(err); {
	case err == nil, outcome != "" && !outcome.Fault():
		c.faults.answer(series)
		c.lastSuccess = c.now()
	case outcome.Fault():
		if !c.faults.fault(series, err, c.now(), c.lastSuccess) && !probe {
			return counted{err}
		}
	}
	return err
}

// fault is the newest fault since which nothing was answered; empty for none.
func (c *circuit) fault() said {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.faults.says
}

// gaveUp notes that all attempts of a fetch failed.
func (c *circuit) gaveUp(series market.Series, refusal *market.FetchError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults.gaveUp(series, refusal, c.elapsed())
}

// sick tells whether the symbol has failed so before, so that one attempt is enough, and how long the series is left alone.
func (c *circuit) sick(series market.Series) (sick bool, left time.Duration, says string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.faults.sick(series, c.elapsed())
}
