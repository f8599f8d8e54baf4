package market_test

import (
	"math"
	"testing"

	"barkeep/market"
)

// Answers that differ from the archive in some rows: revisions must pass, scales must not.
func TestJudgeRows(t *testing.T) {
	t.Parallel()
	all := func(f float64) func(a *market.Candles, n int) {
		return func(a *market.Candles, _ int) {
			for i := range a.Len() {
				changed(a, i, f)
			}
		}
	}
	one := func(back int, f float64) func(a *market.Candles, n int) {
		return func(a *market.Candles, n int) { changed(a, n-1-back, f) }
	}
	first := func(count int, f float64) func(a *market.Candles, n int) {
		return func(a *market.Candles, _ int) {
			for i := range count {
				changed(a, i, f)
			}
		}
	}
	some := func(from, count int, f float64) func(a *market.Candles, n int) {
		return func(a *market.Candles, _ int) {
			for i := range count {
				changed(a, from+i, f)
			}
		}
	}
	for _, tt := range []struct {
		name    string
		tf      market.Timeframe
		ask     string
		change  func(a *market.Candles, n int) // n rows overlap
		held    bool
		repairs bool // the archive has the odd rows instead
	}{
		{"nothing", market.D1, "2026-06-05", one(0, 1), false, false},
		{"one bar overlaps, revised by 0.5%", market.D1, "2026-06-12", one(0, 1.005), false, false},
		{"one bar overlaps, revised by 10%", market.D1, "2026-06-12", one(0, 1.1), false, false},
		{"one bar overlaps, 3/2", market.D1, "2026-06-12", all(1.5), true, false},
		{"one bar overlaps, 1/4", market.D1, "2026-06-12", all(0.25), true, false},
		{"one bar overlaps, 100", market.D1, "2026-06-12", all(100), true, false},
		{"the last bar by 0.5%", market.D1, "2026-06-08", one(0, 1.005), false, false},
		{"the last bar by 12%", market.D1, "2026-06-08", one(0, 0.88), false, false},
		{"a bar in the middle by up to 30%", market.D1, "2026-06-08", func(a *market.Candles, n int) {
			changed(a, n-3, 1.25)
			a.Open[n-3], a.Low[n-3], a.High[n-3] = a.Open[n-3]*1.02, a.Low[n-3]*0.9, a.High[n-3]*1.04
		}, false, false},
		{"all prices of a bar in the middle by 0.76", market.D1, "2026-06-08", one(2, 0.76), true, false},
		{"5m: a bar in the middle that changes from pounds to pence in it", market.M5, "2026-06-11", func(a *market.Candles, _ int) {
			a.Low[20], a.Close[20] = a.Low[20]/100, a.Close[20]/100
		}, true, false},
		{"5m: a new bar that changes from pence to pounds in it", market.M5, "2026-06-11", func(a *market.Candles, _ int) {
			a.Low[a.Len()-1], a.Close[a.Len()-1] = a.Low[a.Len()-1]/100, a.Close[a.Len()-1]/100
		}, true, false},
		{"a new bar of a ten-thousandth", market.M5, "2026-06-11", func(a *market.Candles, _ int) { changed(a, a.Len()-3, 1e-4) }, true, false},
		{"the last bar by 4", market.D1, "2026-06-08", one(0, 4), true, false},
		{"the first bar by 1/4, as after a split that is not told", market.D1, "2026-06-08", first(1, 0.25), true, false},
		{"the first two by 20/21", market.D1, "2026-06-08", first(2, 20.0/21), true, false},
		{"all by 1.002", market.D1, "2026-06-08", all(1.002), true, false},
		{"all by 1.0001: too little to tell", market.D1, "2026-06-08", all(1.0001), false, false},
		{"5m: all by 1.001", market.M5, "2026-06-11", all(1.001), true, false},
		{"5m: the first 3 by 1.05", market.M5, "2026-06-11", first(3, 1.05), true, false},
		{"the first bar by 2/3 or so", market.D1, "2026-06-08", func(a *market.Candles, _ int) {
			changed(a, 0, 2.0/3)
			a.Low[0] *= 0.98
		}, true, false},
		{"three of six by 1.004, one by 1.007", market.D1, "2026-06-05", func(a *market.Candles, n int) {
			for i, f := range []float64{1.004, 1.004, 1.004, 1.007} {
				changed(a, n-4+i, f)
			}
		}, false, false},
		{"5m: all by 8% to 14%, as another instrument", market.M5, "2026-06-11", func(a *market.Candles, _ int) {
			for i := range a.Len() {
				changed(a, i, 1.08+0.01*float64(i%7))
			}
		}, true, false},
		{"5m: six in the middle by 1.006", market.M5, "2026-06-11", some(40, 6, 1.006), true, false},
		{"5m: four in the middle by 1.006", market.M5, "2026-06-11", some(40, 4, 1.006), false, false},
		{"5m: 25 in the middle by 1.003", market.M5, "2026-06-11", some(40, 25, 1.003), true, false},
		{"5m: 15 in the middle by 1.003", market.M5, "2026-06-11", some(40, 15, 1.003), false, false},
		{"volumes by 3/2 and some", market.D1, "2026-06-05", func(a *market.Candles, n int) {
			for i := range n {
				a.Volume[i] = int64(float64(a.Volume[i]) * (1.5 + 0.002*float64(i)))
			}
		}, true, false},
		{"four volumes by 4", market.D1, "2026-06-09", func(a *market.Candles, n int) {
			for i := range n {
				a.Volume[i] *= 4
			}
		}, true, false},
		{"four volumes by this and that", market.D1, "2026-06-09", func(a *market.Candles, n int) {
			for i := range n {
				a.Volume[i] = int64(float64(a.Volume[i]) * (1.1 + 0.02*float64(i)))
			}
		}, false, false},
		{"5m: 100 times from some row on", market.M5, "2026-06-11", func(a *market.Candles, n int) {
			for i := n / 2; i < a.Len(); i++ {
				changed(a, i, 100)
			}
		}, true, false},
		{"5m: 100 times from a row on that the archive has not", market.M5, "2026-06-11", func(a *market.Candles, n int) {
			for i := n + 5; i < a.Len(); i++ {
				changed(a, i, 100)
			}
		}, true, false},
		{"5m: one row of 100 times among new ones", market.M5, "2026-06-11", func(a *market.Candles, n int) {
			changed(a, n+3, 0.01)
		}, true, false},
		{"5m: the archive had a row of 100 times, and the answer mends it", market.M5, "2026-06-11", one(30, 100), false, true},
		{"5m: the last row of the archive was 100 times", market.M5, "2026-06-11", one(0, 100), false, true},
		{"5m: the newest six at random by up to 1%", market.M5, "2026-06-11", func(a *market.Candles, n int) {
			for i, f := range []float64{1.003, 0.992, 1.0072, 0.9951, 1.0098, 1.0011} {
				changed(a, n-6+i, f)
			}
		}, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newTape(t, "XNYS", tt.tf, "2026-05-18", "2026-06-17", 3, 0.012)
			stored := p.span(t, p.traded, "2026-05-18", "2026-06-13")
			answer := p.span(t, p.traded, tt.ask, "2026-06-17")
			n := answer.In(stored.Span()).Len()
			if tt.repairs {
				stale := p.span(t, p.traded, tt.ask, "2026-06-17")
				tt.change(stale, n)
				stored = joined(stored, stale.Slice(0, n))
			} else {
				tt.change(answer, n)
			}
			v := market.Judge(market.Evidence{Stored: stored, Answer: answer, Calendar: p.cal, Now: at(t, p.cal.Zone, "2026-06-16 17:05")})
			if (v.Held != nil) != tt.held {
				t.Errorf("held back: %+v", v.Held)
			}
			if v.Held != nil && (v.Held.Ratio == 1 || math.IsNaN(v.Held.Ratio) || v.Held.First.IsZero()) {
				t.Errorf("%+v", v.Held)
			}
			if v.Held != nil {
				t.Log(v.Held.Text)
			}
		})
	}
}

