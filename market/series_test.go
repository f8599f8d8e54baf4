package market_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
)

// window draws a window within a minute, now and then an empty one.
func window(t *rapid.T, name string) market.Window {
	at := rapid.Int64Range(0, 60)
	return market.Window{From: time.Unix(at.Draw(t, name+" from"), 0), To: time.Unix(at.Draw(t, name+" to"), 0)}
}

func TestWindowLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := window(t, "a"), window(t, "b")
		union, flipped := a.Union(b), b.Union(a)
		if union.Empty() != flipped.Empty() || !union.Empty() && union != flipped {
			t.Fatalf("%v and %v: %v or %v", a, b, union, flipped)
		}
		if a.Empty() != (a.Length() == 0) || a.Length() < 0 {
			t.Fatalf("%v: empty %t, length %v", a, a.Empty(), a.Length())
		}
		moment := time.Unix(rapid.Int64Range(0, 60).Draw(t, "moment"), 0)
		if (a.Contains(moment) || b.Contains(moment)) && !union.Contains(moment) {
			t.Fatalf("%v lies in %v or %v, and not in %v", moment, a, b, union)
		}
		if a.Empty() && a.Contains(moment) {
			t.Fatalf("%v contains %v", a, moment)
		}
		if !union.Empty() { // both ends come of one of the two
			if first := union.From; !a.Contains(first) && !b.Contains(first) {
				t.Fatalf("union of %v and %v starts %v", a, b, first)
			}
			if last := union.To.Add(-1); !a.Contains(last) && !b.Contains(last) {
				t.Fatalf("union of %v and %v ends %v", a, b, union.To)
			}
		}
	})
}

func TestWindowIsHalfOpen(t *testing.T) {
	t.Parallel()
	w := market.Window{From: time.Unix(10, 0), To: time.Unix(20, 0)}
	if !w.Contains(w.From) || w.Contains(w.To) || w.Length() != 10*time.Second {
		t.Errorf("%v contains its start %t, its end %t", w, w.Contains(w.From), w.Contains(w.To))
	}
}

func TestStoredAdds(t *testing.T) {
	t.Parallel()
	touched := func(from, to int64) market.Window {
		return market.Window{From: time.Unix(from, 0), To: time.Unix(to, 0)}
	}
	sum := market.Stored{}.
		Add(market.Stored{Inserted: 1, Changed: 2, Unchanged: 3, Touched: touched(50, 60)}).
		Add(market.Stored{Unchanged: 7}).
		Add(market.Stored{Inserted: 10, Touched: touched(10, 20)})
	if want := (market.Stored{Inserted: 11, Changed: 2, Unchanged: 10, Touched: touched(10, 60)}); sum != want {
		t.Errorf("sum is %+v, want %+v", sum, want)
	}
}

func TestSeriesString(t *testing.T) {
	t.Parallel()
	if got := (market.Series{Instrument: "ES", Timeframe: market.M5}).String(); got != "ES 5m" {
		t.Errorf("String() = %q", got)
	}
}

func TestFetchError(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("cell: %w", &market.FetchError{
		Outcome: market.OutcomeThrottled, Symbol: "ES=F", Timeframe: market.M5, Status: 429,
		Reason: "Too Many Requests", Err: context.Canceled,
	})
	if got := market.OutcomeOf(err); got != market.OutcomeThrottled {
		t.Errorf("outcome %q", got)
	}
	if !errors.Is(err, context.Canceled) {
		t.Error("the cause is lost")
	}
	for _, part := range []string{"ES=F", "5m", "throttled", "429", "Too Many Requests"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
	if got := market.OutcomeOf(context.Canceled); got != "" {
		t.Errorf("outcome of another error is %q", got)
	}
}

func TestFaultsAreTheProvidersOwn(t *testing.T) {
	t.Parallel()
	for outcome, fault := range map[market.Outcome]bool{
		market.OutcomeBars: false, market.OutcomeEmpty: false, market.OutcomeNotFound: false, market.OutcomeRange: false,
		market.OutcomeThrottled: true, market.OutcomeUpstream: true, market.OutcomeBroken: true, market.OutcomeOther: true, market.OutcomeRefused: false,
		market.OutcomeCircuitOpen: false, market.OutcomeBudget: false,
	} {
		if outcome.Fault() != fault {
			t.Errorf("%q is a fault: %t", outcome, outcome.Fault())
		}
	}
}
