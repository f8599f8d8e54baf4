package market

import "math"

// Ratio multiplies by Num and then divides by Den; the zero Ratio is 1:1.
type Ratio struct{ Num, Den float64 }

// One tells whether the ratio changes nothing.
func (r Ratio) One() bool { return r.Num == r.Den }

// Inverse undoes the ratio.
func (r Ratio) Inverse() Ratio { return Ratio{Num: r.Den, Den: r.Num} }

// Value is Num / Den; 1 for the zero Ratio.
func (r Ratio) Value() float64 {
	if r.One() {
		return 1
	}
	return r.Num / r.Den
}

// Of is x * Num / Den, rounded after each step as SQL rounds it.
func (r Ratio) Of(x float64) float64 {
	if r.One() {
		return x
	}
	product := x * r.Num // a variable, so that no compiler fuses the two steps
	return product / r.Den
}

// Factor is a change of scale: what prices and volumes on the scale before it are multiplied by. A split of 4:1 has 1/4 and 4/1, a
// change from pence to pounds 1/100 and 1:1.
type Factor struct{ Price, Volume Ratio }

// One tells whether the factor changes nothing.
func (f Factor) One() bool { return f.Price.One() && f.Volume.One() }

// Inverse undoes the factor, but for what rounding took.
func (f Factor) Inverse() Factor { return Factor{Price: f.Price.Inverse(), Volume: f.Volume.Inverse()} }

// Apply is the bar on the scale after the change. A volume becomes a whole number, halves upwards; NoVolume stays.
func (f Factor) Apply(c Candle) Candle {
	c.Open, c.High, c.Low, c.Close = f.Price.Of(c.Open), f.Price.Of(c.High), f.Price.Of(c.Low), f.Price.Of(c.Close)
	c.Volume = f.volume(c.Volume)
	return c
}

func (f Factor) volume(v int64) int64 {
	if v <= 0 || f.Volume.One() {
		return v
	}
	return int64(math.Floor(f.Volume.Of(float64(v)) + 0.5))
}

// Restores tells whether the inverse of the factor gives the bar back to the last bit.
func (f Factor) Restores(c Candle) bool { return f.Inverse().Apply(f.Apply(c)) == c }

// SplitFactor is what a split does to the bars before it; the zero Factor for an action that is no split.
func SplitFactor(a Action) Factor {
	if a.Kind != ActionSplit || a.Numerator <= 0 || a.Denominator <= 0 {
		return Factor{}
	}
	return Factor{
		Price: Ratio{Num: a.Denominator, Den: a.Numerator}, Volume: Ratio{Num: a.Numerator, Den: a.Denominator},
	}
}
