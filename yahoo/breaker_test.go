package yahoo_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo"
)

// ask fetches one series and gives its outcome.
func ask(t *testing.T, c *yahoo.Client, name string, timeframe market.Timeframe) (market.Outcome, time.Duration) {
	t.Helper()
	req := question(t, timeframe, time.Now())
	req.Instrument = instrument(t, name)
	got, err := c.Fetch(t.Context(), req)
	var refusal *market.FetchError
	if errors.As(err, &refusal) {
		return refusal.Outcome, refusal.RetryAfter
	}
	if err != nil {
		t.Fatal(err)
	}
	return got.Outcome, 0
}

const empty = `{"chart":{"result":[{"meta":{},"indicators":{"quote":[{}]}}],"error":null}}`

// moody answers as the flag says.
func moody(healthy *atomic.Bool) *memory {
	return &memory{answer: func(int, *http.Request) *http.Response {
		if healthy.Load() {
			return respond(200, empty)
		}
		return respond(503, "")
	}}
}

func TestBreakerOpensAndRecovers(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		healthy := &atomic.Bool{}
		provider := moody(healthy)
		config := simulated(provider)
		config.Attempts = 1
		c := client(t, config)
		names := []string{"ES", "NQ", "YM", "RTY", "CL", "GC"}
		for _, name := range names[:5] {
			if outcome, _ := ask(t, c, name, market.M5); outcome != market.OutcomeUpstream {
				t.Fatalf("%s gave %q, want an upstream fault", name, outcome)
			}
		}
		if outcome, left := ask(t, c, "GC", market.M5); outcome != market.OutcomeCircuitOpen || left != time.Minute {
			t.Fatalf("after five faults: %q and %s, want an open circuit for a minute", outcome, left)
		}
		time.Sleep(20 * time.Second)
		if _, left := ask(t, c, "GC", market.M5); left != 40*time.Second || provider.count() != 5 {
			t.Fatalf("after 20 s: %s left, %d requests; want 40 s and still 5", left, provider.count())
		}
		time.Sleep(41 * time.Second)
		if outcome, _ := ask(t, c, "ES", market.M5); outcome != market.OutcomeUpstream || c.Health().Breaker != "open" {
			t.Fatalf("the trial gave %q and left the circuit %s, want a fault that opens it again", outcome, c.Health().Breaker)
		}
		healthy.Store(true)
		time.Sleep(61 * time.Second)
		if state := c.Health(); state.Breaker != "half-open" {
			t.Fatalf("the circuit is %s a minute later", state.Breaker)
		}
		for _, name := range names {
			if outcome, _ := ask(t, c, name, market.M5); outcome != market.OutcomeEmpty {
				t.Errorf("%s gave %q after the recovery", name, outcome)
			}
		}
		if state := c.Health(); state.Breaker != "closed" || !state.LastAnswer.Equal(time.Now()) || state.RetryAfter != 0 {
			t.Errorf("state after the recovery is %+v", state)
		}
	})
}

// TestBreakerOneSickSymbol: one series that fails for hours stops nobody else, however often it is tried.
func TestBreakerOneSickSymbol(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := &memory{answer: func(_ int, r *http.Request) *http.Response {
			if strings.Contains(r.URL.Path, "GC=F") {
				return respond(500, "")
			}
			return respond(200, empty)
		}}
		c := client(t, simulated(provider))
		for range 10 {
			if outcome, _ := ask(t, c, "GC", market.M5); outcome != market.OutcomeUpstream {
				t.Fatalf("the sick symbol gave %q", outcome)
			}
		}
		if outcome, _ := ask(t, c, "ES", market.M5); outcome != market.OutcomeEmpty {
			t.Errorf("a healthy symbol gave %q", outcome)
		}
	})
}

// TestBreakerSlowOutage: an outage of time-outs fills no minute with five faults, and opens the circuit all the same.
func TestBreakerSlowOutage(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := &memory{answer: func(int, *http.Request) *http.Response { return nil }}
		c := client(t, simulated(provider))
		for _, name := range []string{"ES", "NQ", "YM", "RTY", "CL"} {
			ask(t, c, name, market.M5)
		}
		if outcome, _ := ask(t, c, "GC", market.M5); outcome != market.OutcomeCircuitOpen {
			t.Errorf("after five series that timed out: %q, want an open circuit", outcome)
		}
	})
}

// TestBreakerIgnoresAnswers: a provider that says no is a healthy provider.
func TestBreakerIgnoresAnswers(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		statuses := []int{404, 422, 400, 401, 403}
		provider := &memory{}
		provider.answer = func(n int, _ *http.Request) *http.Response { return respond(statuses[n%len(statuses)], "") }
		c := client(t, simulated(provider))
		for range 3 {
			for _, name := range []string{"ES", "NQ", "YM", "RTY", "CL", "GC"} {
				if outcome, _ := ask(t, c, name, market.M5); outcome.Fault() || outcome == market.OutcomeCircuitOpen {
					t.Fatalf("%s gave %q", name, outcome)
				}
			}
		}
		if state := c.Health(); state.Breaker != "closed" || state.LastAnswer.IsZero() {
			t.Errorf("state is %+v", state)
		}
	})
}

// TestBreakerCancelledTrial: a trial that its caller gave up proves nothing, neither health nor sickness.
func TestBreakerCancelledTrial(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := &memory{answer: always(503)}
		config := simulated(provider)
		config.Attempts, config.Symbols, config.Breaker.Faults = 1, 1, 1
		c := client(t, config)
		ask(t, c, "ES", market.M5)
		time.Sleep(61 * time.Second)
		provider.answer = func(int, *http.Request) *http.Response { return nil }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Fetch(ctx, question(t, market.M5, time.Now())); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want the caller's deadline", err)
		}
		if state := c.Health(); state.Breaker != "half-open" || !state.LastAnswer.IsZero() {
			t.Errorf("state is %+v, want a circuit that is half-open still", state)
		}
	})
}

// TestBreakerOneTrial: while one request tries a half-open circuit, the others stay out.
func TestBreakerOneTrial(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		healthy := &atomic.Bool{}
		provider := moody(healthy)
		config := simulated(provider)
		config.Attempts, config.Symbols, config.Breaker.Faults = 1, 1, 1
		config.Breaker.Pause = 10 * time.Second
		c := client(t, config)
		ask(t, c, "ES", market.M5)
		time.Sleep(11 * time.Second)
		provider.answer = func(int, *http.Request) *http.Response {
			time.Sleep(5 * time.Second)
			return respond(200, empty)
		}
		trial := make(chan market.Outcome)
		go func() {
			outcome, _ := ask(t, c, "NQ", market.M5)
			trial <- outcome
		}()
		time.Sleep(time.Second)
		if outcome, left := ask(t, c, "YM", market.M5); outcome != market.OutcomeCircuitOpen || left <= 0 {
			t.Errorf("a second request gave %q and %s, want to be held", outcome, left)
		}
		if outcome := <-trial; outcome != market.OutcomeEmpty || provider.count() != 2 {
			t.Errorf("the trial gave %q after %d requests", outcome, provider.count())
		}
	})
}
