package market_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
)

func TestSetFlags(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why, name string
		tf        market.Timeframe
		start     string
		prices    [4]float64 // open, high, low, close
		want      market.Flag
	}{
		{"plain", "ES", market.M5, "2026-03-09 12:00", [4]float64{6000, 6001.25, 5999.5, 6000.75}, 0},
		{
			"widened from 32 bits", "GC", market.M5, "2026-03-09 12:00",
			[4]float64{3371.699951171875, 3372, 3370.10009765625, 3371.60009765625},
			0,
		},
		{"close above high", "GC", market.D1, "2026-03-09 00:00", [4]float64{3376.5, 3387, 3376.5, 3387.5}, market.FlagOutside},
		{"open below low", "GC", market.D1, "2026-03-09 00:00", [4]float64{3376.4, 3387, 3376.5, 3380}, market.FlagOutside},
		{
			"CL on 2020-04-20", "CL", market.D1, "2020-04-20 00:00",
			[4]float64{17.729999542236328, 17.850000381469727, -40.31999969482422, -37.630001068115234},
			market.FlagNegative,
		},
		{
			"a tenth on NQ", "NQ", market.M5, "2026-03-09 12:00",
			[4]float64{22892.75, 22901, 22892.19921875, 22899},
			market.FlagOffTick,
		},
		{"half a tick", "ES", market.M5, "2026-03-09 12:00", [4]float64{6000.125, 6000.25, 6000, 6000}, market.FlagOffTick},
		{"yen", "6J", market.M5, "2026-03-09 12:00", [4]float64{0.0067455, 0.006746, 0.0067455, 0.0067455}, 0},
		{
			"yen, half a tick", "6J", market.M5, "2026-03-09 12:00",
			[4]float64{0.00674575, 0.006746, 0.0067455, 0.0067455},
			market.FlagOffTick,
		},
		{"no known tick", "AAPL", market.M5, "2026-03-09 12:00", [4]float64{200.123, 201, 200, 200.5}, 0},
		{"after the close", "ES", market.H1, "2026-03-09 17:00", [4]float64{6000, 6000, 6000, 6000}, market.FlagOffSession},
		{"weekend", "ES", market.M5, "2026-03-07 12:00", [4]float64{6000, 6000, 6000, 6000}, market.FlagOffSession},
		{"holiday", "ES", market.M5, "2026-12-25 12:00", [4]float64{6000, 6000, 6000, 6000}, market.FlagOffSession},
		{"half day, before the close", "ES", market.H1, "2026-11-27 12:30", [4]float64{6000, 6000, 6000, 6000}, 0},
		{
			"half day, at the close", "ES", market.M5, "2026-11-27 13:15",
			[4]float64{6000, 6000, 6000, 6000},
			market.FlagOffSession,
		},
		{"break", "ZC", market.M15, "2026-03-09 09:00", [4]float64{450, 450, 450, 450}, market.FlagOffSession},
		{"the hour in which a break ends", "ZC", market.H1, "2026-03-09 09:00", [4]float64{450, 450, 450, 450}, 0},
		{"daily bars have no hours", "ES", market.D1, "2026-03-08 00:00", [4]float64{6000, 6000, 6000, 6000}, 0},
		{
			"all at once", "CL", market.M5, "2026-03-07 12:00",
			[4]float64{-1.005, -2, -3, -1},
			market.FlagOutside | market.FlagNegative | market.FlagOffTick | market.FlagOffSession,
		},
	} {
		i := resolve(t, tt.name)
		bars := market.NewCandles(1)
		bars.Append(market.Candle{
			Start: at(t, i.Calendar.Zone, tt.start), Open: tt.prices[0], High: tt.prices[1],
			Low: tt.prices[2], Close: tt.prices[3],
		})
		i.SetFlags(tt.tf, bars)
		if bars.Flags[0] != tt.want {
			t.Errorf("%s: flags %05b, want %05b", tt.why, bars.Flags[0], tt.want)
		}
	}
}

func TestSetFlagsClearsWhatDoesNotHoldAndKeepsIncomplete(t *testing.T) {
	t.Parallel()
	i := resolve(t, "ES")
	bars := market.NewCandles(1)
	all := market.FlagOutside | market.FlagNegative | market.FlagOffTick | market.FlagIncomplete | market.FlagOffSession | market.FlagImpossible
	bars.Append(market.Candle{Start: at(t, i.Calendar.Zone, "2026-03-09 12:00"), Open: 1, High: 1, Low: 1, Close: 1, Flags: all})
	i.SetFlags(market.M5, bars)
	if bars.Flags[0] != market.FlagIncomplete|market.FlagImpossible {
		t.Errorf("flags %05b", bars.Flags[0])
	}
}

// A price on the tick is never flagged, also after a 32-bit float; one that is off by a quarter of a tick always is.
func TestTicksSurviveFloat32(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i := resolve(t, rapid.SampledFrom(market.Roots()).Draw(t, "root"))
		steps := rapid.Int64Range(-200_000, 200_000).Draw(t, "steps")
		price := float64(steps) * i.Tick
		if flagged(i, price) || flagged(i, float64(float32(price))) {
			t.Fatalf("%s: %v is %d ticks of %v, and flagged", i.Name, price, steps, i.Tick)
		}
		if off := price + i.Tick/4; !flagged(i, off) {
			t.Fatalf("%s: %v is no multiple of %v, and not flagged", i.Name, off, i.Tick)
		}
	})
}

func flagged(i market.Instrument, price float64) bool {
	bars := market.NewCandles(1)
	bars.Append(market.Candle{Start: time.Unix(0, 0), Open: price, High: price, Low: price, Close: price})
	i.SetFlags(market.D1, bars)
	return bars.Flags[0]&market.FlagOffTick != 0
}

// Setting the flags of a whole series gives each bar of any timeframe the flag that its session calls for, over weekends,
// holidays, breaks and clock changes, of every calendar.
func TestFlagsAgreeWithTheCalendar(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i := market.Instrument{Name: "ABC", Calendar: calendarNamed(t, rapid.SampledFrom(everyCalendar()).Draw(t, "calendar"))}
		tf := rapid.SampledFrom(intraday()).Draw(t, "timeframe")
		start := oddInstant(t, i.Calendar).Truncate(time.Minute)
		bars := market.NewCandles(0)
		for _, gap := range rapid.SliceOfN(rapid.IntRange(1, 3000), 1, 40).Draw(t, "minutes") {
			start = start.Add(time.Duration(gap) * time.Minute)
			bars.Append(market.Candle{Start: start, Open: 100, High: 100, Low: 100, Close: 100})
		}
		i.SetFlags(tf, bars)
		before := slices.Clone(bars.Flags)
		i.SetFlags(tf, bars)
		if !slices.Equal(before, bars.Flags) {
			t.Fatal("setting them twice differs from setting them once")
		}
		for k := range bars.Len() {
			b := bars.At(k)
			s, ok := i.Calendar.SessionAt(b.Start)
			if off := b.Flags&market.FlagOffSession != 0; off == (ok && s.TradesDuring(b.Start, tf.Length())) {
				t.Fatalf("%s %s at %v: off session %t", i.Calendar.Name, tf, b.Start.In(i.Calendar.Zone), off)
			}
		}
	})
}
