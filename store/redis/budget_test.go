package redis_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/store/redis"
)

// crowd calls f times times from each of 8 goroutines on each budget.
func crowd(budgets []*redis.Budget, times int, f func(*redis.Budget)) {
	var wg sync.WaitGroup
	for _, b := range budgets {
		for range 8 {
			wg.Go(func() {
				for range times {
					f(b)
				}
			})
		}
	}
	wg.Wait()
}

// budgets makes the same budget in three processes.
func budgets(t *testing.T, b backend, perMinute float64, perDay int) []*redis.Budget {
	t.Helper()
	var all []*redis.Budget
	for _, s := range b.several(t, 3) {
		all = append(all, budget(t, s, perMinute, perDay))
	}
	return all
}

func TestBudgetSpacesSlotsOverAllClients(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		all := budgets(t, b, 240, 0)
		var mu sync.Mutex
		var slots []time.Time
		crowd(all, 10, func(b *redis.Budget) {
			slot, err := b.Reserve(context.Background())
			if err != nil || !slot.OK {
				t.Error(slot, err)
			}
			mu.Lock()
			slots = append(slots, slot.At)
			mu.Unlock()
		})
		slices.SortFunc(slots, time.Time.Compare)
		for i := 1; i < len(slots); i++ {
			if gap := slots[i].Sub(slots[i-1]); gap < all[0].Interval() {
				t.Fatalf("slots %d and %d of %d are %s apart, want %s", i-1, i, len(slots), gap, all[0].Interval())
			}
		}
	})
}

func TestBudgetHoldsInEveryMinute(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		const perMinute = 120
		var mu sync.Mutex
		var sent []time.Time // by our own clock, as a caller would send
		crowd(budgets(t, b, perMinute, 0), 20, func(b *redis.Budget) {
			wait, err := b.Take(context.Background())
			at := time.Now().Add(wait)
			if err != nil || wait < 0 {
				t.Errorf("wait %s, %v", wait, err)
			}
			mu.Lock()
			sent = append(sent, at)
			mu.Unlock()
		})
		slices.SortFunc(sent, time.Time.Compare)
		if len(sent) != 480 {
			t.Fatalf("%d slots, want 480", len(sent))
		}
		for i := perMinute; i < len(sent); i++ {
			if span := sent[i].Sub(sent[i-perMinute]); span <= time.Minute {
				t.Fatalf("%d requests within %s", perMinute+1, span)
			}
		}
		// Nor is the rate wasted: 479 spacings and little more.
		if span := sent[len(sent)-1].Sub(sent[0]); span > 479*505*time.Millisecond+time.Second {
			t.Errorf("480 requests took %s", span)
		}
	})
}

func TestDailyBudgetIsExact(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		all := budgets(t, b, 1e6, 50)
		var mu sync.Mutex
		granted := 0
		crowd(all, 5, func(b *redis.Budget) {
			_, err := b.Take(context.Background())
			var spent *market.FetchError
			switch {
			case err == nil:
				mu.Lock()
				granted++
				mu.Unlock()
			case !errors.As(err, &spent) || spent.Outcome != market.OutcomeBudget:
				t.Errorf("got %v, want a spent budget", err)
			case spent.RetryAfter <= 0 || spent.RetryAfter > 24*time.Hour:
				t.Errorf("to be tried again in %s", spent.RetryAfter)
			}
		})
		if granted != 50 {
			t.Errorf("%d requests of 120 were granted, want 50", granted)
		}
		if left, err := all[0].Remaining(t.Context()); left != 0 || err != nil {
			t.Errorf("%d left, %v", left, err)
		}
	})
}

func TestRemaining(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		limited, free := budget(t, s, 1e6, 3), budget(t, s, 1e6, 0)
		for want := 3; want >= 1; want-- {
			if left, err := limited.Remaining(t.Context()); left != want || err != nil {
				t.Errorf("%d left, %v, want %d", left, err, want)
			}
			if _, err := limited.Take(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if left, err := free.Remaining(t.Context()); left != -1 || err != nil {
			t.Errorf("without a bound %d are left, %v, want -1", left, err)
		}
		if _, err := free.Take(t.Context()); err != nil {
			t.Errorf("without a bound: %v", err)
		}
	})
}

