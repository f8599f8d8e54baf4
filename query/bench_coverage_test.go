package query_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// BenchmarkCoverage reads the coverage of 1,000 series over a year, each with 20 gaps, on PostgreSQL. The medians are reported:
//
//	status-ms    the sums by timeframe and reason, for /status, `barkeep status` and the metrics
//	series-ms    each series by reason, for /api/v1/coverage
//	gaps-ms      with the 20,000 gaps
//	month-ms     with the cells of a month, for `barkeep coverage`
//	sessions-ms  with the cells of all sessions, some 250,000
func BenchmarkCoverage(b *testing.B) {
	archive := openPostgres(b)
	newest := time.Date(2026, 11, 20, 21, 0, 0, 0, time.UTC)
	fillCoverage(b, archive, market.Window{From: newest.AddDate(-1, 0, 0), To: newest})
	year := query.CoverageRequest{Instrument: market.Resolve}
	gaps, month, sessions := year, year, year
	gaps.Gaps, sessions.Cells, month.Cells = true, true, true
	month.Window.From = newest.AddDate(0, -1, 0)
	ways := map[string]func() error{"status-ms": func() error {
		_, err := query.SumCoverage(b.Context(), archive)
		return err
	}}
	for name, request := range map[string]query.CoverageRequest{
		"series-ms": year, "gaps-ms": gaps, "month-ms": month, "sessions-ms": sessions,
	} {
		ways[name] = func() error {
			all, err := query.ReadCoverage(b.Context(), archive, request)
			if len(all) != 1000 {
				b.Errorf("%d series", len(all))
			}
			return err
		}
	}
	times := map[string][]time.Duration{}
	for b.Loop() {
		for name, read := range ways {
			began := time.Now()
			if err := read(); err != nil {
				b.Fatal(err)
			}
			times[name] = append(times[name], time.Since(began))
		}
	}
	for name, all := range times {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds())/1e3, name)
	}
	b.ReportMetric(0, "ns/op")
}

// fillCoverage gives 1,000 series a coverage with gaps of all reasons.
func fillCoverage(b *testing.B, archive store.Archive, year market.Window) {
	b.Helper()
	tx, err := archive.Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback()
	reasons := market.GapReasons()
	timeframes := []market.Timeframe{
		market.M5, market.M15, market.M30, market.H1, market.M90, market.H2, market.H4, market.H6, market.H8, market.H12,
	}
	for n := range 100 {
		name := fmt.Sprintf("S%c%c", 'A'+n/26, 'A'+n%26)
		i, err := market.Resolve(name)
		if err != nil {
			b.Fatal(err)
		}
		for _, t := range timeframes {
			c := market.Coverage{
				Series: market.Series{Instrument: name, Timeframe: t}, From: year.From, Horizon: year.To, Calendar: i.Calendar.Version(),
			}
			t.Expected(i.Calendar, year, func(time.Time) bool {
				c.Expected++
				return true
			})
			c.Present = c.Expected
			var gaps []market.Gap
			for k := range 20 {
				day := year.From.AddDate(0, 0, 18*k+n%7)
				t.Expected(i.Calendar, market.Window{From: day, To: day.AddDate(0, 0, 5)}, func(start time.Time) bool {
					gaps = append(gaps, market.Gap{
						Series: c.Series, First: start, Last: start, Bars: 1, Reason: reasons[(k+n)%len(reasons)], Seen: start, Next: year.To,
					})
					c.Present--
					return false
				})
			}
			if err := tx.Cover(b.Context(), c, nil, gaps); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := tx.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
}
