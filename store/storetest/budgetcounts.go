package storetest

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"barkeep/store"
)

// noon is that of the next day whose midnight no test reaches, as a time from now.
func (s Budgets) noon(days int) time.Duration { return s.until(s.midnight(days).Add(12 * time.Hour)) }

// dayAt is the UTC day that lies so far away, in days since 1970.
func (s Budgets) dayAt(after time.Duration) int64 { return s.Now().Add(after).Unix() / 86400 }

// testBudgetKnown tells a budget what another one counts: it counts no fewer from then on, and a smaller number or one of another
// day changes nothing.
func (s Budgets) testBudgetKnown(t *testing.T) {
	ctx, name, limits, all := t.Context(), "known "+rand.Text(), store.Limits{PerMinute: 1e6, PerDay: 10}, s.Fresh(t, 2)
	after := s.noon(0)
	today := s.dayAt(after)
	for i, c := range []struct {
		known store.Count
		want  int
	}{
		{store.Count{}, 1},
		{store.Count{Day: today, Used: 5}, 6},
		{store.Count{Day: today, Used: 2}, 7},
		{store.Count{Day: today - 1, Used: 9}, 8},
		{store.Count{}, 9},
	} {
		grant, err := all[i%2].Take(ctx, name, limits, store.TakeRequest{After: after, Known: c.known})
		if err != nil || grant.Count != (store.Count{Day: today, Used: c.want}) {
			t.Errorf("request %d: %+v, %v, want %d on day %d", i, grant, err, c.want, today)
		}
	}
	grant, err := all[1].Take(ctx, name, limits, store.TakeRequest{After: after, Known: store.Count{Day: today, Used: 10}})
	if !errors.Is(err, store.ErrDayIsSpent) || grant.Count.Used != 10 {
		t.Errorf("ten of ten are known of: %+v, %v", grant, err)
	}
}

// testBudgetDays looks at what a clock that jumps does: the count of a day is found again after another day was counted. Here the
// moments jump.
func (s Budgets) testBudgetDays(t *testing.T) {
	ctx, b, name, limits := t.Context(), s.Fresh(t, 1)[0], "days "+rand.Text(), store.Limits{PerMinute: 1e6, PerDay: 3}
	for _, days := range []int{0, 2, 0, 2, 0} { // more than the horizon apart
		if grant, err := b.Take(ctx, name, limits, store.TakeRequest{After: s.noon(days)}); err != nil ||
			grant.Count.Day != s.dayAt(s.noon(days)) {
			t.Errorf("in %d days: %+v, %v", days, grant, err)
		}
	}
	if _, err := b.Take(ctx, name, limits, store.TakeRequest{After: s.noon(0)}); !errors.Is(err, store.ErrDayIsSpent) {
		t.Errorf("the fourth of three on a day that was left and entered again: %v", err)
	}
	if _, err := b.Take(ctx, name, limits, store.TakeRequest{After: s.noon(2)}); err != nil {
		t.Errorf("the third of three: %v", err)
	}
	if _, err := b.Take(ctx, name, limits, store.TakeRequest{After: s.noon(0)}); !errors.Is(err, store.ErrDayIsSpent) {
		t.Errorf("a spent day that was left and entered again: %v", err)
	}
}

// testBudgetLimits takes with limits that differ: the count is one, and the smaller limit stops earlier.
func (s Budgets) testBudgetLimits(t *testing.T) {
	ctx, name, all, after := t.Context(), "limits "+rand.Text(), s.Fresh(t, 2), s.noon(0)
	small, large := store.Limits{PerMinute: 1e6, PerDay: 2}, store.Limits{PerMinute: 1e6, PerDay: 4}
	for i, c := range []struct {
		limits store.Limits
		spent  bool
	}{{large, false}, {small, false}, {small, true}, {large, false}, {small, true}, {large, false}, {large, true}} {
		_, err := all[i%2].Take(ctx, name, c.limits, store.TakeRequest{After: after})
		if spent := errors.Is(err, store.ErrDayIsSpent); spent != c.spent || (err != nil && !spent) {
			t.Errorf("request %d within %d a day: %v", i, c.limits.PerDay, err)
		}
	}
}

// testBudgetHorizon has a moment reserved in a far future, as by a clock that was set back since: nobody waits for it, and the
// moments after it keep their distance.
func (s Budgets) testBudgetHorizon(t *testing.T) {
	ctx, name, limits, all := t.Context(), "horizon "+rand.Text(), store.Limits{PerMinute: 6, PerDay: 100}, s.Fresh(t, 2)
	if _, err := all[0].Take(ctx, name, limits, store.TakeRequest{After: 40 * 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		want := time.Duration(i) * limits.Spacing()
		if grant, err := all[i%2].Take(ctx, name, limits, store.TakeRequest{}); err != nil || (grant.Wait-want).Abs() > 3*time.Second {
			t.Errorf("request %d may be sent after %s, %v, want %s", i, grant.Wait, err, want)
		}
	}
}

// testBudgetLastSecond asks for moments just before midnight: a request that is sent a little late would be one of the next day.
func (s Budgets) testBudgetLastSecond(t *testing.T) {
	ctx, b, limits, midnight := t.Context(), s.Fresh(t, 1)[0], store.Limits{PerMinute: 6000, PerDay: 1}, s.midnight(0)
	for before, today := range map[time.Duration]bool{3 * time.Second: true, 600 * time.Millisecond: false, -time.Second: false} {
		name := "second " + rand.Text()
		grant, err := b.Take(ctx, name, limits, store.TakeRequest{After: s.until(midnight.Add(-before))})
		if err != nil || (grant.Count.Day == midnight.Unix()/86400) == today {
			t.Errorf("%s before midnight: %+v, %v", before, grant, err)
		}
		if !today && grant.Wait < s.until(midnight) {
			t.Errorf("%s before midnight: to be sent after %s, before the day that it counts for", before, grant.Wait)
		}
	}
}
