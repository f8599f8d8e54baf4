package market_test

import (
	"testing"

	"barkeep/market"
)

// priced makes bars of one price each, "15:04 price" on 9 March 2026 in New York, of 10 units; with ! after it the bar is
// impossible.
func priced(t *testing.T, name string, rows ...string) (*market.Candles, market.Instrument) {
	t.Helper()
	i, bars := resolve(t, name), market.NewCandles(0)
	for _, row := range rows {
		var flag market.Flag
		if row[len(row)-1] == '!' {
			row, flag = row[:len(row)-1], market.FlagImpossible
		}
		price := float64(row[len(row)-1] - '0')
		bars.Append(market.Candle{
			Start: at(t, resolve(t, "ES").Calendar.Zone, "2026-03-09 "+row[:5]), Open: price, High: price, Low: price, Close: price, Volume: 10, Flags: flag,
		})
	}
	i.SetFlags(market.M15, bars)
	return bars, i
}

// Nothing of an impossible bar gets into a longer one: it is incomplete, or is not there where nothing else is.
func TestResampleUsesNothingOfImpossibleBars(t *testing.T) {
	t.Parallel()
	base, es := priced(t, "ES", "10:00 5", "10:15 0!", "10:30 9!", "10:45 1!", "11:00 6!", "11:15 6", "11:30 7", "11:45 8!")
	got := market.Resample(base, market.M15, market.M30, es.Calendar, never())
	want := market.NewCandles(0)
	for _, b := range []market.Candle{
		{Start: base.At(0).Start, Open: 5, High: 5, Low: 5, Close: 5, Volume: 10, Flags: market.FlagIncomplete},
		{Start: base.At(4).Start, Open: 6, High: 6, Low: 6, Close: 6, Volume: 10, Flags: market.FlagIncomplete},
		{Start: base.At(6).Start, Open: 7, High: 7, Low: 7, Close: 7, Volume: 10, Flags: market.FlagIncomplete},
	} {
		b.Parts = market.PartsOf(1, 2)
		want.Append(b)
	}
	if got.Len() != want.Len() {
		t.Fatalf("%d bars, want %d: %+v", got.Len(), want.Len(), got)
	}
	for i := range want.Len() {
		if got.At(i) != want.At(i) {
			t.Errorf("bar %d is %+v, want %+v", i, got.At(i), want.At(i))
		}
	}
	only := base.Slice(2, 4)
	if got := market.Resample(only, market.M15, market.M30, es.Calendar, never()); got.Len() != 0 {
		t.Errorf("of impossible bars alone is made %+v", got)
	}
	base, inferred := priced(t, "ABCD.QQ", "10:00 5", "10:15 0!")
	if got := market.Resample(base, market.M15, market.M30, inferred.Calendar, never()); got.Len() != 1 ||
		got.At(0).Flags&market.FlagIncomplete == 0 || got.Low[0] != 5 {
		t.Errorf("by an inferred calendar: %+v", got)
	}
}

// Bars of the hours before and after a session get into none of its bars, and make none of their own.
func TestResampleLeavesOutWhatIsOfNoSession(t *testing.T) {
	t.Parallel()
	base, stock := priced(t, "AAPL", "04:00 1", "09:15 9", "09:30 5", "12:00 6", "15:45 7", "16:00 9", "17:15 1", "19:45 9")
	for _, to := range []market.Timeframe{market.H1, market.H4} {
		base := base
		got := market.Resample(base, market.M15, to, stock.Calendar, never())
		volume := int64(0)
		for i := range got.Len() {
			b := got.At(i)
			if b.Low < 5 || b.High > 7 || b.Flags&market.FlagOffSession != 0 {
				t.Errorf("%s: %+v", to, b)
			}
			volume += b.Volume
		}
		if volume != 30 {
			t.Errorf("%s: the bars hold %d units, want 30", to, volume)
		}
	}
	if got := market.Resample(base.Slice(5, 8), market.M15, market.H4, stock.Calendar, never()); got.Len() != 0 {
		t.Errorf("of the hours after the session alone is made %+v", got)
	}
	base, inferred := priced(t, "ABCD.QQ", "04:00 1", "09:15 9", "23:45 9")
	got := market.Resample(base, market.M15, market.H8, inferred.Calendar, never())
	volume := int64(0)
	for _, v := range got.Volume {
		volume += v
	}
	if volume != 30 {
		t.Errorf("where the hours are not known, %d units are left of 30", volume)
	}
}
