package redis_test

import (
	"os"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/store/redis"
)

// places are where the benchmarks run; without BARKEEP_TEST_REDIS in-process only.
func places() map[string]string {
	all := map[string]string{"in-process": ""}
	if url := os.Getenv("BARKEEP_TEST_REDIS"); url != "" {
		all["redis"] = url
	}
	return all
}

func BenchmarkTake(b *testing.B) {
	for name, url := range places() {
		b.Run(name, func(b *testing.B) {
			bud := budget(b, open(b, url, ownPrefix), 1e6, 0)
			for b.Loop() {
				if _, err := bud.Take(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPutNewest puts 500 bars of all timeframes of one instrument, as after one instrument of a sync.
func BenchmarkPutNewest(b *testing.B) {
	for name, url := range places() {
		b.Run(name, func(b *testing.B) {
			s := open(b, url, ownPrefix)
			var entries []redis.Newest
			for _, tf := range market.Timeframes() {
				series := market.Series{Instrument: "ES", Timeframe: tf}
				entries = append(entries, redis.Newest{Series: series, Candles: ramp(1_763_848_800, 500)})
			}
			for b.Loop() {
				if err := s.PutNewestAll(b.Context(), entries); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(entries)*500*b.N)/b.Elapsed().Seconds(), "bars/s")
		})
	}
}

func BenchmarkNewest(b *testing.B) {
	for name, url := range places() {
		b.Run(name, func(b *testing.B) {
			s := open(b, url, ownPrefix)
			if err := s.PutNewest(b.Context(), es5(), ramp(1_763_848_800, 500)); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if c, _, ok, err := s.Newest(b.Context(), es5()); err != nil || !ok || c.Len() != 500 {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

// ownPrefix keeps a benchmark's keys apart.
func ownPrefix(c *redis.Config) { c.Prefix = "bench-" + time.Now().Format("150405.000000") }

// BenchmarkMarkerOfADoneSlot compares the answer for a slot that is done with a bare GET of the same key, taken in turns.
func BenchmarkMarkerOfADoneSlot(b *testing.B) {
	for name, url := range places() {
		b.Run(name, func(b *testing.B) {
			s := open(b, url, ownPrefix)
			m, key := s.Markers(), s.Key("run", slot(0).Key())
			if err := m.Done(b.Context(), slot(0), doneOf(1), time.Hour); err != nil {
				b.Fatal(err)
			}
			var bare, marker time.Duration
			for b.Loop() {
				start := time.Now()
				if err := s.Client().Get(b.Context(), key).Err(); err != nil {
					b.Fatal(err)
				}
				between := time.Now()
				if got, ok, err := m.Get(b.Context(), slot(0)); err != nil || !ok || got.Run != 1 {
					b.Fatal(got, ok, err)
				}
				bare, marker = bare+between.Sub(start), marker+time.Since(between)
			}
			b.ReportMetric(float64(marker)/float64(bare), "x-of-GET")
		})
	}
}