// One bar of the overlap lies before a split of 21:20, and it was revised by half of that: what providers do by habit decides.
func TestJudgeSmallSplitOnARevisedBar(t *testing.T) {
	t.Parallel()
	p := newTape(t, "XNYS", market.D1, "2026-02-02", "2026-06-17", 3, 0.012, split(t, "2026-06-15", 21, 20))
	for _, f := range []float64{1.0265, 0.98, 1, 1.01} {
		answer := p.span(t, p.as(1, 1), "2026-06-12", "2026-06-17")
		changed(answer, 0, f)
		v := market.Judge(market.Evidence{
			Stored: p.span(t, p.traded, "2026-02-02", "2026-06-13"), Answer: answer, Told: p.splits, Calendar: p.cal,
			Arrived: arrivedAt(t, p.cal.Zone, "2026-06-12 17:05"), Now: at(t, p.cal.Zone, "2026-06-16 17:05"),
		})
		if v.Held != nil || len(v.Restate) != 1 || len(v.Answer) != 0 {
			t.Errorf("revised by %v: %+v", f, v)
		}
	}
}

// The archive has a jump at one bar, the answer the same jump at another: that is no repair of what lies between.
func TestJudgeJumpAtAnotherBar(t *testing.T) {
	t.Parallel()
	p := newTape(t, "XNYS", market.M5, "2026-05-18", "2026-06-17", 3, 0.012)
	stored, answer := p.span(t, p.traded, "2026-05-18", "2026-06-13"), p.span(t, p.traded, "2026-06-11", "2026-06-17")
	n := answer.In(stored.Span()).Len()
	for i := range 40 {
		changed(stored, stored.Len()-1-i, 4)
	}
	for i := n - 20; i < answer.Len(); i++ {
		changed(answer, i, 4)
	}
	v := market.Judge(market.Evidence{Stored: stored, Answer: answer, Calendar: p.cal, Now: never()})
	if v.Held == nil || v.Held.Rows < 15 {
		t.Errorf("%+v", v.Held)
	}
}
