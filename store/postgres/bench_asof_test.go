package postgres_test

import (
	"slices"
	"testing"
	"time"

	"barkeep/market"
)

// BenchmarkCandlesAsOf reads 390,000 1m bars that arrived by sessions, as of before one in a hundred of them was revised, in
// turns with a plain read of the same window. The fastest quarter is reported.
func BenchmarkCandlesAsOf(b *testing.B) {
	const session, sessions = 390, 1000
	series := market.Series{Instrument: "ES", Timeframe: market.M1}
	archive, bars := migrated(b, database(b)), ramp(session*sessions)
	for n := range sessions {
		upsert(b, archive, series, bars.Slice(n*session, (n+1)*session))
	}
	at := clock().Add(sessions * time.Microsecond)
	revised := market.NewCandles(0)
	for i := 0; i < bars.Len(); i += 100 {
		bar := bars.At(i)
		bar.Close++
		revised.Append(bar)
	}
	upsert(b, archive, series, revised)
	measure := func(times []time.Duration, read func() (*market.Candles, error)) []time.Duration {
		began := time.Now()
		if got, err := read(); err != nil || got.Len() != bars.Len() {
			b.Fatal(err)
		}
		return append(times, time.Since(began))
	}
	var plain, then []time.Duration
	for b.Loop() {
		plain = measure(plain, func() (*market.Candles, error) { return archive.Candles(b.Context(), series, always()) })
		then = measure(then, func() (*market.Candles, error) {
			return archive.CandlesAsOf(b.Context(), series, always(), at.Add(-time.Microsecond))
		})
	}
	slices.Sort(plain)
	slices.Sort(then)
	b.ReportMetric(float64(plain[len(plain)/4].Milliseconds()), "plain-ms")
	b.ReportMetric(float64(then[len(then)/4].Milliseconds()), "as-of-ms")
}
