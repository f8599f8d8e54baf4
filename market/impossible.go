package market

import "slices"

// The bounds of what a price may be beside others (docs/PROVIDER.md#impossible-prices).
const (
	absurdFactor = 50 // a mistake of unit is a factor of 100, and prices may double meanwhile
	strayRows    = 10 // a run of so many bars at most that leaves and comes back is a mistake
	edgeRows     = 3  // at the ends of an answer, of which one side is known only
	violent      = 3  // prices that move by such a factor nearby may pass 0 as well
)

// PriceCheck knows what helps to tell which bars of one answer hold a price that cannot be true.
type PriceCheck struct {
	Instrument Instrument
	Last       float64  // the price after the newest bar; 0 where it is not known
	Actions    []Action // that the answer tells of
}

// Impossible tells for each bar whether one of its prices cannot be true: it is below zero where no price can be, it is fifty
// times as far from 0 as the bars on both sides or a fiftieth of that, it has another sign than both, or all four lie on the
// other side of a split for a few bars. It is nil where all can be true. A price of exactly 0 is passed over. The bars must be
// in order of time; several may have one start.
func (p PriceCheck) Impossible(c *Candles) []bool {
	s := strays{PriceCheck: p, c: c}
	if s.calm() {
		return nil
	}
	s.bad = make([]bool, c.Len())
	s.belowZero()
	s.excursions()
	s.acrossSplits()
	if !slices.Contains(s.bad, true) {
		return nil
	}
	return s.bad
}

// NearZero is the price that may become 0, or pass it, in one bar: 30 ticks, or 5 cents where no tick is known. Pairs of
// currencies and coins are quoted to many digits, and have none.
func (i Instrument) NearZero() float64 {
	switch {
	case i.Tick > 0:
		return 30 * i.Tick
	case i.Kind == KindCrypto || i.Kind == KindCurrency:
		return 0
	default:
		return 0.05
	}
}

// strays looks for the bars of one answer that stray from those beside them.
type strays struct {
	PriceCheck
	c   *Candles
	bad []bool
}

// prices are the prices of bar i that are not 0.
func (s *strays) prices(i int) []float64 {
	all := make([]float64, 0, 4)
	for _, p := range [...]float64{s.c.Open[i], s.c.High[i], s.c.Low[i], s.c.Close[i]} {
		if p != 0 {
			all = append(all, p)
		}
	}
	return all
}

// calm tells, at once, that no bar is far from the next one, as is so in nearly every answer.
func (s *strays) calm() bool {
	step := float64(absurdFactor)
	for _, a := range s.Actions {
		if r := a.Ratio(); r > 0 {
			step = min(step, max(r, 1/r)/sameStep)
		}
	}
	var low, high float64 // of the bar before
	for i := range s.c.TS {
		l, h := extremes(s.c.Open[i], s.c.High[i], s.c.Low[i], s.c.Close[i])
		if l < 0 {
			return false
		}
		if h == 0 {
			continue
		}
		if low > 0 && max(h, high) >= step*min(l, low) || h >= absurdFactor*l {
			return false
		}
		low, high = l, h
	}
	return low == 0 || s.Last == 0 || s.Last > 0 && s.Last < absurdFactor*low && high < absurdFactor*s.Last
}

// extremes are the lowest and the highest of those prices that are not 0; 0 and 0 where all are.
func extremes(prices ...float64) (low, high float64) {
	for _, p := range prices {
		switch {
		case p == 0:
		case low == 0 && high == 0:
			low, high = p, p
		default:
			low, high = min(low, p), max(high, p)
		}
	}
	return low, high
}

// withoutImpossible are the bars without FlagImpossible: c itself where that is all of them.
func (c *Candles) withoutImpossible() *Candles {
	if !slices.ContainsFunc(c.Flags, func(f Flag) bool { return f&FlagImpossible != 0 }) {
		return c
	}
	sound := NewCandles(c.Len())
	for i, f := range c.Flags {
		if f&FlagImpossible == 0 {
			sound.Append(c.At(i))
		}
	}
	return sound
}
