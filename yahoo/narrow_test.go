package yahoo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"barkeep/market"
)

// walled refuses what lies beyond a depth that the caller does not know, in the provider's words.
func walled(depth time.Duration, days int) func(int, *http.Request) *http.Response {
	return func(_ int, r *http.Request) *http.Response {
		period1, err := strconv.ParseInt(r.URL.Query().Get("period1"), 10, 64)
		if err == nil && period1 > time.Now().Add(-depth).Unix() {
			return respond(200, oneBar(time.Now()))
		}
		return respond(422, fmt.Sprintf(`{"chart":{"result":null,"error":{"code":"Unprocessable Entity","description":`+
			`"5m data not available for startTime=1 and endTime=2. The requested range must be within the last %d days."}}}`, days))
	}
}

func TestNarrow(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := &memory{answer: walled(30*day, 30)}
		c := client(t, simulated(provider))
		req := question(t, market.M5, time.Now())
		req.Window.From = time.Now().Add(-60 * day)
		got, err := c.Fetch(t.Context(), req)
		if err != nil || got.Learned != 30*day || got.Requests != 2 || got.Candles.Len() != 1 {
			t.Fatalf("got %+v and %v, want 30 days learned by 2 requests", got, err)
		}
		if wall := time.Now().Add(-30*day + 5*time.Minute); got.Window.From.Before(wall) || got.Window.From.After(wall.Add(4*day)) {
			t.Errorf("window begins %v, want after %v", got.Window.From, wall)
		}
		time.Sleep(10 * time.Hour)
		req.Window.To = time.Now()
		if got, err = c.Fetch(t.Context(), req); err != nil || got.Requests != 1 || got.Learned != 0 {
			t.Errorf("the next fetch gave %+v and %v, want one request: the depth was learned", got, err)
		}
	})
}

// TestNarrowSkewedClock: a provider whose clock is half an hour ahead refuses what looks allowed to us.
func TestNarrowSkewedClock(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := &memory{answer: walled(60*day-30*time.Minute, 60)}
		req := question(t, market.M5, time.Now())
		req.Window.From = time.Now().Add(-60 * day)
		c := client(t, simulated(provider))
		if got, err := c.Fetch(t.Context(), req); err != nil || got.Requests != 2 {
			t.Errorf("got %+v and %v, want an answer to the second request", got, err)
		}
	})
}

// TestNarrowEnds: a provider that refuses whatever is asked for is asked five times, not for ever, and from then on once.
func TestNarrowEnds(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := &memory{answer: walled(0, 60)}
		c := client(t, simulated(provider))
		for _, sent := range []int{5, 6, 7} {
			_, err := c.Fetch(t.Context(), question(t, market.M5, time.Now()))
			var refusal *market.FetchError
			if !errors.As(err, &refusal) || refusal.Outcome != market.OutcomeRange || refusal.Depth != 60*day || provider.count() != sent {
				t.Errorf("got %v after %d requests, want the refusal after %d", err, provider.count(), sent)
			}
		}
	})
}

// TestWindowAtSending: the provider's wall moves while a request waits for its turn.
func TestWindowAtSending(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := &memory{answer: walled(60*day, 60)}
		config := simulated(provider)
		config.Budget = budget(func(context.Context) (time.Duration, error) { return 3 * time.Hour, nil })
		req := question(t, market.M5, time.Now())
		req.Window.From = time.Now().Add(-60 * day)
		got, err := client(t, config).Fetch(t.Context(), req)
		if err != nil || got.Requests != 1 {
			t.Errorf("got %+v and %v, want an answer to the first request", got, err)
		}
	})
}
