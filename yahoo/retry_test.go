package yahoo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/market"
	"barkeep/yahoo"
)

// memory is a provider without a socket, so that time can be simulated around it.
type memory struct {
	mu     sync.Mutex
	answer func(n int, r *http.Request) *http.Response // n counts from 1
	sent   []time.Time
	urls   []string
}

func (m *memory) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	m.sent, m.urls = append(m.sent, time.Now()), append(m.urls, r.URL.String())
	n := len(m.sent)
	m.mu.Unlock()
	if response := m.answer(n, r); response != nil {
		response.Request = r
		return response, nil
	}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func (m *memory) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.sent)
}

func respond(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// simulated is a configuration on the bubble's clock; the limiter is out of the way unless a test sets it.
func simulated(provider *memory) yahoo.Config {
	return yahoo.Config{
		BaseURLs: []string{"http://one", "http://two"}, RequestsPerMinute: 1e6, Now: time.Now, Transport: provider,
		Logger: slog.New(slog.DiscardHandler),
	}
}

// simulate runs a test in a bubble with its own clock, which begins in 2000.
func simulate(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

func always(status int, header ...string) func(int, *http.Request) *http.Response {
	return func(int, *http.Request) *http.Response { return respond(status, "", header...) }
}

func TestRetryUntilAnswered(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := &memory{}
		provider.answer = func(n int, _ *http.Request) *http.Response {
			return []*http.Response{respond(502, "<html>"), respond(200, `{"cha`), respond(429, ""), respond(200, oneBar(time.Now()))}[n-1]
		}
		got, err := client(t, simulated(provider)).Fetch(t.Context(), question(t, market.M5, time.Now()))
		if err != nil || got.Candles.Len() != 1 || got.Requests != 4 {
			t.Fatalf("got %+v and %v, want one bar after 4 requests", got, err)
		}
		for i, bound := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			if pause := provider.sent[i+1].Sub(provider.sent[i]); pause > bound+time.Millisecond {
				t.Errorf("pause %d was %s, want at most %s", i+1, pause, bound)
			}
		}
		for i, host := range []string{"http://one/", "http://two/", "http://one/", "http://two/"} {
			if !strings.HasPrefix(provider.urls[i], host) {
				t.Errorf("attempt %d went to %s, want %s", i+1, provider.urls[i], host)
			}
		}
	})
}

// TestRetryPausesGrow: pauses are random and bounded by 1, 2, 4, 8, 16 and then 30 seconds; and they reach near the bounds.
func TestRetryPausesGrow(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		const attempts, fetches = 8, 60
		longest := make([]time.Duration, attempts-1)
		for range fetches {
			provider := &memory{answer: always(503)}
			config := simulated(provider)
			config.Attempts, config.Breaker.Faults = attempts, 1000
			if _, err := client(t, config).Fetch(t.Context(), question(t, market.M5, time.Now())); err == nil {
				t.Fatal("a provider that fails gave an answer")
			}
			for i := range longest {
				longest[i] = max(longest[i], provider.sent[i+1].Sub(provider.sent[i]))
			}
		}
		for i, bound := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			if bound *= time.Second; longest[i] > bound+time.Millisecond || longest[i] < bound/2 {
				t.Errorf("the longest of %d pauses number %d was %s, want it in the upper half of %s", fetches, i+1, longest[i], bound)
			}
		}
	})
}

func TestRetryGivesUp(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		for outcome, status := range map[market.Outcome]int{market.OutcomeUpstream: 503, market.OutcomeBroken: 404, market.OutcomeRefused: 403} {
			provider := &memory{answer: always(status)}
			_, err := client(t, simulated(provider)).Fetch(t.Context(), question(t, market.M5, time.Now()))
			want := 1
			if outcome.Fault() {
				want = 4
			}
			var refusal *market.FetchError
			if !errors.As(err, &refusal) || refusal.Outcome != outcome || refusal.Requests != want || provider.count() != want {
				t.Errorf("status %d gave %v after %d requests, want %d", status, err, provider.count(), want)
			}
		}
	})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]func() []string{
		"seconds": func() []string { return []string{"Retry-After", "90"} },
		"date": func() []string {
			skewed := time.Now().Add(48 * time.Hour) // by the provider's own clock
			return []string{"Date", skewed.UTC().Format(http.TimeFormat), "Retry-After", skewed.Add(90 * time.Second).UTC().Format(http.TimeFormat)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(t *testing.T) {
				provider := &memory{}
				provider.answer = func(n int, _ *http.Request) *http.Response {
					if n == 1 {
						return respond(429, "Too Many Requests", header()...)
					}
					return respond(200, oneBar(time.Now()))
				}
				c := client(t, simulated(provider))
				if _, err := c.Fetch(t.Context(), question(t, market.M5, time.Now())); err != nil {
					t.Fatal(err)
				}
				if pause := provider.sent[1].Sub(provider.sent[0]); pause < 90*time.Second || pause > 95*time.Second {
					t.Errorf("came back after %s, want 90s", pause)
				}
			})
		})
	}
}

