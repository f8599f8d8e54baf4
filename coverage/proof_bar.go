package coverage

import (
	"math"
	"time"

	"barkeep/market"
)

// What counts as the same. The figures are those of the recordings of futures (docs/PROVIDER.md#timeframes-against-each-other).
// Prices are the same by market.SamePrice: of 10,151 intraday bars of NQ, MNQ and ES all but two, which were not over, agree in
// every price to the last digit.
const (
	// sameVolume is by how much volumes of intraday bars may differ: those of one bar do by one, from answer to answer.
	sameVolume = 1
	// sameDailyVolume is the part by which the volume of 1d may differ from the sum of the session, since trades that are not made
	// on the screen count in it: true of 387 of 405 sessions of ES, 32 of 35 of NQ and 7 of 7 of GC whose prices agree.
	sameDailyVolume = 0.1
	// leastAbsent is the part of a session's bars that must be absent to explain a high or low of 1d: NQ lacks one or two of 276
	// bars of 5m in most sessions, and its 15m, which lacks none, disagrees on the same dates.
	leastAbsent = 0.02
	// absentWeight is how many times its share of the bars an absent bar may have of the volume: on 2026-01-30 six of 23 hours of
	// ES are absent, and 73% of the volume.
	absentWeight = 4
	// otherVolume is the ratio of volumes from which on two bars of other prices are of two contracts: 1.5 to 23,000 where they are
	// known to be, and at most 1.38 where prices agree.
	otherVolume = 1.5
	// sameFactor and leastFactor are logarithms of factors: by how much they differ within a scale, and from where on it is one. Two
	// contracts of GC were at most 0.027 apart.
	sameFactor  = 0.002
	leastFactor = 0.05
)

// What counts as shifted: bars of other hours, as of another zone or a clock that was not changed.
const (
	shiftStep     = 30 * time.Minute
	longestShift  = 12 * time.Hour
	mostShifted   = 0.9 // of the bars are those of that time
	fewestShifted = 3
)

// judge is why a bar disagrees; empty if it does not.
func (x *comparing) judge(b *pairing) market.Disagreement {
	if b.fine.Len() == 0 {
		return market.DisagreeFiner
	}
	given, coarse := b.given, b.coarse
	outer := market.SamePrice(given.Open, coarse.Open) && market.SamePrice(given.High, coarse.High) &&
		market.SamePrice(given.Low, coarse.Low)
	whole := outer && market.SamePrice(given.Close, coarse.Close)
	volume := x.volume(given.Volume, coarse.Volume)
	switch {
	case whole && volume == "":
		return ""
	case (!outer || volume != "" || x.Pair.Coarser.Intraday()) && x.explained(b, outer):
		return market.DisagreeFiner
	case whole:
		return volume
	case outer && !x.Pair.Coarser.Intraday() && coarse.Low <= coarse.Close && coarse.Close <= coarse.High:
		return market.DisagreeSettlement
	default:
		return market.DisagreePrice
	}
}

func samePrices(a, b market.Candle) bool {
	return market.SamePrice(a.Open, b.Open) && market.SamePrice(a.High, b.High) && market.SamePrice(a.Low, b.Low) &&
		market.SamePrice(a.Close, b.Close)
}

// volume is how the volumes of a bar disagree; empty if they do not, and where a side has none, as of currencies.
func (x *comparing) volume(given, coarse int64) market.Disagreement {
	apart := math.Abs(float64(given - coarse))
	switch {
	case given == coarse || given == market.NoVolume || coarse == market.NoVolume:
		return ""
	case given == 0 || coarse == 0:
		return market.DisagreeNoVolume
	case x.Pair.Coarser.Intraday() && apart <= sameVolume, !x.Pair.Coarser.Intraday() && apart <= sameDailyVolume*float64(coarse):
		return ""
	default:
		return market.DisagreeVolume
	}
}

// explained tells whether bars that the finer series lacks may explain what differs: they can only have made the bar wider and
// its volume larger, and its open and close are another's only if the first and the last are absent.
func (x *comparing) explained(b *pairing, outer bool) bool {
	first, last, expected := x.expected(b.Window)
	given, coarse, daily := b.given, b.coarse, !x.Pair.Coarser.Intraday()
	short := expected - b.fine.Len()
	few := daily && float64(short) < leastAbsent*float64(expected)
	if short <= 0 || few && (outer || !market.SamePrice(coarse.High, given.High) || !market.SamePrice(coarse.Low, given.Low)) {
		return false
	}
	wider := (coarse.High >= given.High || market.SamePrice(coarse.High, given.High)) &&
		(coarse.Low <= given.Low || market.SamePrice(coarse.Low, given.Low))
	opens := market.SamePrice(coarse.Open, given.Open) || b.fine.TS[0] > first
	closes := daily || market.SamePrice(coarse.Close, given.Close) || b.fine.TS[b.fine.Len()-1] < last
	if !wider || !opens || !closes {
		return false
	}
	lost := float64(coarse.Volume - given.Volume)
	switch {
	case given.Volume <= 0 || coarse.Volume <= 0:
		return !outer || !daily
	case !daily:
		return lost >= -sameVolume
	case !outer:
		return true
	default:
		return lost > 0 && lost*float64(expected) <= absentWeight*float64(short)*float64(coarse.Volume)
	}
}

// expected are the bars of the finer series that are expected in a window: the first, the last, and how many. Where the hours are
// not known, that is known inside of an intraday bar alone.
func (x *comparing) expected(w market.Window) (first, last int64, n int) {
	if x.Instrument.Calendar.Inferred && !x.Pair.Coarser.Intraday() {
		return 0, 0, 0
	}
	x.Pair.Finer.Expected(x.Instrument.Calendar, w, func(start time.Time) bool {
		if last = start.Unix(); n == 0 {
			first = last
		}
		n++
		return true
	})
	return first, last, n
}
