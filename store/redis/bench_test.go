package redis_test

import (
	"os"
	"testing"
	"time"

	"barkeep/store"
	"barkeep/store/redis"
)

// benchmarked is a client with keys of its own.
func benchmarked(b *testing.B) *redis.Client {
	b.Helper()
	url := os.Getenv("BARKEEP_TEST_REDIS")
	if url == "" {
		b.Fatal("BARKEEP_TEST_REDIS is not set: `make bench` provides a Redis server")
	}
	return open(b, url, func(c *redis.Config) { c.Prefix = "bench-" + time.Now().Format("150405.000000") })
}

func BenchmarkTake(b *testing.B) {
	c := benchmarked(b)
	for b.Loop() {
		if _, err := c.Take(b.Context(), "yahoo", store.Limits{PerMinute: 1e6}, store.TakeRequest{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPutNewest puts 500 bars of a series, as after one series of a sync.
func BenchmarkPutNewest(b *testing.B) {
	c, bars := benchmarked(b), ramp(1_763_848_800, 500)
	for b.Loop() {
		if err := c.PutNewest(b.Context(), es5(), 1, bars); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(500*b.N)/b.Elapsed().Seconds(), "bars/s")
}

func BenchmarkNewest(b *testing.B) {
	c := benchmarked(b)
	if err := c.PutNewest(b.Context(), es5(), 1, ramp(1_763_848_800, 500)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, bars, ok, err := c.Newest(b.Context(), es5()); err != nil || !ok || bars.Len() != 500 {
			b.Fatal(ok, err)
		}
	}
}

// BenchmarkMarkerOfADoneSlot compares the answer for a slot that is done with a bare GET of the same key, taken in turns.
func BenchmarkMarkerOfADoneSlot(b *testing.B) {
	c := benchmarked(b)
	m, key := c.Markers(), c.Key("run", slot(0).Key())
	if err := m.Done(b.Context(), slot(0), doneOf(1), time.Hour); err != nil {
		b.Fatal(err)
	}
	var bare, marker time.Duration
	for b.Loop() {
		start := time.Now()
		if err := c.Client().Get(b.Context(), key).Err(); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		if got, ok, err := m.Get(b.Context(), slot(0)); err != nil || !ok || got.Run != 1 {
			b.Fatal(got, ok, err)
		}
		bare, marker = bare+between.Sub(start), marker+time.Since(between)
	}
	b.ReportMetric(float64(marker)/float64(bare), "x-of-GET")
}
