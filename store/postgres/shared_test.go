package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"barkeep/store"
	"barkeep/store/postgres"
	"barkeep/store/storetest"
)

// several opens n archives on one database, as n processes do.
func several(t *testing.T, n int) []*postgres.Archive {
	t.Helper()
	address := database(t)
	all := []*postgres.Archive{migrated(t, address)}
	for len(all) < n {
		all = append(all, migrated(t, address))
	}
	return all
}

func TestLeases(t *testing.T) {
	t.Parallel()
	storetest.Leases{Now: time.Now, Fresh: func(t *testing.T, n int) []store.Leases {
		t.Helper()
		var all []store.Leases
		for _, archive := range several(t, n) {
			all = append(all, archive)
		}
		return all
	}}.Run(t)
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	storetest.Budgets{Now: time.Now, Fresh: func(t *testing.T, n int) []store.Budgets {
		t.Helper()
		var all []store.Budgets
		for _, archive := range several(t, n) {
			all = append(all, archive)
		}
		return all
	}}.Run(t)
}

func BenchmarkTake(b *testing.B) {
	archive := migrated(b, database(b))
	for b.Loop() {
		if _, err := archive.Take(b.Context(), "yahoo", store.Limits{PerMinute: 1e6, PerDay: 1 << 40}, store.TakeRequest{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "takes/s")
}

// BenchmarkTakeOfACrowd takes from one budget with eight callers at once.
func BenchmarkTakeOfACrowd(b *testing.B) {
	archive := migrated(b, database(b))
	var callers sync.WaitGroup
	left := make(chan struct{}, b.N)
	for range b.N {
		left <- struct{}{}
	}
	close(left)
	b.ResetTimer()
	for range 8 {
		callers.Go(func() {
			for range left {
				if _, err := archive.Take(context.Background(), "yahoo", store.Limits{PerMinute: 1e6}, store.TakeRequest{}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	callers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "takes/s")
}

// BenchmarkLease takes the lease of one of 2,200 series and gives it back.
func BenchmarkLease(b *testing.B) {
	archive, n := migrated(b, database(b)), 0
	for b.Loop() {
		n++
		name := "series:" + string(rune('A'+n%2200)) + ":5m"
		if won, err := archive.Acquire(b.Context(), name, "mine", 2*time.Minute); !won || err != nil {
			b.Fatal(won, err)
		}
		if err := archive.Release(b.Context(), name, "mine"); err != nil {
			b.Fatal(err)
		}
	}
}