// TestRetryAfterTooLong: a pause that cannot be sat out is reported at once, and holds for every other fetch too.
func TestRetryAfterTooLong(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := &memory{answer: always(429, "Retry-After", "3600")}
		c := client(t, simulated(provider))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		began := time.Now()
		_, err := c.Fetch(ctx, question(t, market.M5, time.Now()))
		var refusal *market.FetchError
		if !errors.As(err, &refusal) || refusal.Outcome != market.OutcomeThrottled || refusal.RetryAfter != time.Hour {
			t.Fatalf("got %v, want throttled for an hour", err)
		}
		if waited := time.Since(began); waited > time.Second {
			t.Errorf("slept %s in vain", waited)
		}
		_, err = c.Fetch(ctx, question(t, market.M1, time.Now()))
		if !errors.As(err, &refusal) || refusal.Outcome != market.OutcomeCircuitOpen || refusal.RetryAfter > time.Hour || refusal.RetryAfter < 59*time.Minute {
			t.Errorf("another fetch gave %v, want to be held for the rest of the hour", err)
		}
		if provider.count() != 1 {
			t.Errorf("%d requests were sent to a provider that wants none", provider.count())
		}
		if state := c.Health(); state.RetryAfter < 59*time.Minute || !state.LastAnswer.IsZero() {
			t.Errorf("state is %+v", state)
		}
	})
}

// TestRetryAfterHoldsOthers: a short Retry-After of one fetch delays the others instead of failing them.
func TestRetryAfterHoldsOthers(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := &memory{}
		provider.answer = func(n int, _ *http.Request) *http.Response {
			if n == 1 {
				return respond(429, "", "Retry-After", "30")
			}
			return respond(200, oneBar(time.Now()))
		}
		config := simulated(provider)
		config.Attempts = 1
		c := client(t, config)
		if _, err := c.Fetch(t.Context(), question(t, market.M5, time.Now())); market.OutcomeOf(err) != market.OutcomeThrottled {
			t.Fatalf("got %v, want throttled", err)
		}
		if _, err := c.Fetch(t.Context(), question(t, market.M5, time.Now())); err != nil {
			t.Fatal(err)
		}
		if pause := provider.sent[1].Sub(provider.sent[0]); pause < 30*time.Second {
			t.Errorf("the second fetch was sent after %s, want 30s", pause)
		}
	})
}

type budget func(context.Context) (time.Duration, error)

func (b budget) Take(ctx context.Context) (time.Duration, error) { return b(ctx) }

func TestBudgetSpent(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := &memory{answer: always(200)}
		config := simulated(provider)
		config.Budget = budget(func(context.Context) (time.Duration, error) {
			return 0, fmt.Errorf("take: %w", &market.FetchError{Outcome: market.OutcomeBudget, RetryAfter: 5 * time.Hour})
		})
		_, err := client(t, config).Fetch(t.Context(), question(t, market.M5, time.Now()))
		var refusal *market.FetchError
		if !errors.As(err, &refusal) || refusal.Outcome != market.OutcomeBudget || refusal.RetryAfter != 5*time.Hour || refusal.Symbol != "ES=F" {
			t.Errorf("got %v, want the spent budget for ES=F", err)
		}
		if provider.count() != 0 {
			t.Error("a request was sent without a budget")
		}
	})
}

// TestBudgetLost: without its stores no request is sent, and the caller is told when to ask again; the log says it once, and once
// more when they are back.
func TestBudgetLost(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		var log bytes.Buffer
		provider := &memory{answer: func(int, *http.Request) *http.Response { return respond(200, oneBar(time.Now())) }}
		config := simulated(provider)
		config.Logger = slog.New(slog.NewTextHandler(&log, nil))
		back := time.Now().Add(time.Minute)
		config.Budget = budget(func(ctx context.Context) (time.Duration, error) {
			if time.Now().Before(back) {
				<-ctx.Done() // a store that hangs
				return 0, ctx.Err()
			}
			return 0, nil
		})
		c := client(t, config)
		for range 3 {
			_, err := c.Fetch(t.Context(), question(t, market.M5, time.Now()))
			var refusal *market.FetchError
			if !errors.As(err, &refusal) || refusal.Outcome != market.OutcomeBudget || refusal.RetryAfter <= 0 || provider.count() != 0 {
				t.Fatalf("%v, %d requests that nobody counted were sent", err, provider.count())
			}
			time.Sleep(refusal.RetryAfter)
		}
		if _, err := c.Fetch(t.Context(), question(t, market.M5, time.Now())); err != nil {
			t.Fatal(err)
		}
		if lost, back := strings.Count(log.String(), "level=WARN"), strings.Count(log.String(), "is back"); lost != 1 || back != 1 {
			t.Errorf("%d warnings and %d all-clears, want one each:\n%s", lost, back, log.String())
		}
	})
}

