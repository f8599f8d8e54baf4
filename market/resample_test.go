package market_test

import (
	"slices"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// start is what a test says of one resampled bar.
type start struct {
	at         string // exchange time
	volume     int64  // 10 a base bar in these tests
	incomplete bool
}

func starts(cal *calendar.Calendar, bars *market.Candles) []start {
	var all []start
	for i := range bars.Len() {
		b := bars.At(i)
		all = append(all, start{b.Start.In(cal.Zone).Format("01-02 15:04"), b.Volume, b.Flags&market.FlagIncomplete != 0})
	}
	return all
}

func TestResampleAnchorsAtTheSessionOpen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why, name string
		from, to  market.Timeframe
		day, end  string
		want      []start
	}{
		{"the Sunday clocks go forward", "ES", market.H1, market.H6, "2026-03-08 00:00", "2026-03-09 18:00", []start{
			{"03-08 18:00", 60, false}, {"03-09 00:00", 60, false}, {"03-09 06:00", 60, false}, {"03-09 12:00", 50, false},
		}},
		{"the Sunday clocks go back", "ES", market.H1, market.H12, "2026-11-01 00:00", "2026-11-02 18:00", []start{
			{"11-01 18:00", 120, false}, {"11-02 06:00", 110, false},
		}},
		{"a weekend", "ES", market.H1, market.H12, "2026-03-06 06:00", "2026-03-09 06:00", []start{
			{"03-06 06:00", 110, false}, {"03-08 18:00", 120, false},
		}},
		{"a half day", "ES", market.H1, market.H4, "2026-11-26 18:00", "2026-11-27 18:00", []start{
			{"11-26 18:00", 40, false},
			{"11-26 22:00", 40, false},
			{"11-27 02:00", 40, false},
			{"11-27 06:00", 40, false},
			{"11-27 10:00", 40, false},
		}},
		{"the opening bell", "AAPL", market.H1, market.H4, "2026-03-09 00:00", "2026-03-10 00:00", []start{
			{"03-09 09:30", 40, false}, {"03-09 13:30", 30, false},
		}},
		{"a half day of equities", "AAPL", market.M15, market.M90, "2026-11-27 00:00", "2026-11-28 00:00", []start{
			{"11-27 09:30", 60, false}, {"11-27 11:00", 60, false}, {"11-27 12:30", 20, false},
		}},
		{"the break of the grains", "ZC", market.M15, market.M90, "2026-03-09 08:00", "2026-03-09 11:00", []start{
			{"03-09 08:00", 30, false}, {"03-09 09:30", 60, false},
		}},
		{"crypto at midnight UTC", "BTC-USD", market.H1, market.H8, "2026-03-08 00:00", "2026-03-09 00:00", []start{
			{"03-08 00:00", 80, false}, {"03-08 08:00", 80, false}, {"03-08 16:00", 80, false},
		}},
		{"a week with a Monday holiday", "ES", market.D1, market.W1, "2026-02-09 00:00", "2026-02-23 00:00", []start{
			{"02-09 00:00", 50, false}, {"02-16 00:00", 40, false},
		}},
		{"a week with a closed Friday", "AAPL", market.D1, market.W1, "2026-03-30 00:00", "2026-04-06 00:00", []start{
			{"03-30 00:00", 40, false},
		}},
		{"months", "AAPL", market.D1, market.Mo1, "2026-01-01 00:00", "2026-03-01 00:00", []start{
			{"01-01 00:00", 200, false}, {"02-01 00:00", 190, false},
		}},
		{"a quarter cut short", "AAPL", market.D1, market.Mo3, "2026-01-01 00:00", "2026-03-01 00:00", []start{
			{"01-01 00:00", 390, true},
		}},
	} {
		cal := resolve(t, tt.name).Calendar
		base := expected(cal, market.Window{From: at(t, cal.Zone, tt.day), To: at(t, cal.Zone, tt.end)}, tt.from)
		if got := starts(cal, market.Resample(base, tt.from, tt.to, cal, never())); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %s %s is %v, want %v", tt.why, tt.name, tt.to, got, tt.want)
		}
	}
}

// The provider's 60m bars of a half day run from 09:30 to 12:30, off the grid, and the night is missing.
func TestResampleHalfDayOffTheGrid(t *testing.T) {
	t.Parallel()
	cal := resolve(t, "ES").Calendar
	base := market.NewCandles(4)
	for _, text := range []string{"2026-11-26 09:30", "2026-11-26 10:30", "2026-11-26 11:30", "2026-11-26 12:30"} {
		base.Append(market.Candle{Start: at(t, cal.Zone, text), Open: 1, High: 1, Low: 1, Close: 1, Volume: 10})
	}
	want := []start{{"11-26 08:00", 10, true}, {"11-26 10:00", 20, false}, {"11-26 12:00", 10, false}}
	if got := starts(cal, market.Resample(base, market.H1, market.H2, cal, never())); !slices.Equal(got, want) {
		t.Errorf("2h of a half day: %v, want %v", got, want)
	}
}

