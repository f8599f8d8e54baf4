package market

import "math"

// Ratio is a factor as a fraction. The zero Ratio is 1:1.
type Ratio struct {
	Num, Den float64
}

// One tells whether the ratio changes nothing.
func (r Ratio) One() bool { return r.Num == r.Den }

// Inverse is 1/r.
func (r Ratio) Inverse() Ratio { return Ratio{Num: r.Den, Den: r.Num} }

// times is the product of two ratios.
func (r Ratio) times(s Ratio) Ratio {
	if r.One() {
		return s
	}
	if s.One() {
		return r
	}
	return Ratio{Num: r.Num * s.Num, Den: r.Den * s.Den}
}

// log is the natural logarithm of the ratio.
func (r Ratio) log() float64 {
	if r.One() {
		return 0
	}
	return math.Log(r.Num / r.Den)
}

// Of is x times the ratio, as x*Num/Den in double precision: two roundings, so that the engines of the archive get the same
// bits when they compute x*Num/Den.
func (r Ratio) Of(x float64) float64 {
	if r.One() {
		return x
	}
	return x * r.Num / r.Den
}

// Factor brings bars from one scale to another: prices are multiplied by Price, volumes by Volume. The zero Factor changes
// nothing.
type Factor struct {
	Price, Volume Ratio
}

// SplitFactor brings bars of the time before a split to the scale after it: of 4:1, prices by 1/4 and volumes by 4. It is 1:1
// for an action that is no split, and for a split whose ratio is not above 0.
func SplitFactor(a Action) Factor {
	if !a.splits() {
		return Factor{}
	}
	return Factor{Price: Ratio{Num: a.Denominator, Den: a.Numerator}, Volume: Ratio{Num: a.Numerator, Den: a.Denominator}}
}

// splits tells whether the action is a split with a ratio that can be used and changes something.
func (a Action) splits() bool {
	r := a.Ratio()
	return a.Kind == ActionSplit && a.Numerator > 0 && r > 0 && !math.IsInf(r, 0) && r != 1
}

// One tells whether the factor changes nothing.
func (f Factor) One() bool { return f.Price.One() && f.Volume.One() }

// Inverse leads back, but for what rounding lost (Restores).
func (f Factor) Inverse() Factor { return Factor{Price: f.Price.Inverse(), Volume: f.Volume.Inverse()} }

// Times is one factor after the other as one; it may round otherwise than the two.
func (f Factor) Times(g Factor) Factor {
	return Factor{Price: f.Price.times(g.Price), Volume: f.Volume.times(g.Volume)}
}

// Apply is a bar on the other scale: a price is price*Num/Den in double precision, a volume is volume*Num/Den rounded to the
// nearest integer, halves upwards. NoVolume stays. Flags stay as they are.
func (f Factor) Apply(b Candle) Candle {
	b.Open, b.High, b.Low, b.Close = f.Price.Of(b.Open), f.Price.Of(b.High), f.Price.Of(b.Low), f.Price.Of(b.Close)
	b.Volume = f.volume(b.Volume)
	return b
}

// volume is a volume on the other scale. It ends at the greatest integer that a double holds below 2^63.
func (f Factor) volume(v int64) int64 {
	if v < 0 || f.Volume.One() {
		return v
	}
	const most = 1<<63 - 1024
	return int64(min(math.Floor(f.Volume.Of(float64(v))+0.5), most)) // as SQL computes it
}

// Restores tells whether the factor and then its inverse give the bar that was there, to the last bit of prices and volume.
func (f Factor) Restores(b Candle) bool {
	back := f.Inverse().Apply(f.Apply(b))
	return back.Open == b.Open && back.High == b.High && back.Low == b.Low && back.Close == b.Close && back.Volume == b.Volume
}
