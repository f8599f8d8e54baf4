package market

import "math"

// SameRatio bounds the noise of prices. A provider computes a price in single precision and gives other last digits each time
// it is asked; that is no change. Two prices are the same when the smaller is more than this part of the larger, so that they
// differ by less than a part in a million of it.
const SameRatio = 0.999999

// SamePrice tells whether two prices differ by noise at most. Prices of different signs never do, nor does 0 from any other
// price. It neither overflows nor underflows, since both engines of the archive have to come to the same result.
func SamePrice(a, b float64) bool {
	if a == b {
		return true
	}
	x, y := math.Abs(a), math.Abs(b)
	return (a < 0) == (b < 0) && x > y*SameRatio && y > x*SameRatio
}

// PriceFlags are the flags that tell of a bar's four prices alone.
const PriceFlags = FlagOutside | FlagNegative | FlagOffTick

// Revised is what a stored bar becomes when a provider gives it again; nothing is written where that is the stored bar.
//
// A bar with a price that cannot be true (FlagImpossible) never replaces a sound one of other prices, and a sound one replaces
// it. Of the same prices the flag is the given one, since later bars may show what they are worth. A volume of 0 or NoVolume
// never replaces a real one (promise P3). Prices that are all the same by SamePrice stay as they are stored, with the flags
// that tell of them, so that noise never adds up over many answers. If one of the four really differs, all four are the given
// ones: they are one observation. With exact, which is for bars that were computed from stored ones, prices count to their last
// bit.
func (b Candle) Revised(given Candle, exact bool) Candle {
	if given.Flags&^b.Flags&FlagImpossible != 0 && !b.samePrices(given) {
		return b
	}
	if given.Volume <= 0 && b.Volume > 0 {
		given.Volume = b.Volume
	}
	if !exact && b.noise(given) {
		given.Open, given.High, given.Low, given.Close = b.Open, b.High, b.Low, b.Close
		given.Flags = given.Flags&^PriceFlags | b.Flags&PriceFlags
	}
	return given
}

// noise tells whether the four prices are the same, and not equal.
func (b Candle) noise(given Candle) bool {
	equal := b.Open == given.Open && b.High == given.High && b.Low == given.Low && b.Close == given.Close
	return !equal && b.samePrices(given)
}

func (b Candle) samePrices(given Candle) bool {
	return SamePrice(b.Open, given.Open) && SamePrice(b.High, given.High) && SamePrice(b.Low, given.Low) &&
		SamePrice(b.Close, given.Close)
}
