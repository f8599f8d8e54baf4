package market_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"barkeep/market"
)

// TestSamePrice states the rule by examples.
func TestSamePrice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b float64
		same bool
	}{
		{475.69, 475.69, true},
		{475.69, float64(float32(475.69)), true},
		{475.69, 475.69 + 3e-7, true},
		{475.69, 475.6904, true},  // 0.84 millionths
		{475.69, 475.6906, false}, // 1.26 millionths
		{-37.63, float64(float32(-37.63)), true},
		{-37.63, 37.63, false},
		{1_000_000, 999_999, false}, // a millionth is not less than a millionth
		{1_000_000, 999_999.0001, true},
		{0, 0, true},
		{0, math.Copysign(0, -1), true},
		{0, 1e-300, false},
		{1e-300, -1e-300, false},
		{math.MaxFloat64, math.MaxFloat64 * 0.9999999, true},
		{math.MaxFloat64, -math.MaxFloat64, false},
		{math.SmallestNonzeroFloat64, 2 * math.SmallestNonzeroFloat64, false},
	} {
		if market.SamePrice(c.a, c.b) != c.same || market.SamePrice(c.b, c.a) != c.same {
			t.Errorf("%v and %v: the same is %v and %v, want %v", c.a, c.b, market.SamePrice(c.a, c.b), market.SamePrice(c.b, c.a), c.same)
		}
	}
}

// TestSamePriceLaws holds the rule to exact fractions: but for the last bits of the border it is "differs by less than a
// millionth of the larger", whichever comes first, whatever the sign.
func TestSamePriceLaws(t *testing.T) {
	t.Parallel()
	ratio := func(a, b float64) *big.Rat { // |a-b| in millionths of the larger
		x, y := new(big.Rat), new(big.Rat)
		x.SetFloat64(a)
		y.SetFloat64(b)
		off := new(big.Rat).Sub(x, y)
		off.Abs(off)
		if x.Abs(x).Cmp(y.Abs(y)) < 0 {
			x = y
		}
		return off.Mul(off.Quo(off, x), big.NewRat(1_000_000, 1))
	}
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.OneOf(rapid.Float64Range(1e-6, 1e6), rapid.Float64Range(-1e3, 1e3), rapid.Float64Range(1e300, 1e308)).Draw(t, "a")
		b := a * (1 + rapid.Float64Range(-3e-6, 3e-6).Draw(t, "off"))
		if a == 0 || b == 0 {
			t.Skip("nothing is a part of 0")
		}
		same := market.SamePrice(a, b)
		if same != market.SamePrice(b, a) || same != market.SamePrice(-a, -b) || market.SamePrice(a, -b) {
			t.Fatalf("%v and %v: %v, turned round %v, negated %v, of two signs %v", a, b, same, market.SamePrice(b, a),
				market.SamePrice(-a, -b), market.SamePrice(a, -b))
		}
		off := ratio(a, b)
		border := off.Cmp(big.NewRat(999_999_999, 1_000_000_000)) > 0 && off.Cmp(big.NewRat(1_000_000_001, 1_000_000_000)) < 0
		if want := off.Cmp(big.NewRat(1, 1)) < 0; same != want && !border {
			millionths, _ := off.Float64()
			t.Fatalf("%v and %v differ by %v millionths: the same is %v", a, b, millionths, same)
		}
	})
}

// TestRevised: what is noise changes nothing, and what is a change takes the whole answer.
func TestRevised(t *testing.T) {
	t.Parallel()
	old := market.Candle{Open: 100, High: 102, Low: 99, Close: 101, Volume: 10, Flags: market.FlagOffTick}
	noisy := market.Candle{Open: 100.00001, High: 102.00001, Low: 99.00001, Close: 101.00001, Volume: 10}
	if got := old.Revised(noisy, false); got != old {
		t.Errorf("noise makes %+v of %+v", got, old)
	}
	if got := old.Revised(noisy, true); got != noisy {
		t.Errorf("to the last bit: %+v, want %+v", got, noisy)
	}
	more := noisy
	more.Volume, more.Flags = 12, market.FlagOutside|market.FlagOffSession
	want := old
	want.Volume, want.Flags = 12, market.FlagOffTick|market.FlagOffSession
	if got := old.Revised(more, false); got != want {
		t.Errorf("noise and a volume: %+v, want %+v", got, want)
	}
	moved := noisy
	moved.High, moved.Volume = 103, 0
	want = moved
	want.Volume = 10
	if got := old.Revised(moved, false); got != want {
		t.Errorf("a price that moved, and no volume: %+v, want %+v", got, want)
	}
	flagged := old
	flagged.Flags = 0
	if got := old.Revised(flagged, false); got != flagged {
		t.Errorf("equal prices judged anew: %+v, want %+v", got, flagged)
	}
}
