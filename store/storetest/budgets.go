package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/store"
)

// Budgets is the suite of whatever keeps budgets.
type Budgets struct {
	Now func() time.Time
	// Fresh makes n clients that share them, as n processes do.
	Fresh func(t *testing.T, n int) []store.Budgets
}

// Run runs the suite. Every test is parallel.
func (s Budgets) Run(t *testing.T) {
	t.Helper()
	for name, test := range map[string]func(*testing.T){
		"budgets: no minute sees more over all clients": s.testBudgetMinute,
		"budgets: no day sees more over all clients":    s.testBudgetDay,
		"budgets: what is left of the day":              s.testBudgetRemaining,
		"budgets: over midnight":                        s.testBudgetMidnight,
		"budgets: not before the moment asked for":      s.testBudgetAfter,
		"budgets: whatever is asked":                    s.testBudgetLaws,
		"budgets: names do not share":                   s.testBudgetNames,
		"budgets: what cannot be one is refused":        s.testBudgetRefused,
		"budgets: what is known elsewhere counts":       s.testBudgetKnown,
		"budgets: a day has one count":                  s.testBudgetDays,
		"budgets: no moment in a day's last second":     s.testBudgetLastSecond,
		"budgets: limits that differ":                   s.testBudgetLimits,
		"budgets: a moment out of reach":                s.testBudgetHorizon,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// moment is when a request may be sent, by our clock: the answer does not say it more exactly.
type moment struct{ earliest, latest time.Time }

// take asks for a moment.
func (s Budgets) take(
	ctx context.Context, b store.Budgets, name string, limits store.Limits, after time.Duration,
) (moment, time.Duration, error) {
	asked := s.Now()
	grant, err := b.Take(ctx, name, limits, store.TakeRequest{After: after})
	wait := grant.Wait
	return moment{asked.Add(wait), s.Now().Add(wait)}, wait, err
}

func (s Budgets) until(t time.Time) time.Duration { return t.Sub(s.Now()) }

// wait is the part of a grant that most tests look at.
func wait(g store.Grant, err error) (time.Duration, error) { return g.Wait, err }

// crowd calls take so many times from each of 4 goroutines of each client.
func crowd(all []store.Budgets, times int, take func(store.Budgets)) {
	var callers sync.WaitGroup
	for _, b := range all {
		for range 4 {
			callers.Go(func() {
				for range times {
					take(b)
				}
			})
		}
	}
	callers.Wait()
}

// spaced checks that moments lie a spacing apart.
func spaced(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, moments []moment, limits store.Limits,
) {
	t.Helper()
	for i := 1; i < len(moments); i++ {
		if gap := moments[i].latest.Sub(moments[i-1].earliest); gap < limits.Spacing() {
			t.Fatalf("moments %d and %d of %d are %s apart, want %s", i-1, i, len(moments), gap, limits.Spacing())
		}
	}
}

// midnight is the next one (UTC) that no test reaches while it runs, and n days later.
func (s Budgets) midnight(days int) time.Time {
	return s.Now().UTC().Add(time.Hour).Truncate(24*time.Hour).AddDate(0, 0, 1+days)
}

func (s Budgets) testBudgetMinute(t *testing.T) {
	name, limits := "minute "+rand.Text(), store.Limits{PerMinute: 120}
	var mu sync.Mutex
	var moments []moment
	late := 0
	crowd(s.Fresh(t, 3), 12, func(b store.Budgets) {
		began := s.Now()
		m, wait, err := s.take(t.Context(), b, name, limits, 0)
		if err != nil || wait < 0 {
			t.Errorf("wait %s, %v", wait, err)
		}
		mu.Lock()
		defer mu.Unlock()
		if moments = append(moments, m); s.Now().Sub(began) > store.MaxDelay {
			late += 3
		}
	})
	if len(moments) != 144 {
		t.Fatalf("%d moments, want 144", len(moments))
	}
	// The n-th moment lies between the n-th of those at the earliest and the n-th of those at the latest.
	var earliest, latest []time.Time
	for _, m := range moments {
		earliest, latest = append(earliest, m.earliest), append(latest, m.latest)
	}
	slices.SortFunc(earliest, time.Time.Compare)
	slices.SortFunc(latest, time.Time.Compare)
	for i := 120; i < len(moments); i++ {
		if span := latest[i].Sub(earliest[i-120]); span <= time.Minute {
			t.Fatalf("121 requests within %s", span)
		}
	}
	// Nor is the rate wasted, but for what is given up because the answer was late.
	if span := earliest[143].Sub(latest[0]); span > time.Duration(143+late)*limits.Spacing()+time.Second {
		t.Errorf("144 requests take %s", span)
	}
}

func (s Budgets) testBudgetDay(t *testing.T) {
	name, limits, all := "day "+rand.Text(), store.Limits{PerMinute: 1e6, PerDay: 50}, s.Fresh(t, 3)
	noon := s.midnight(0).Add(12 * time.Hour)
	var mu sync.Mutex
	granted, late := 0, 0
	crowd(all, 8, func(b store.Budgets) {
		began := s.Now()
		grant, err := b.Take(t.Context(), name, limits, store.TakeRequest{After: s.until(noon)})
		mu.Lock()
		defer mu.Unlock()
		if s.Now().Sub(began) > store.MaxDelay {
			late += 3
		}
		switch {
		case err == nil:
			granted++
		case !errors.Is(err, store.ErrDayIsSpent):
			t.Errorf("got %v, want a day that is spent", err)
		case (grant.Wait - s.until(s.midnight(1))).Abs() > 5*time.Second:
			t.Errorf("to be tried again in %s, want the midnight after noon", grant.Wait)
		}
	})
	if granted > 50 || granted < 50-late { // what is given up because the answer was late counts
		t.Errorf("%d requests of 96 were granted, want 50", granted)
	}
}

func (s Budgets) testBudgetRemaining(t *testing.T) {
	ctx, name, limits, all := t.Context(), "left "+rand.Text(), store.Limits{PerMinute: 1e6, PerDay: 3}, s.Fresh(t, 2)
	for want := 3; want >= 1; want-- {
		if left, err := all[1].Remaining(ctx, name, limits); left != want || err != nil {
			t.Errorf("%d left, %v, want %d", left, err, want)
		}
		if _, err := all[0].Take(ctx, name, limits, store.TakeRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, err := all[1].Take(ctx, name, limits, store.TakeRequest{}); !errors.Is(err, store.ErrDayIsSpent) {
			t.Errorf("the fourth of three: %v", err)
		}
		if left, err := all[0].Remaining(ctx, name, limits); left != 0 || err != nil {
			t.Errorf("%d left, %v, want 0", left, err)
		}
	}
	limits.PerDay = 0
	if left, err := all[1].Remaining(ctx, name, limits); left != -1 || err != nil {
		t.Errorf("without a bound %d are left, %v, want -1", left, err)
	}
	if _, err := all[1].Take(ctx, name, limits, store.TakeRequest{}); err != nil {
		t.Errorf("without a bound: %v", err)
	}
}

func (s Budgets) testBudgetMidnight(t *testing.T) {
	ctx, b, name, limits := t.Context(), s.Fresh(t, 1)[0], "midnight "+rand.Text(), store.Limits{PerMinute: 6, PerDay: 10}
	first := s.midnight(0).Add(-95 * time.Second)
	for i := range 20 {
		// They are 10.1 s apart: the first ten are for the old day and use it up exactly; the next ten have the new one.
		want := first.Add(time.Duration(i) * limits.Spacing())
		m, _, err := s.take(ctx, b, name, limits, s.until(first))
		if err != nil || m.latest.Before(want.Add(-50*time.Millisecond)) || m.earliest.After(want.Add(3*time.Second)) {
			t.Fatalf("request %d may be sent at %s, %v, want %s", i, m.latest, err, want)
		}
	}
	m, _, err := s.take(ctx, b, name, limits, s.until(first))
	if next := s.midnight(1); !errors.Is(err, store.ErrDayIsSpent) || m.latest.Before(next) || m.earliest.After(next) {
		t.Errorf("the new day is spent in advance; got %s, %v, want %s", m.latest, err, next)
	}
	// Refusals take nothing: the day after that is whole, and nobody waits.
	after := s.until(s.midnight(1).Add(time.Hour))
	if _, wait, err := s.take(ctx, b, name, limits, after); err != nil || (wait-after).Abs() > time.Second {
		t.Errorf("wait %s, %v, want %s", wait, err, after)
	}
}

func (s Budgets) testBudgetAfter(t *testing.T) {
	ctx, b, name, limits := t.Context(), s.Fresh(t, 1)[0], "after "+rand.Text(), store.Limits{PerMinute: 1}
	for i, c := range []struct{ after, want time.Duration }{
		{0, 0},
		{30 * time.Second, limits.Spacing()}, // within the spacing
		{10 * time.Minute, 10 * time.Minute},
		{0, 10*time.Minute + limits.Spacing()}, // nobody passes a moment that was given away
		{-time.Hour, 10*time.Minute + 2*limits.Spacing()},
	} {
		wait, err := wait(b.Take(ctx, name, limits, store.TakeRequest{After: c.after}))
		if err != nil || (wait-c.want).Abs() > 2*time.Second {
			t.Errorf("request %d, after %s: wait %s, %v, want %s", i, c.after, wait, err, c.want)
		}
	}
}

func (s Budgets) testBudgetNames(t *testing.T) {
	ctx, b, name, limits := t.Context(), s.Fresh(t, 1)[0], "name "+rand.Text(), store.Limits{PerMinute: 1, PerDay: 1}
	for _, name := range []string{name + "a", name + "b"} {
		if wait, err := wait(b.Take(ctx, name, limits, store.TakeRequest{})); wait != 0 || err != nil {
			t.Errorf("%s: wait %s, %v", name, wait, err)
		}
	}
}

func (s Budgets) testBudgetRefused(t *testing.T) {
	ctx, b := t.Context(), s.Fresh(t, 1)[0]
	for _, c := range []struct {
		name   string
		limits store.Limits
	}{
		{"x", store.Limits{}},
		{"x", store.Limits{PerMinute: -1}},
		{"x", store.Limits{PerMinute: math.NaN()}},
		{"x", store.Limits{PerMinute: math.Inf(1)}},
		{"x", store.Limits{PerMinute: 0.0001}},
		{"x", store.Limits{PerMinute: 2e6}},
		{"x", store.Limits{PerMinute: 30, PerDay: -1}},
		{"", store.Limits{PerMinute: 30}},
	} {
		if _, err := b.Take(ctx, c.name, c.limits, store.TakeRequest{}); err == nil {
			t.Errorf("Take from %q within %+v was accepted", c.name, c.limits)
		}
		if _, err := b.Remaining(ctx, c.name, c.limits); err == nil {
			t.Errorf("Remaining of %q within %+v was accepted", c.name, c.limits)
		}
	}
}

// testBudgetLaws takes moments at random distances: they never come closer than the spacing, are never before the moment
// asked for, and no day sees more than its limit.
func (s Budgets) testBudgetLaws(t *testing.T) {
	b := s.Fresh(t, 1)[0]
	rapid.Check(t, func(r *rapid.T) {
		limits := store.Limits{
			PerMinute: rapid.Float64Range(0.01, 10_000).Draw(r, "perMinute"), PerDay: rapid.IntRange(0, 6).Draw(r, "perDay"),
		}
		name, day, today, late := "laws "+rand.Text(), s.midnight(0), 0, 0
		var moments []moment
		for range rapid.IntRange(1, 15).Draw(r, "requests") {
			// Noon of a day, and so far from midnight that the length of a test does not matter.
			asked := day.Add(12*time.Hour + time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(r, "later")))
			after := s.until(asked)
			began := s.Now()
			m, wait, err := s.take(t.Context(), b, name, limits, after)
			if s.Now().Sub(began) > store.MaxDelay {
				late += 3 // what is given up because the answer was late counts
			}
			if errors.Is(err, store.ErrDayIsSpent) {
				if limits.PerDay == 0 || today+late < limits.PerDay {
					r.Fatalf("refused after %d of %d", today, limits.PerDay)
				}
				day, today = day.AddDate(0, 0, 1), 0
				continue
			}
			if err != nil || m.latest.Before(asked.Add(-time.Millisecond)) {
				r.Fatalf("after %s: wait %s, %v", after, wait, err)
			}
			if !m.earliest.Before(day.AddDate(0, 0, 1)) { // pushed into a later day by the spacing
				day, today = m.earliest.UTC().Truncate(24*time.Hour), 0
			}
			if today++; limits.PerDay > 0 && today > limits.PerDay {
				r.Fatalf("request %d of %d on %s", today, limits.PerDay, day)
			}
			moments = append(moments, m)
		}
		spaced(r, moments, limits)
	})
}