// TestPace: over a simulated hour, with faults and retries among the requests, no minute sees more than was allowed.
func TestPace(t *testing.T) {
	t.Parallel()
	for _, perMinute := range []float64{1, 7, 30, 100} {
		t.Run(fmt.Sprint(perMinute), func(t *testing.T) {
			t.Parallel()
			simulate(t, func(t *testing.T) {
				provider := &memory{}
				provider.answer = func(n int, _ *http.Request) *http.Response {
					if n%3 == 0 {
						return respond(503, "")
					}
					return respond(200, oneBar(time.Now()))
				}
				config := simulated(provider)
				config.RequestsPerMinute, config.Breaker.Faults = perMinute, 1000
				c := client(t, config)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				var workers sync.WaitGroup
				for range 5 {
					workers.Go(func() {
						for ctx.Err() == nil {
							if _, err := c.Fetch(ctx, question(t, market.M5, time.Now())); err != nil && market.OutcomeOf(err) == "" {
								return
							}
						}
					})
				}
				workers.Wait()
				if sent := float64(len(provider.sent)); sent < perMinute*60*0.9 {
					t.Errorf("%v requests in an hour, want nearly %v: the pace is too slow", sent, perMinute*60)
				}
				for i := range provider.sent {
					if j := i + int(perMinute); j < len(provider.sent) && provider.sent[j].Sub(provider.sent[i]) <= time.Minute {
						t.Fatalf("%d requests within %s", int(perMinute)+1, provider.sent[j].Sub(provider.sent[i]))
					}
				}
			})
		})
	}
}

// TestCancelWhileWaiting: whatever a fetch waits for, its caller's end is found at once and blamed on nobody.
func TestCancelWhileWaiting(t *testing.T) {
	t.Parallel()
	long := budget(func(context.Context) (time.Duration, error) { return time.Hour, nil })
	for name, c := range map[string]struct {
		answer func(int, *http.Request) *http.Response
		change func(*yahoo.Config)
	}{
		"the shared budget": {always(200), func(c *yahoo.Config) { c.Budget = long }},
		"the pace":          {always(503), func(c *yahoo.Config) { c.RequestsPerMinute = 0.1 }},
		"a retry":           {always(429, "Retry-After", "300"), func(*yahoo.Config) {}},
		"an answer":         {func(int, *http.Request) *http.Response { return nil }, func(c *yahoo.Config) { c.Timeout = time.Hour }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(t *testing.T) {
				config := simulated(&memory{answer: c.answer})
				c.change(&config)
				config.Breaker.Faults = 2
				yahoos := client(t, config)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(20*time.Second, cancel)
				began := time.Now()
				_, err := yahoos.Fetch(ctx, question(t, market.M5, time.Now()))
				if !errors.Is(err, context.Canceled) || market.OutcomeOf(err) != "" {
					t.Errorf("got %v, want context.Canceled without an outcome", err)
				}
				if waited := time.Since(began); waited != 20*time.Second {
					t.Errorf("noticed after %s, want 20s", waited)
				}
			})
		})
	}
}

// TestDeadlineTooShort: a turn that comes after the deadline is not waited for.
func TestDeadlineTooShort(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := &memory{answer: func(int, *http.Request) *http.Response { return respond(200, oneBar(time.Now())) }}
		config := simulated(provider)
		config.RequestsPerMinute = 0.5
		c := client(t, config)
		if _, err := c.Fetch(t.Context(), question(t, market.M5, time.Now())); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if _, err := c.Fetch(ctx, question(t, market.M5, time.Now())); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want context.DeadlineExceeded", err)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %s in vain", waited)
		}
		ctx, cancel = context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		if _, err := c.Fetch(ctx, question(t, market.M5, time.Now())); err != nil {
			t.Errorf("the turn that was given back is lost: %v", err)
		}
	})
}
