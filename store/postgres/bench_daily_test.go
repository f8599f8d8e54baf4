package postgres_test

import (
	"slices"
	"testing"
	"time"

	"barkeep/market"
)

// BenchmarkDaily stores what a daily import brings: three sessions of a 1m series of which the last is new, in a transaction of
// its own. The slowest of the fastest tenth of the days is reported: a shared machine has bad moments.
func BenchmarkDaily(b *testing.B) {
	const session = 1380
	archive := migrated(b, database(b))
	series := market.Series{Instrument: "ES", Timeframe: market.M1}
	bars := ramp(session * 400)
	upsert(b, archive, series, bars.Slice(0, session*3))
	var days []time.Duration
	for day := 1; b.Loop(); day++ {
		from := day % 397 * session
		if from == 0 {
			b.Fatal("no more days: run fewer")
		}
		part := bars.Slice(from, from+3*session)
		began := time.Now()
		upsert(b, archive, series, part)
		days = append(days, time.Since(began))
	}
	slices.Sort(days)
	b.ReportMetric(float64(days[len(days)/10].Microseconds()), "us/day")
}