func TestBudgetOverMidnight(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	s.Server().SetTime(time.Date(2026, 11, 22, 23, 59, 50, 0, time.UTC))
	b := budget(t, s, 60, 10)
	for i := range 20 {
		// 1.01 s apart, so the first ten are for the old day and use it up exactly; the next ten have the new one.
		slot, err := b.Reserve(t.Context())
		if want := time.Duration(i) * 1010 * time.Millisecond; err != nil || !slot.OK || slot.Wait != want {
			t.Fatalf("slot %d: %+v, want a wait of %s, %v", i, slot, want, err)
		}
	}
	_, err := b.Take(t.Context())
	var spent *market.FetchError
	if !errors.As(err, &spent) || spent.RetryAfter != 24*time.Hour+10*time.Second {
		t.Fatalf("the new day's budget is spent in advance; got %v", err)
	}
	if want := "the 10 requests of 2026-11-23 (UTC) are used up"; spent.Reason != want {
		t.Errorf("reason %q, want %q", spent.Reason, want)
	}
	// Refusals take nothing: at the next midnight the budget is whole, and nobody waits.
	s.Server().SetTime(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC))
	if left, err := b.Remaining(t.Context()); left != 10 || err != nil {
		t.Errorf("%d left on the new day, %v", left, err)
	}
	if wait, err := b.Take(t.Context()); wait != 0 || err != nil {
		t.Errorf("wait %s, %v", wait, err)
	}
}

func TestBudgetOutlivesAForgetfulServer(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"redis": startServer(t).URL, "in-process": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, url)
			b := budget(t, s, 6, 3)
			last := time.Time{}
			for i := range 3 {
				slot, err := b.Reserve(t.Context())
				if err != nil || !slot.OK || slot.At.Sub(last) < b.Interval() {
					t.Fatalf("slot %d: %+v after %s, %v", i, slot, last, err)
				}
				last = slot.At
				if err := s.Client().FlushAll(t.Context()).Err(); err != nil {
					t.Fatal(err)
				}
			}
			if left, err := b.Remaining(t.Context()); left != 0 || err != nil {
				t.Errorf("%d left, %v, want 0", left, err)
			}
			if _, err := b.Take(t.Context()); market.OutcomeOf(err) != market.OutcomeBudget {
				t.Errorf("the fourth request of three: %v", err)
			}
		})
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
		bud := budget(t, b.open(t, func(c *redis.Config) { c.Now = now }), 1, 0)
		set := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			late = n
		}
		set(4) // two questions: their slots are given up, the third one's is good
		if wait, err := bud.Take(t.Context()); err != nil || wait < 2*bud.Interval()-time.Minute || wait > 2*bud.Interval() {
			t.Errorf("wait %s, %v, want about two spacings of %s", wait, err, bud.Interval())
		}
		set(math.MaxInt)
		if _, err := bud.Take(t.Context()); !errors.Is(err, redis.ErrUnavailable) {
			t.Errorf("a server that is always late: %v", err)
		}
	})
}

func TestNewBudgetRefusesBadNumbers(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for _, c := range []struct {
		perMinute float64
		perDay    int
		name      string
	}{
		{0, 0, "x"},
		{-1, 0, "x"},
		{math.NaN(), 0, "x"},
		{math.Inf(1), 0, "x"},
		{0.0001, 0, "x"},
		{2e6, 0, "x"},
		{30, -1, "x"},
		{30, 0, ""},
	} {
		if b, err := s.NewBudget(c.perMinute, c.perDay, c.name); err == nil || b != nil {
			t.Errorf("NewBudget(%v, %d, %q) was accepted", c.perMinute, c.perDay, c.name)
		}
	}
}

// TestBudgetLaws takes slots at random times: they never come closer than the spacing, are never in the past, no minute
// sees more than the rate, and no day more than its budget.
func TestBudgetLaws(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		perMinute, perDay := rapid.Float64Range(0.01, 10_000).Draw(t, "perMinute"), rapid.IntRange(0, 20).Draw(t, "perDay")
		b, err := s.NewBudget(perMinute, perDay, "run"+time.Unix(int64(run), 0).String())
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
		var slots []time.Time
		days := map[string]int{}
		for range rapid.IntRange(1, 60).Draw(t, "questions") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(2*b.Interval())).Draw(t, "later")).Truncate(time.Microsecond))
			s.Server().SetTime(now)
			slot, err := b.Reserve(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			day := slot.At.Format(time.DateOnly)
			if refuse := perDay > 0 && days[day] == perDay; slot.OK == refuse {
				t.Fatalf("after %d of %d on %s: %+v", days[day], perDay, day, slot)
			} else if refuse {
				continue
			}
			if !slot.At.Equal(now.Add(slot.Wait)) || slot.Wait < 0 {
				t.Fatalf("at %s: %+v", now, slot)
			}
			slots = append(slots, slot.At)
			days[day]++
		}
		most := int(math.Ceil(perMinute))
		for i := 1; i < len(slots); i++ {
			if gap := slots[i].Sub(slots[i-1]); gap < b.Interval() {
				t.Fatalf("slots %d and %d are %s apart, want %s", i-1, i, gap, b.Interval())
			}
			if i >= most && slots[i].Sub(slots[i-most]) <= time.Minute {
				t.Fatalf("%d slots within %s", most+1, slots[i].Sub(slots[i-most]))
			}
		}
	})
}