func TestResampleHoles(t *testing.T) {
	t.Parallel()
	cal := resolve(t, "ES").Calendar
	base := market.NewCandles(0)
	for _, hour := range []string{"10:00", "11:00", "13:00", "14:00", "15:00", "16:00", "17:00", "18:00"} {
		base.Append(market.Candle{Start: at(t, cal.Zone, "2026-03-09 "+hour), Open: 1, High: 1, Low: 1, Close: 1, Volume: 10})
	}
	// 12:00 is missing. The bar of 17:00 is of no session: it is left out, and does not stand in for another.
	want := []start{{"03-09 10:00", 30, true}, {"03-09 14:00", 30, false}, {"03-09 18:00", 10, true}}
	if got := starts(cal, market.Resample(base, market.H1, market.H4, cal, never())); !slices.Equal(got, want) {
		t.Errorf("4h with holes: %v, want %v", got, want)
	}
	base = base.Slice(0, 7)
	base.TS[3] = base.TS[6] - 3600 - 1800 // no bar at 14:00, but one at 15:30, before the 16:00 one
	base.TS[4], base.TS[5] = base.TS[6]-3600, base.TS[6]
	base = base.Slice(0, 6)
	want = []start{{"03-09 10:00", 30, true}, {"03-09 14:00", 20, true}}
	if got := starts(cal, market.Resample(base, market.H1, market.H4, cal, never())); !slices.Equal(got, want) {
		t.Errorf("4h with a bar in closed hours: %v, want %v", got, want)
	}
}

// TestABarOfAClosedDayStandsInForNone: a week that lacks its Friday is incomplete, though the provider gave a Saturday.
func TestABarOfAClosedDayStandsInForNone(t *testing.T) {
	t.Parallel()
	cal := resolve(t, "ES").Calendar
	for last, incomplete := range map[string]bool{"2026-03-13 00:00": false, "2026-03-14 00:00": true} {
		base := market.NewCandles(0)
		for _, day := range []string{"2026-03-09 00:00", "2026-03-10 00:00", "2026-03-11 00:00", "2026-03-12 00:00", last} {
			base.Append(market.Candle{Start: at(t, cal.Zone, day), Open: 1, High: 1, Low: 1, Close: 1, Volume: 10})
		}
		want := []start{{"03-09 00:00", 50, incomplete}}
		if got := starts(cal, market.Resample(base, market.D1, market.W1, cal, never())); !slices.Equal(got, want) {
			t.Errorf("a week whose last bar is of %s: %v, want %v", last, got, want)
		}
	}
}

// Currencies trade on Sunday evenings, which belong to Monday. Their bars keep to the grid of London's midnight, also when clocks
// change that day.
func TestResampleOfASundayEvening(t *testing.T) {
	t.Parallel()
	cal := resolve(t, "EURUSD=X").Calendar
	base := market.NewCandles(0)
	for _, text := range []string{"2026-03-29 22:00", "2026-03-29 23:00", "2026-03-30 00:00"} {
		base.Append(market.Candle{Start: at(t, cal.Zone, text), Open: 1, High: 1, Low: 1, Close: 1, Volume: 10})
	}
	want := []start{{"03-29 12:00", 20, false}, {"03-30 00:00", 10, true}}
	if got := starts(cal, market.Resample(base, market.H1, market.H12, cal, never())); !slices.Equal(got, want) {
		t.Errorf("12h over a clock change: %v, want %v", got, want)
	}
}

