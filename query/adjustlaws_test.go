package query_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// drawHistory is a share that nobody split, as traded then, the actions that came, and when.
func drawHistory(t *rapid.T, a *truth) (traded *market.Candles) {
	traded = market.NewCandles(0)
	day, n := newYork().Midnight(date("2026-01-02")), rapid.IntRange(1, 60).Draw(t, "days")
	market.D1.Expected(newYork(), market.Window{From: day, To: day.AddDate(0, 0, n)}, func(start time.Time) bool {
		value := float64(rapid.IntRange(1000, 9000).Draw(t, "price")) / 100
		traded.Append(market.Candle{
			Start: start, Open: value, High: value * 1.25, Low: value / 1.25, Close: value, Volume: rapid.Int64Range(-1, 1e6).Draw(t, "volume"),
		})
		return true
	})
	for range rapid.IntRange(0, 4).Draw(t, "actions") {
		on := date("2026-01-02").AddDays(rapid.IntRange(-3, 63).Draw(t, "on")).String()
		if rapid.Bool().Draw(t, "split") {
			ratio := rapid.SampledFrom([][2]float64{{2, 1}, {4, 1}, {3, 2}, {1, 10}, {7, 1}, {1, 25}}).Draw(t, "ratio")
			a.actions = append(a.actions, split(on, ratio[0], ratio[1]))
		} else {
			a.actions = append(a.actions, dividend(on, float64(rapid.IntRange(1, 300).Draw(t, "amount"))/100))
		}
	}
	return traded
}

// restated is what an archive holds of bars as traded: every split after a bar is applied to it.
func restated(traded *market.Candles, actions []store.Action) *market.Candles {
	out := market.NewCandles(0)
	for i := range traded.Len() {
		b := traded.At(i)
		for _, s := range actions {
			if b.Start.Before(newYork().Midnight(s.Date)) {
				b = market.SplitFactor(s.Action).Apply(b)
			}
		}
		out.Append(b)
	}
	return out
}

// What was traded, restated for splits and read as traded, is what was traded; with dividends reinvested no price is higher and
// none negative; a page is a part of the whole.
func TestAdjustLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := newTruth()
		traded := drawHistory(t, a)
		stored := restated(traded, a.actions)
		a.write(kept(market.D1))
		for i := range stored.Len() {
			a.write(kept(market.D1), stored.At(i))
		}
		if stored.Len() == 0 {
			t.Skip("no days drawn")
		}
		r := a.reader(t)
		none := read(t, r, query.Request{Series: kept(market.D1), Limit: 99, Adjust: query.AdjustNone}).Bars
		total := read(t, r, query.Request{Series: kept(market.D1), Limit: 99, Adjust: query.AdjustTotal}).Bars
		for i := range traded.Len() {
			if !near([]float64{none.Open[i], none.High[i], none.Low[i], none.Close[i]},
				[]float64{traded.Open[i], traded.High[i], traded.Low[i], traded.Close[i]}) {
				t.Fatalf("bar %d is %+v as traded, was %+v", i, none.At(i), traded.At(i))
			}
			if total.Close[i] > stored.Close[i] || total.Close[i] <= 0 || total.Volume[i] != stored.Volume[i] {
				t.Fatalf("bar %d is %+v with dividends reinvested and %+v without", i, total.At(i), stored.At(i))
			}
		}
		if last := traded.Len() - 1; total.At(last) != stored.At(last) && len(a.actions) == 0 {
			t.Fatalf("without actions the last bar is %+v, want %+v", total.At(last), stored.At(last))
		}
		adjust := rapid.SampledFrom([]query.Adjust{query.AdjustNone, query.AdjustTotal}).Draw(t, "adjust")
		whole := map[query.Adjust]*market.Candles{query.AdjustNone: none, query.AdjustTotal: total}[adjust]
		pages(t, r, query.Request{Series: kept(market.D1), Limit: rapid.IntRange(1, 20).Draw(t, "limit"), Adjust: adjust}, whole)
	})
}

// pages reads page after page, and compares them with the whole.
func pages(t *rapid.T, r *query.Reader, request query.Request, whole *market.Candles) {
	n, window := 0, request.Window
	for {
		got := read(t, r, request)
		for i := range got.Bars.Len() {
			if n >= whole.Len() || got.Bars.At(i) != whole.At(n) {
				t.Fatalf("bar %d of the pages is %+v", n, got.Bars.At(i))
			}
			n++
		}
		if got.Next.IsZero() {
			break
		}
		request.Window.From = got.Next
	}
	if n != whole.Len() {
		t.Fatalf("the pages hold %d bars, want %d", n, whole.Len())
	}
	request.Window, request.Newest = window, true
	got := read(t, r, request)
	for i := range got.Bars.Len() {
		if got.Bars.At(i) != whole.At(whole.Len()-got.Bars.Len()+i) {
			t.Fatalf("bar %d of the newest is %+v", i, got.Bars.At(i))
		}
	}
}

// Adjusting stored weeks, months and quarters is folding adjusted days, whatever happened inside: but for the rounding of
// volumes, by half a share a day.
func TestDerivedAdjustsLikeItsBase(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := newTruth()
		stored := restated(drawHistory(t, a), a.actions)
		tf := rapid.SampledFrom([]market.Timeframe{market.W1, market.Mo1, market.Mo3}).Draw(t, "timeframe")
		folded := market.Resample(stored, market.D1, tf, newYork(), fixed().AddDate(1, 0, 0))
		for i := range stored.Len() {
			a.write(kept(market.D1), stored.At(i))
		}
		for i := range folded.Len() {
			a.write(kept(tf), folded.At(i))
		}
		if folded.Len() == 0 {
			t.Skip("no days drawn")
		}
		adjust := rapid.SampledFrom([]query.Adjust{query.AdjustNone, query.AdjustTotal}).Draw(t, "adjust")
		r := a.reader(t)
		days := read(t, r, query.Request{Series: kept(market.D1), Limit: 99, Adjust: adjust}).Bars
		want := market.Resample(days, market.D1, tf, newYork(), fixed().AddDate(1, 0, 0))
		got := read(t, r, query.Request{Series: kept(tf), Limit: 99, Adjust: adjust}).Bars
		for i := range want.Len() {
			g, w := got.At(i), want.At(i)
			if off := g.Volume - w.Volume; off < -46 || off > 46 {
				t.Fatalf("%s: bar %d has the volume %d, want about %d", tf, i, g.Volume, w.Volume)
			}
			if g.Volume = w.Volume; g != w {
				t.Fatalf("%s: bar %d is %+v, want %+v", tf, i, g, w)
			}
		}
		pages(t, r, query.Request{Series: kept(tf), Limit: rapid.IntRange(1, 5).Draw(t, "limit"), Adjust: adjust}, got)
	})
}
