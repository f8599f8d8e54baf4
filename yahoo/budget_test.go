package yahoo_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo"
)

// counted is a budget that counts what is taken from it.
type counted struct{ atomic.Int64 }

func (c *counted) Take(context.Context) (time.Duration, error) {
	c.Add(1)
	return 0, nil
}

// TestEveryRequestTakesOnce counts the requests that arrive, however they come about, against what the budget was asked for.
func TestEveryRequestTakesOnce(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request, n int){
		"answers":  func(w http.ResponseWriter, _ *http.Request, _ int) { fmt.Fprint(w, empty) },
		"retries":  func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusBadGateway) },
		"throttle": func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusTooManyRequests) },
		"redirects": func(w http.ResponseWriter, r *http.Request, _ int) {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		},
		"narrowed": func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, `{"chart":{"result":null,"error":{"code":"Unprocessable Entity","description":"5m data not available for `+
				`startTime=1 and endTime=2. The requested range must be within the last 60 days."}}}`)
		},
		// net/http sends a GET again by itself when a connection that it used before ends without an answer.
		"cut off": func(w http.ResponseWriter, _ *http.Request, n int) {
			if n%2 == 1 {
				fmt.Fprint(w, empty)
				return
			}
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				conn.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var arrived atomic.Int64
			handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r, int(arrived.Add(1))) })
			var hosts []string
			for range 2 {
				server := httptest.NewServer(handler)
				t.Cleanup(server.Close)
				hosts = append(hosts, server.URL)
			}
			budget := &counted{}
			c := client(t, yahoo.Config{
				BaseURLs: hosts, RequestsPerMinute: 1e6, Attempts: 3, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Budget: budget,
			})
			sent := 0
			for range 4 {
				result, err := c.Fetch(t.Context(), question(t, market.M5, time.Now()))
				var refusal *market.FetchError
				if errors.As(err, &refusal) {
					sent += refusal.Requests
				} else if err == nil {
					sent += result.Requests
				}
			}
			if n := arrived.Load(); n == 0 || n != budget.Load() || n != int64(sent) {
				t.Errorf("%d requests arrived, %d were taken from the budget, %d reported", n, budget.Load(), sent)
			}
		})
	}
}

// TestATrialTakesOnce: while one request tries whether the provider has recovered, the others take nothing of the budget.
func TestATrialTakesOnce(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider, budget := &memory{answer: always(503)}, &counted{}
		config := simulated(provider)
		config.Attempts, config.Budget = 1, budget
		c := client(t, config)
		names := []string{"ES", "NQ", "YM", "RTY", "CL"}
		for _, name := range names {
			ask(t, c, name, market.M5)
		}
		provider.answer = func(int, *http.Request) *http.Response { return nil } // the trial takes as long as it may
		time.Sleep(61 * time.Second)
		var fetchers sync.WaitGroup
		for i, name := range names {
			fetchers.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				ask(t, c, name, market.M5)
			})
		}
		fetchers.Wait()
		if n := provider.count(); n != 6 || budget.Load() != 6 {
			t.Errorf("%d requests arrived and %d were taken, want five and a trial", n, budget.Load())
		}
	})
}

// TestACancelledTrialMakesRoom: the next request tries in its place.
func TestACancelledTrialMakesRoom(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := &memory{answer: always(503)}
		config := simulated(provider)
		config.Attempts = 1
		c := client(t, config)
		for _, name := range []string{"ES", "NQ", "YM", "RTY", "CL"} {
			ask(t, c, name, market.M5)
		}
		provider.answer = func(int, *http.Request) *http.Response { return nil }
		time.Sleep(61 * time.Second)
		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Fetch(brief, question(t, market.M5, time.Now())); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("the trial gave %v", err)
		}
		provider.answer = always(200)
		if outcome, _ := ask(t, c, "NQ", market.M5); outcome == market.OutcomeCircuitOpen || provider.count() != 7 {
			t.Errorf("after a cancelled trial: %q, %d requests, want another one", outcome, provider.count())
		}
	})
}