func TestResampleValues(t *testing.T) {
	t.Parallel()
	cal := resolve(t, "ES").Calendar
	base := market.NewCandles(0)
	ten := at(t, cal.Zone, "2026-03-09 10:00")
	for i, b := range []market.Candle{
		{Open: 5, High: 9, Low: 4, Close: 6, Volume: market.NoVolume},
		{Open: 6, High: 7, Low: -2, Close: 6, Volume: 3, Flags: market.FlagNegative},
		{Open: 6, High: 6, Low: 6, Close: 8, Volume: 0, Flags: market.FlagOutside},
		{Open: 1, High: 1, Low: 1, Close: 1, Volume: 4, Flags: market.FlagIncomplete},
		{Open: 2, High: 2, Low: 2, Close: 2, Volume: market.NoVolume},
		{Open: 2, High: 3, Low: 2, Close: 2, Volume: market.NoVolume},
	} {
		b.Start = ten.Add(time.Duration(i) * time.Minute * 15)
		base.Append(b)
	}
	got := market.Resample(base, market.M15, market.M30, cal, never())
	want := []market.Candle{
		{Start: ten.UTC(), Open: 5, High: 9, Low: -2, Close: 6, Volume: 3, Flags: market.FlagNegative},
		{
			Start: ten.Add(30 * time.Minute).UTC(), Open: 6, High: 6, Low: 1, Close: 1, Volume: 4,
			Flags: market.FlagOutside | market.FlagIncomplete,
		},
		{Start: ten.Add(60 * time.Minute).UTC(), Open: 2, High: 3, Low: 2, Close: 2, Volume: market.NoVolume},
	}
	for i := range want {
		want[i].Parts = market.PartsOf(2, 2)
	}
	for i, w := range want {
		if got.Len() != len(want) || got.At(i) != w {
			t.Fatalf("bar %d of %d: %+v, want %+v", i, got.Len(), got.At(i), w)
		}
	}
}

func TestResampleGivesOnlyWhatIsOver(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		from, to market.Timeframe
		now      string
		n        int // of bars from 2026-03-09 on
	}{
		{"ES", market.H1, market.H4, "2026-03-09 16:59", 5},
		{"ES", market.H1, market.H4, "2026-03-09 17:00", 6}, // the close ends it, not 18:00
		{"ES", market.H1, market.H4, "2026-03-08 21:59", 0},
		{"ES", market.H1, market.H4, "2026-03-08 22:00", 1},
		{"ES", market.D1, market.W1, "2026-03-13 16:59", 0},
		{"ES", market.D1, market.W1, "2026-03-13 17:00", 1},
		{"AAPL", market.H1, market.H12, "2026-03-09 15:59", 0},
		{"AAPL", market.H1, market.H12, "2026-03-09 16:00", 1},
		{"BTC-USD", market.D1, market.W1, "2026-03-15 23:59", 0},
		{"BTC-USD", market.D1, market.W1, "2026-03-16 00:00", 1},
	} {
		cal := resolve(t, tt.name).Calendar
		now := at(t, cal.Zone, tt.now)
		base := expected(cal, market.Window{From: at(t, cal.Zone, "2026-03-08 17:00"), To: now}, tt.from)
		if tt.name == "BTC-USD" {
			base = base.In(market.Window{From: at(t, cal.Zone, "2026-03-09 00:00"), To: now})
		}
		got := market.Resample(base, tt.from, tt.to, cal, now)
		if got.Len() != tt.n {
			t.Errorf("%s %s by %s: %d bars, want %d", tt.name, tt.to, tt.now, got.Len(), tt.n)
		}
	}
}

func TestResampleRefusesOtherPairs(t *testing.T) {
	t.Parallel()
	cal := resolve(t, "ES").Calendar
	w := market.Window{From: at(t, cal.Zone, "2026-03-08 18:00"), To: at(t, cal.Zone, "2026-03-09 18:00")}
	base := expected(cal, w, market.H1)
	for _, tt := range []struct{ from, to market.Timeframe }{
		{market.H1, market.H1},
		{market.H1, market.M15},
		{market.H1, market.D1},
		{market.D1, market.D1},
		{market.D1, market.H1},
		{market.M2, market.M3},
		{market.W1, market.Mo1},
		{market.Mo1, market.Mo3},
		{market.D1, "7m"},
	} {
		if got := market.Resample(base, tt.from, tt.to, cal, never()); got == nil || got.Len() != 0 {
			t.Errorf("%s to %s gives %d bars", tt.from, tt.to, got.Len())
		}
	}
	if got := market.Resample(market.NewCandles(0), market.H1, market.H4, cal, never()); got == nil || got.Len() != 0 {
		t.Errorf("no bars give %+v", got)
	}
}

// Where the hours are not known, no bar is known to be missing.
func TestResampleWithAnInferredCalendar(t *testing.T) {
	t.Parallel()
	cal := resolve(t, "ABCD.QQ").Calendar
	base := market.NewCandles(0)
	for _, text := range []string{"2026-03-09 08:30", "2026-03-09 10:00", "2026-03-09 13:00"} {
		base.Append(market.Candle{Start: at(t, cal.Zone, text), Open: 1, High: 1, Low: 1, Close: 1, Volume: 10})
	}
	want := []start{{"03-09 08:00", 20, false}, {"03-09 12:00", 10, false}}
	if got := starts(cal, market.Resample(base, market.M15, market.H4, cal, never())); !slices.Equal(got, want) {
		t.Errorf("4h by an inferred calendar: %v, want %v", got, want)
	}
}
