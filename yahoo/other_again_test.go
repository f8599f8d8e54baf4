package yahoo_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"barkeep/market"
)

// TestAnswersForSomethingElseAreAskedOnceMore: at the other host; the second one ends the fetch.
func TestAnswersForSomethingElseAreAskedOnceMore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers string // o: for something else, r: right, 5: 503
		want    market.Outcome
		sent    int
	}{
		"once":             {"or", "", 2},
		"always":           {"oooo", market.OutcomeOther, 2},
		"a fault between":  {"o5o", market.OutcomeOther, 3},
		"among faults":     {"5o5r", "", 4},
		"right afterwards": {"o5r", "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(t *testing.T) {
				provider := &memory{}
				provider.answer = func(n int, _ *http.Request) *http.Response {
					switch c.answers[n-1] {
					case 'o':
						return respond(200, strings.Replace(oneBar(time.Now()), "ES=F", "NQ=F", 1))
					case '5':
						return respond(503, "")
					default:
						return respond(200, oneBar(time.Now()))
					}
				}
				got, err := client(t, simulated(provider)).Fetch(t.Context(), question(t, market.M5, time.Now()))
				if market.OutcomeOf(err) != c.want || provider.count() != c.sent || c.want == "" && (err != nil || got.Candles.Len() != 1) {
					t.Errorf("got %+v and %v after %d requests, want %q after %d", got, err, provider.count(), c.want, c.sent)
				}
				for i, sent := range provider.urls {
					if host := []string{"http://one/", "http://two/"}[i%2]; !strings.HasPrefix(sent, host) {
						t.Errorf("request %d went to %s, want %s", i+1, sent, host)
					}
				}
			})
		})
	}
}

// TestBreakerCountsAnswersForSomethingElse: once a symbol, whatever the timeframe, until the symbol is answered again.
func TestBreakerCountsAnswersForSomethingElse(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := &memory{answer: func(int, *http.Request) *http.Response {
			return respond(200, strings.Replace(oneBar(time.Now()), "ES=F", "MSFT", 1))
		}}
		c := client(t, simulated(provider))
		for _, timeframe := range []market.Timeframe{market.M1, market.M2, market.M5, market.M15, market.H1, market.D1} {
			if outcome, _ := ask(t, c, "ES", timeframe); outcome != market.OutcomeOther {
				t.Fatalf("%s gave %q", timeframe, outcome)
			}
		}
		for _, name := range []string{"NQ", "YM", "RTY", "GC"} {
			if state := c.Health(); state.Breaker != "closed" {
				t.Fatalf("before %s the circuit is %s", name, state.Breaker)
			}
			ask(t, c, name, market.M5)
		}
		if outcome, _ := ask(t, c, "CL", market.M5); outcome != market.OutcomeCircuitOpen {
			t.Errorf("after five symbols: %q, want an open circuit", outcome)
		}
	})
}

// TestBreakerForgetsAnswersForSomethingElse: a symbol that was answered counts anew, whichever of its series was.
func TestBreakerForgetsAnswersForSomethingElse(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		right := false
		provider := &memory{answer: func(int, *http.Request) *http.Response {
			if right {
				return respond(200, empty)
			}
			return respond(200, strings.Replace(oneBar(time.Now()), "ES=F", "MSFT", 1))
		}}
		c := client(t, simulated(provider))
		ask(t, c, "ES", market.M5)
		right = true
		ask(t, c, "ES", market.H1)
		right = false
		for _, name := range []string{"ES", "NQ", "YM", "RTY", "GC"} {
			ask(t, c, name, market.M5)
		}
		if state := c.Health(); state.Breaker != "open" {
			t.Errorf("after five symbols the circuit is %s", state.Breaker)
		}
	})
}
