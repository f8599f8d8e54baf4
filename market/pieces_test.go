package market_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/calendar"
	"barkeep/market"
)

// TestPiecesFoldToTheWhole: a base folded piece by piece gives the very bars that the whole of it gives, for every pair of
// timeframes, on calendars with breaks, with evening opens, and without a close, also of bars that are off the session or off the
// grid; and each start is in one piece.
func TestPiecesFoldToTheWhole(t *testing.T) {
	t.Parallel()
	pairs := [][2]market.Timeframe{
		{market.M1, market.M3},
		{market.M15, market.M90},
		{market.H1, market.H4},
		{market.H1, market.H12},
		{market.D1, market.W1},
		{market.D1, market.Mo3},
	}
	cut := 0
	rapid.Check(t, func(t *rapid.T) {
		c, err := calendar.Of(rapid.SampledFrom([]string{"XNYS", "XTKS", "XHKG", "CME_EQUITY", calendar.Crypto, calendar.Currencies}).Draw(t, "calendar"))
		if err != nil {
			t.Fatal(err)
		}
		pair := rapid.SampledFrom(pairs).Draw(t, "pair")
		base := market.NewCandles(0)
		start := time.Date(2019, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 400*24*60).Draw(t, "from")) * time.Minute)
		for n := rapid.IntRange(1, 60).Draw(t, "bars"); n > 0; n-- {
			p := float64(rapid.IntRange(-5, 100).Draw(t, "price"))
			base.Append(market.Candle{Start: start, Open: p, High: p + float64(n%3), Low: p - 1, Close: p + 0.5, Volume: int64(n)})
			gap := rapid.SampledFrom([]int{1, 5, 15, 60, 61, 24 * 60, 40 * 24 * 60, 500 * 24 * 60}).Draw(t, "gap")
			start = start.Add(time.Duration(gap) * time.Minute)
		}
		window := market.Window{From: base.At(0).Start, To: start}
		got, at, pieces := market.NewCandles(0), window.From, 0
		market.Pieces(c, pair[0], window, func(piece market.Window) bool {
			if !piece.From.Equal(at) || piece.Empty() {
				t.Fatalf("a piece from %s, want %s", piece.From, at)
			}
			at, pieces = piece.To, pieces+1
			part := market.Resample(base.In(piece), pair[0], pair[1], c, market.FarFuture())
			for i := range part.Len() {
				got.Append(part.At(i))
			}
			return true
		})
		if !at.Equal(window.To) {
			t.Fatalf("the pieces end at %s, want %s", at, window.To)
		}
		cut += pieces - 1
		whole := market.Resample(base, pair[0], pair[1], c, market.FarFuture())
		if got.Len() != whole.Len() {
			t.Fatalf("%d bars from %d pieces, want %d", got.Len(), pieces, whole.Len())
		}
		for i := range whole.Len() {
			if got.At(i) != whole.At(i) {
				t.Fatalf("bar %d from pieces is %+v, want %+v", i, got.At(i), whole.At(i))
			}
		}
	})
	if cut == 0 {
		t.Error("nothing was cut")
	}
}

// TestWhatIsOverIsOneRule: Resample leaves out at an instant exactly the bars whose Timeframe.End is later.
func TestWhatIsOverIsOneRule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, err := calendar.Of(rapid.SampledFrom([]string{"XNYS", "XTKS", "XHKG", "CME_EQUITY", calendar.Crypto, calendar.Currencies}).Draw(t, "calendar"))
		if err != nil {
			t.Fatal(err)
		}
		pair := rapid.SampledFrom([][2]market.Timeframe{
			{market.M15, market.M90}, {market.H1, market.H4}, {market.H1, market.H12}, {market.D1, market.W1}, {market.D1, market.Mo1},
		}).Draw(t, "pair")
		start := time.Date(2025, 11, 20, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 60*24*4).Draw(t, "from")) * 15 * time.Minute)
		base := market.NewCandles(0)
		for range rapid.IntRange(1, 80).Draw(t, "bars") {
			base.Append(market.Candle{Start: start, Open: 1, High: 2, Low: 1, Close: 2, Volume: 1})
			step := max(pair[0].Length(), 15*time.Minute)
			if !pair[0].Intraday() {
				step = 24 * time.Hour
			}
			start = start.Add(step)
		}
		now := start.Add(-time.Duration(rapid.IntRange(-60*24*10, 60*24*10).Draw(t, "now")) * time.Minute)
		want := market.NewCandles(0)
		all := market.Resample(base, pair[0], pair[1], c, market.FarFuture())
		for i := range all.Len() {
			if !pair[1].End(c, all.At(i).Start).After(now) {
				want.Append(all.At(i))
			}
		}
		got := market.Resample(base, pair[0], pair[1], c, now)
		if got.Len() != want.Len() || got.Len() > 0 && got.At(got.Len()-1) != want.At(want.Len()-1) {
			t.Fatalf("%d bars are over by %s, want %d", got.Len(), now, want.Len())
		}
	})
}
