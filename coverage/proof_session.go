package coverage

import (
	"math"
	"slices"
	"time"

	"barkeep/market"
)

// comparing compares one session.
type comparing struct {
	*Comparison
	parts
	bars  []pairing
	lacks bool // the coarser series lacks a bar that the finer one gives
}

// pairing is a bar of the coarser series, and what the finer one gives for it.
type pairing struct {
	market.Window // of the bar
	coarse        market.Candle
	given         market.Candle
	fine          *market.Candles // of which it is made; empty where there is nothing to compare with
}

// run compares; false without any bar.
func (x *comparing) run() (s Session, found bool) {
	fine, coarse := x.during(x.Fine), x.coarse()
	switch s.Date = x.date(); {
	case fine.Len() == 0 && coarse.Len() == 0:
		return s, false
	case coarse.Len() == 0:
		s.Cause = market.DisagreeDay
		return s, true
	case fine.Len() == 0:
		s.Cause = market.DisagreeSession
		return s, true
	}
	x.pair(fine, coarse)
	causes := make([]market.Disagreement, len(x.bars))
	var prices int
	for i := range x.bars {
		causes[i] = x.judge(&x.bars[i])
		if causes[i] == market.DisagreePrice {
			prices++
		}
		if x.bars[i].fine.Len() > 0 {
			s.Bars++
			if causes[i] == "" {
				s.Same++
			}
		}
	}
	s.Cause = x.cause(causes, prices)
	return s, true
}

// coarse are the bars of the coarser series.
func (x *comparing) coarse() *market.Candles {
	if x.Pair.Coarser.Intraday() {
		return x.during(x.Coarse)
	}
	return x.daily(x.date())
}

// during are the bars that start while the exchange trades, or in one of its breaks.
func (x *comparing) during(bars *market.Candles) *market.Candles {
	all := market.NewCandles(0)
	for _, part := range x.parts {
		all.AppendAll(sound(bars.In(market.Window{From: part.Anchor, To: part.Close})))
	}
	return all
}

// pair puts beside each coarser bar what the finer ones inside of it give. That goes by where the bars are, not by the grid: on
// half days of futures some start at the half hour.
func (x *comparing) pair(fine, coarse *market.Candles) {
	taken := 0
	for i := range coarse.Len() {
		b := pairing{coarse: coarse.At(i), Window: market.Window{From: x.from(), To: x.to()}}
		if length := x.Pair.Coarser.Length(); length > 0 {
			b.Window = market.Window{From: b.coarse.Start, To: b.coarse.Start.Add(length)}
		}
		b.fine = fine.In(b.Window)
		b.given = fold(b.fine)
		taken += b.fine.Len()
		x.bars = append(x.bars, b)
	}
	x.lacks = taken < fine.Len()
}

// fold makes one bar of all: market.Resample without its calendar. Of none it makes the zero value.
func fold(bars *market.Candles) market.Candle {
	if bars.Len() == 0 {
		return market.Candle{}
	}
	f := market.Candle{
		Start: time.Unix(bars.TS[0], 0).UTC(), Open: bars.Open[0], High: slices.Max(bars.High), Low: slices.Min(bars.Low),
		Close: bars.Close[bars.Len()-1], Volume: market.NoVolume,
	}
	for _, v := range bars.Volume {
		if v != market.NoVolume {
			f.Volume = max(f.Volume, 0) + v
		}
	}
	return f
}

// cause is why the session disagrees, of what its bars say; empty if it does not.
func (x *comparing) cause(bars []market.Disagreement, prices int) market.Disagreement {
	if 2*prices > len(bars) {
		switch {
		case x.scaled():
			return market.DisagreeScale
		case x.shifted():
			return market.DisagreeShift
		case x.otherContract():
			return market.DisagreeContract
		}
	}
	if prices > 1 {
		return market.DisagreePrices
	}
	if x.lacks {
		bars = append(bars, market.DisagreeCoarser)
	}
	return slices.MinFunc(bars, market.Disagreement.Compare)
}

// scaled tells whether nearly all prices differ by one factor. The close of 1d may be a settlement.
func (x *comparing) scaled() bool {
	var ratios []float64
	for _, b := range x.bars {
		for _, p := range [][2]float64{{b.given.Open, b.coarse.Open}, {b.given.High, b.coarse.High}, {b.given.Low, b.coarse.Low}} {
			if p[0] > 0 && p[1] > 0 {
				ratios = append(ratios, math.Log(p[1]/p[0]))
			}
		}
	}
	if len(ratios) == 0 {
		return false
	}
	slices.Sort(ratios)
	median := ratios[len(ratios)/2]
	alike := 0
	for _, r := range ratios {
		if math.Abs(r-median) < sameFactor {
			alike++
		}
	}
	return math.Abs(median) > leastFactor && alike*3 >= len(ratios)*2
}

// shifted tells whether nearly all bars are those of some hours earlier or later.
func (x *comparing) shifted() bool {
	if !x.Pair.Coarser.Intraday() || len(x.bars) < fewestShifted {
		return false
	}
	for shift := shiftStep; shift <= longestShift; shift += shiftStep {
		if x.match(shift) || x.match(-shift) {
			return true
		}
	}
	return false
}

// match tells whether the finer bars so much later give the coarser ones.
func (x *comparing) match(by time.Duration) bool {
	same := 0
	for _, b := range x.bars {
		moved := x.Fine.In(market.Window{From: b.From.Add(by), To: b.To.Add(by)})
		if given := fold(sound(moved)); moved.Len() > 0 && samePrices(given, b.coarse) {
			same++
		}
	}
	return float64(same) >= mostShifted*float64(len(x.bars))
}

// otherContract tells whether the volumes are so far apart that one side must be of another contract of the future.
func (x *comparing) otherContract() bool {
	var fine, coarse int64
	for _, b := range x.bars {
		if b.fine.Len() > 0 {
			fine, coarse = fine+max(b.given.Volume, 0), coarse+max(b.coarse.Volume, 0)
		}
	}
	low, high := float64(min(fine, coarse)), float64(max(fine, coarse))
	return x.Instrument.Kind == market.KindFuture && low > 0 && high >= otherVolume*low
}
