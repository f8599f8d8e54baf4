package market_test

import (
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// million makes 1,000,000 bars of ES, one after the other.
func million(b *testing.B, cal *calendar.Calendar, tf market.Timeframe) *market.Candles {
	b.Helper()
	bars := market.NewCandles(1_000_000)
	w := market.Window{From: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), To: never()}
	tf.Expected(cal, w, func(start time.Time) bool {
		bars.Append(market.Candle{Start: start, Open: 6000, High: 6000.25, Low: 5999.75, Close: 6000, Volume: 10})
		return bars.Len() < 1_000_000
	})
	return bars
}

func BenchmarkResample(b *testing.B) {
	for _, p := range []pair{{market.M1, market.M3}, {market.M15, market.M90}, {market.H1, market.H4}} {
		for _, root := range []string{"ES", "ZC"} { // without and with a break
			b.Run(root+" "+string(p.to), func(b *testing.B) {
				cal := resolve(b, root).Calendar
				base := million(b, cal, p.from)
				b.ReportAllocs()
				for b.Loop() {
					market.Resample(base, p.from, p.to, cal, never())
				}
				b.ReportMetric(float64(base.Len())*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mbars/s")
			})
		}
	}
}

func BenchmarkSetFlags(b *testing.B) {
	i := resolve(b, "ES")
	bars := million(b, i.Calendar, market.M1)
	b.ReportAllocs()
	for b.Loop() {
		i.SetFlags(market.M1, bars)
	}
	b.ReportMetric(float64(bars.Len())*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mbars/s")
}

func BenchmarkResolve(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		resolve(b, "ES DEC26")
	}
}

func BenchmarkTimeframeLength(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if market.H12.Length() == 0 {
			b.Fatal("12h has no length")
		}
	}
}

// An update of a 1m series overlaps by two sessions of ES, 2,760 bars.
func BenchmarkJudge(b *testing.B) {
	cal := resolve(b, "ES").Calendar
	stored := expected(cal, market.Window{From: at(b, cal.Zone, "2026-05-01 00:00"), To: at(b, cal.Zone, "2026-06-13 00:00")}, market.M1)
	overlap := copied(stored.Slice(stored.Len()-2760, stored.Len()))
	told := []market.Action{{
		Kind: market.ActionSplit, Time: at(b, cal.Zone, "2026-06-12 09:30"), Numerator: 4, Denominator: 1,
	}}
	for _, p := range []struct {
		name   string
		split  []market.Action
		change float64
	}{{"the same", nil, 1}, {"all revised", nil, 1.0002}, {"a split", told, 1}} {
		b.Run(p.name, func(b *testing.B) {
			answer := copied(overlap)
			for i := range answer.Len() {
				changed(answer, i, p.change)
			}
			e := market.Evidence{Stored: stored, Answer: answer, Told: p.split, Calendar: cal, Now: never()}
			b.ReportAllocs()
			for b.Loop() {
				market.Judge(e)
			}
		})
	}
}
