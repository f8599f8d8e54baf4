package redis_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"barkeep/store"
	"barkeep/store/redis"
	"barkeep/store/storetest"
)

func TestBudgets(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		storetest.Budgets{Now: time.Now, Fresh: func(t *testing.T, n int) []store.Budgets {
			t.Helper()
			var all []store.Budgets
			for range n {
				all = append(all, b.open(t))
			}
			return all
		}}.Run(t)
	})
}

// TestBudgetSpacesExactly looks at the moments by the server's clock.
func TestBudgetSpacesExactly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		limits := store.Limits{PerMinute: 240}
		var mu sync.Mutex
		var moments []time.Time
		var callers sync.WaitGroup
		for range 3 {
			c := b.open(t)
			for range 8 {
				callers.Go(func() {
					for range 10 {
						slot, err := c.Reserve(context.Background(), "exact", limits)
						if err != nil || !slot.OK {
							t.Error(slot, err)
						}
						mu.Lock()
						moments = append(moments, slot.At)
						mu.Unlock()
					}
				})
			}
		}
		callers.Wait()
		slices.SortFunc(moments, time.Time.Compare)
		for i := 1; i < len(moments); i++ {
			if gap := moments[i].Sub(moments[i-1]); gap < limits.Spacing() {
				t.Fatalf("moments %d and %d of %d are %s apart, want %s", i-1, i, len(moments), gap, limits.Spacing())
			}
		}
	})
}

func TestBudgetOutlivesAForgetfulServer(t *testing.T) {
	t.Parallel()
	c, limits := open(t, startServer(t).URL), store.Limits{PerMinute: 6, PerDay: 3}
	last := time.Time{}
	for i := range 3 {
		slot, err := c.Reserve(t.Context(), "yahoo", limits)
		if err != nil || !slot.OK || slot.At.Sub(last) < limits.Spacing() {
			t.Fatalf("slot %d: %+v after %s, %v", i, slot, last, err)
		}
		last = slot.At
		if err := c.Client().FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := c.Remaining(t.Context(), "yahoo", limits); left != 0 || err != nil {
		t.Errorf("%d left, %v, want 0", left, err)
	}
	if _, err := c.Take(t.Context(), "yahoo", limits, store.TakeRequest{}); !errors.Is(err, store.ErrDayIsSpent) {
		t.Errorf("the fourth request of three: %v", err)
	}
}

func TestSlotOfALateAnswerIsGivenUp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		var mu sync.Mutex
		clock, late := time.Unix(0, 0), 0
		// Each look at the clock takes 0.6 s while answers are late.
		now := func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			if late > 0 {
				late--
				clock = clock.Add(600 * time.Millisecond)
			}
			return clock
		}
		c, limits := b.open(t, func(c *redis.Config) { c.Now = now }), store.Limits{PerMinute: 1}
		set := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			late = n
		}
		set(4) // two calls: their moments are given up, the third one's is good
		if grant, err := c.Take(t.Context(), "late", limits, store.TakeRequest{}); err != nil || (grant.Wait-2*limits.Spacing()).Abs() > 30*time.Second {
			t.Errorf("wait %s, %v, want about two spacings of %s", grant.Wait, err, limits.Spacing())
		}
		set(math.MaxInt)
		if _, err := c.Take(t.Context(), "late", limits, store.TakeRequest{}); !errors.Is(err, redis.ErrUnavailable) {
			t.Errorf("a server that is always late: %v", err)
		}
	})
}

// TestBudgetOfThePreviousRelease goes on with what a process counted that knows one day only, and keeps that up to date.
func TestBudgetOfThePreviousRelease(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		c, limits := b.open(t), store.Limits{PerMinute: 6000, PerDay: 5}
		noon := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 2).Add(12 * time.Hour)
		day, key := noon.Unix()/86400, c.Key("budget", "previous")
		if err := c.Client().HSet(t.Context(), key, "next", noon.UnixMicro(), "day", day, "used", 3).Err(); err != nil {
			t.Fatal(err)
		}
		ask := store.TakeRequest{After: time.Until(noon)}
		if grant, err := c.Take(t.Context(), "previous", limits, ask); err != nil || grant.Count != (store.Count{Day: day, Used: 4}) {
			t.Errorf("%+v, %v, want the fourth request of day %d", grant, err, day)
		}
		if n, err := c.Client().HGet(t.Context(), key, "used").Int(); n != 4 || err != nil {
			t.Errorf("the previous release reads %d, %v", n, err)
		}
		if err := c.Client().HSet(t.Context(), key, "used", 5).Err(); err != nil { // it grants one more
			t.Fatal(err)
		}
		if _, err := b.open(t).Take(t.Context(), "previous", limits, ask); !errors.Is(err, store.ErrDayIsSpent) {
			t.Errorf("the sixth of five: %v", err)
		}
	})
}
