package market_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
)

// split is a split of a date at 09:30 New York.
func split(t rapid.TB, date string, numerator, denominator float64) market.Action {
	t.Helper()
	zone := calendarOf(t, "XNYS").Zone
	return market.Action{
		Kind: market.ActionSplit, Time: at(t, zone, date+" 09:30").UTC(), Numerator: numerator, Denominator: denominator,
	}
}

func TestSplitFactor(t *testing.T) {
	t.Parallel()
	bar := market.Candle{Open: 400, High: 408, Low: 396.4, Close: 402, Volume: 1001, Flags: market.FlagOutside}
	for _, tt := range []struct {
		name   string
		action market.Action
		want   market.Candle
	}{
		{"4:1", split(t, "2026-06-15", 4, 1), market.Candle{Open: 100, High: 102, Low: 99.1, Close: 100.5, Volume: 4004, Flags: 1}},
		{"1:10", split(t, "2026-06-15", 1, 10), market.Candle{Open: 4000, High: 4080, Low: 3964, Close: 4020, Volume: 100, Flags: 1}},
		{"3:2", split(t, "2026-06-15", 3, 2), market.Candle{
			Open: 400 * 2.0 / 3, High: 272, Low: 396.4 * 2 / 3, Close: 268, Volume: 1502, Flags: 1,
		}},
		{"1:1", split(t, "2026-06-15", 1, 1), bar},
		{"1:0", split(t, "2026-06-15", 1, 0), bar},
		{"-4:1", split(t, "2026-06-15", -4, 1), bar},
		{"a dividend", market.Action{Kind: market.ActionDividend, Amount: 1, Numerator: 4, Denominator: 1}, bar},
	} {
		if got := market.SplitFactor(tt.action).Apply(bar); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestVolumesRoundAwayFromZero(t *testing.T) {
	t.Parallel()
	half := market.SplitFactor(split(t, "2026-06-15", 1, 2))
	for _, tt := range [][2]int64{{0, 0}, {1, 1}, {2, 1}, {3, 2}, {5, 3}, {market.NoVolume, market.NoVolume}} {
		if got := half.Apply(market.Candle{Volume: tt[0]}).Volume; got != tt[1] {
			t.Errorf("half of %d is %d, want %d", tt[0], got, tt[1])
		}
	}
	most := market.SplitFactor(split(t, "2026-06-15", 1000, 1)).Apply(market.Candle{Volume: math.MaxInt64 / 2}).Volume
	if most < math.MaxInt64-2000 {
		t.Errorf("a volume beyond 2^63 becomes %d", most)
	}
}

func TestUnitFactor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from, to string
		price    float64 // of 250
		ok       bool
	}{
		{"GBp", "GBP", 2.5, true},
		{"GBP", "GBp", 25000, true},
		{"GBX", "GBP", 2.5, true},
		{"GBX", "GBp", 250, true},
		{"ZAc", "ZAR", 2.5, true},
		{"ZAR", "ZAc", 25000, true},
		{"ILA", "ILS", 2.5, true},
		{"ILS", "ILA", 25000, true},
		{"USD", "USD", 250, true},
		{"GBp", "ZAc", 0, false},
		{"GBP", "USD", 0, false},
		{"", "", 0, false},
	} {
		f, ok := market.UnitFactor(tt.from, tt.to)
		if ok != tt.ok {
			t.Errorf("from %q to %q: %v", tt.from, tt.to, ok)
		}
		if got := f.Apply(market.Candle{Close: 250, Volume: 7}); ok && (got.Close != tt.price || got.Volume != 7) {
			t.Errorf("from %q to %q 250 becomes %v, volume %d", tt.from, tt.to, got.Close, got.Volume)
		}
	}
	if n, m := len(market.OtherUnits("USD")), len(market.OtherUnits("GBP")); n != 0 || m != 2 {
		t.Errorf("USD has %d other units, GBP %d", n, m)
	}
}

// factors are those that splits and units have.
func factors() *rapid.Generator[market.Factor] {
	return rapid.Custom(func(t *rapid.T) market.Factor {
		f := market.SplitFactor(market.Action{
			Kind:      market.ActionSplit,
			Numerator: float64(rapid.IntRange(1, 50).Draw(t, "numerator")), Denominator: float64(rapid.IntRange(1, 50).Draw(t, "denominator")),
		})
		if rapid.Bool().Draw(t, "pence") {
			unit, _ := market.UnitFactor("GBp", "GBP")
			f = f.Times(unit)
		}
		return f
	})
}

// Restores is no more and no less than that the way back gives the same bits; and the way back is right but for rounding.
func TestFactorsLeadBack(t *testing.T) {
	t.Parallel()
	restored := 0
	rapid.Check(t, func(t *rapid.T) {
		f := factors().Draw(t, "factor")
		price := rapid.Float64Range(0.01, 10_000)
		b := market.Candle{
			Start: time.Unix(0, 0).UTC(), Open: price.Draw(t, "open"), High: price.Draw(t, "high"), Low: price.Draw(t, "low"),
			Close: price.Draw(t, "close"), Volume: rapid.Int64Range(-1, 1_000_000_000).Draw(t, "volume"),
		}
		back := f.Inverse().Apply(f.Apply(b))
		if f.Restores(b) != (back == b) {
			t.Fatalf("%+v comes back as %+v, and Restores says %v", b, back, f.Restores(b))
		}
		if back == b {
			restored++
		}
		if !market.SamePrice(back.Open, b.Open) || !market.SamePrice(back.Close, b.Close) {
			t.Fatalf("%+v comes back as %+v", b, back)
		}
	})
	if restored == 0 {
		t.Error("no bar was restored")
	}
}

func TestCutoff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ exchange, time, want string }{
		{"XNYS", "2026-06-15 09:30", "2026-06-15 00:00"},
		{"XNYS", "2026-06-15 00:00", "2026-06-15 00:00"},
		{"XNYS", "2026-06-15 16:30", "2026-06-15 00:00"},
		{"XNYS", "2026-03-09 09:30", "2026-03-09 00:00"}, // the day after the clocks change
		{"XLON", "2026-06-15 08:00", "2026-06-15 00:00"},
		{"XTKS", "2026-06-15 09:00", "2026-06-15 00:00"},
		{"CRYPTO", "2026-06-15 00:00", "2026-06-15 00:00"},
		{"CME_EQUITY", "2026-06-14 18:00", "2026-06-14 18:00"}, // the session of the 15th opens on the evening before
		{"CME_EQUITY", "2026-06-15 09:30", "2026-06-14 18:00"},
	} {
		c := calendarOf(t, tt.exchange)
		a := market.Action{Kind: market.ActionSplit, Time: at(t, c.Zone, tt.time).UTC(), Numerator: 2, Denominator: 1}
		if got, want := a.Cutoff(c), at(t, c.Zone, tt.want); !got.Equal(want) {
			t.Errorf("%s %s: %v, want %v", tt.exchange, tt.time, got.In(c.Zone), want)
		}
	}
}
