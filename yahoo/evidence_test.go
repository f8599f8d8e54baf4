package yahoo_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"barkeep/market"
)

// sickly answers 500 for some symbols, and nothing new for the others.
func sickly(sick ...string) *memory {
	return &memory{answer: func(_ int, r *http.Request) *http.Response {
		for _, name := range sick {
			if strings.Contains(r.URL.Path, "/"+name+"?") || strings.HasSuffix(r.URL.Path, "/"+name) {
				return respond(500, "")
			}
		}
		return respond(200, empty)
	}}
}

// TestFiveSickAmongTwenty: whatever stands first, five symbols that fail open no circuit, and cost little more than one request a
// series.
func TestFiveSickAmongTwenty(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		sick := []string{"S1", "S2", "S3", "S4", "S5"}
		provider := sickly(sick...)
		config := simulated(provider)
		config.Symbols = 20
		c := client(t, config)
		for range 3 { // runs
			for i := range 20 {
				name, want := fmt.Sprintf("H%d", i), market.OutcomeEmpty
				if i < len(sick) {
					name, want = sick[i], market.OutcomeUpstream
				}
				for _, timeframe := range []market.Timeframe{market.M1, market.M5, market.D1} {
					began := time.Now()
					if got, _ := ask(t, c, name, timeframe); got != want {
						t.Fatalf("%s %s: %q, want %q", name, timeframe, got, want)
					}
					if took := time.Since(began); took > 8*time.Second {
						t.Errorf("%s %s took %s", name, timeframe, took)
					}
				}
			}
			time.Sleep(10 * time.Minute)
		}
		// 4 attempts of the first series of each, 1 of every other; 135 requests for the healthy ones.
		if most := 5*(4+8) + 135; provider.count() > most || c.Health().Breaker != "closed" {
			t.Errorf("%d requests, want at most %d; the circuit is %s", provider.count(), most, c.Health().Breaker)
		}
	})
}

// TestSickBacksOff: a series that failed twice is left alone for a while, and asked again by itself then.
func TestSickBacksOff(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := sickly("S1")
		config := simulated(provider)
		config.Symbols = 20
		c := client(t, config)
		for _, sent := range []int{4, 5, 5} {
			ask(t, c, "S1", market.M5)
			if provider.count() != sent {
				t.Fatalf("%d requests, want %d", provider.count(), sent)
			}
		}
		time.Sleep(31 * time.Second)
		provider.answer = func(int, *http.Request) *http.Response { return respond(200, empty) }
		if got, _ := ask(t, c, "S1", market.M5); got != market.OutcomeEmpty || provider.count() != 6 {
			t.Errorf("half a minute later: %q after %d requests", got, provider.count())
		}
	})
}

// TestAllFail: where all that is kept fails the circuit opens, also with one instrument, and what is held back says why.
func TestAllFail(t *testing.T) {
	t.Parallel()
	for _, kept := range []int{1, 2, 4} {
		t.Run(fmt.Sprint(kept), func(t *testing.T) {
			t.Parallel()
			simulate(t, func(t *testing.T) {
				provider := &memory{answer: always(503)}
				config := simulated(provider)
				config.Symbols = kept
				c := client(t, config)
				for _, timeframe := range []market.Timeframe{market.M1, market.M5} {
					for i := range kept {
						ask(t, c, fmt.Sprintf("S%d", i), timeframe)
					}
				}
				if state := c.Health(); state.Breaker != "open" || !strings.Contains(state.Fault, "503") {
					t.Errorf("%+v, want an open circuit", state)
				}
				_, err := c.Fetch(t.Context(), question(t, market.D1, time.Now()))
				if market.OutcomeOf(err) != market.OutcomeCircuitOpen || !strings.Contains(err.Error(), "the provider fails (HTTP 503)") {
					t.Errorf("held back: %v", err)
				}
			})
		})
	}
}

// TestHostFaults: 429 and 999 are told to the host: they count each time, also of one symbol among many.
func TestHostFaults(t *testing.T) {
	t.Parallel()
	for _, status := range []int{429, 999} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			simulate(t, func(t *testing.T) {
				provider := &memory{answer: always(status)}
				config := simulated(provider)
				config.Symbols = 20
				c := client(t, config)
				ask(t, c, "ES", market.M5)
				ask(t, c, "ES", market.M5)
				if state := c.Health(); state.Breaker != "open" || provider.count() != 5 || state.Remedy == "" {
					t.Errorf("%+v after %d requests, want an open circuit after 5", state, provider.count())
				}
			})
		})
	}
}

// TestFaultIsSaid: from the first fault on it is said what is wrong, until something is answered; one sick symbol is nothing to
// say.
func TestFaultIsSaid(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		provider := sickly("S1")
		config := simulated(provider)
		config.Attempts = 1
		c := client(t, config)
		if state := c.Health(); state.Fault != "" {
			t.Errorf("before anything was asked: %+v", state)
		}
		ask(t, c, "S1", market.M5)
		if state := c.Health(); state.Fault != "the provider fails (HTTP 500)" || state.Remedy == "" || !state.FaultAt.Equal(time.Now()) {
			t.Errorf("after a fault: %+v", state)
		}
		ask(t, c, "ES", market.M5)
		ask(t, c, "S1", market.M5)
		if state := c.Health(); state.Fault != "" {
			t.Errorf("a sick symbol beside a healthy one: %+v", state)
		}
	})
}
