package market

import (
	"fmt"
	"math"
	"time"
)

// runs looks for a part of the overlap that is on another scale than the rest.
func (j *judgement) runs() *ScaleAlarm {
	p := j.prices
	for from := 0; from < len(p.ts); {
		residual := p.log[from]
		to := from + 1
		for to < len(p.ts) && math.Abs(p.log[to]-residual) <= alike(residual, 1) {
			to++
		}
		odd := partScale(residual, from, to) || math.Abs(residual) > farOff && j.scaled(from)
		if odd && !j.repaired(from, to) {
			return j.tell(residual, from, to, fmt.Sprintf("%d of %s that can be compared", to-from, bars(len(p.ts))))
		}
		from = to
	}
	return nil
}

// partScale tells whether a run [from, to) of bars is on a scale of its own.
func partScale(residual float64, from, to int) bool {
	size, n := math.Abs(residual), to-from
	switch {
	case size > gross, size > farOff && (from == 0 || n >= runGross):
		return true
	case from == 0 && n >= runLeading && size >= leadScale:
		return true
	case n >= runPlain && size >= runScale:
		return true
	default:
		return n >= runLong && size >= 4*leastScale
	}
}

// scaled tells whether all four prices of a pair differ by one ratio, which no correction of a bar makes. A bar without a range
// cannot tell.
func (j *judgement) scaled(i int) bool {
	s, a := j.Stored.At(int(j.prices.stored[i])), j.Answer.At(int(j.prices.answer[i]))
	if s.High == s.Low {
		return false
	}
	ratio := a.Open / s.Open
	for _, r := range []float64{a.High / s.High, a.Low / s.Low, a.Close / s.Close} {
		if math.Abs(r/ratio-1) > settled {
			return false
		}
	}
	return true
}

// repaired tells whether the archive's bars were the odd ones: at the ends of the run the archive jumps and the answer does not.
// The answer then corrects them, which is a revision. At the beginning of the overlap it cannot be told.
func (j *judgement) repaired(from, to int) bool {
	s, a := int(j.prices.stored[from]), int(j.prices.answer[from])
	if far(j.Stored.Close[s], j.Stored.Open[s]) && !far(j.Answer.Close[a], j.Answer.Open[a]) {
		return true
	}
	if from == 0 || !j.mends(from, -j.prices.log[from]) {
		return false
	}
	return to == len(j.prices.ts) || j.mends(to, j.prices.log[from])
}

// mends tells whether the archive makes a jump of the size before pair i, and the answer none.
func (j *judgement) mends(i int, size float64) bool {
	s, a := int(j.prices.stored[i]), int(j.prices.answer[i])
	return math.Abs(j.Stored.move(s)-size) <= jumpNear*math.Abs(size) && math.Abs(j.Answer.move(a)) <= jumpNear*math.Abs(size)
}

// volumeRuns looks for volumes on another scale at the beginning of every piece, where they are the most settled.
func (j *judgement) volumeRuns() (found *ScaleAlarm) {
	v := j.volumes
	v.pieces(j.bounds, func(from, to int, _ int64) {
		residual := v.log[from]
		long, short := v.alike(from, to, volumeAlike), v.alike(from, to, volumeExact)
		if found == nil && math.Abs(residual) > volumeScale && (long >= volumeRows || short >= fewRows) {
			found = j.tellVolumes(residual, from, from+max(long, short))
		}
	})
	return found
}

// alike counts the pairs from the first of [from, to) on that lie within reach of it.
func (p *pairs) alike(from, to int, reach float64) (n int) {
	for from+n < to && math.Abs(p.log[from+n]-p.log[from]) <= reach {
		n++
	}
	return n
}

func (j *judgement) tellVolumes(residual float64, from, to int) *ScaleAlarm {
	first, last := time.Unix(j.volumes.ts[from], 0).UTC(), time.Unix(j.volumes.ts[to-1], 0).UTC()
	ratio := math.Exp(residual)
	return &ScaleAlarm{Ratio: ratio, Volumes: true, Rows: to - from, First: first, Last: last, Text: fmt.Sprintf(
		"volumes are %s times the archive's on %s from %s to %s, and no split explains it",
		plain(ratio), bars(to-from), first.Format(minutes), last.Format(minutes))}
}

// steps looks for a factor of 80 and more between neighbouring rows of the answer, or between open and close of one. Where the
// archive has the same rows, the overlap has judged them.
func (j *judgement) steps() *ScaleAlarm {
	a, k := j.Answer, 0
	both := j.prices.answer
	for i := range a.Len() {
		for k < len(both) && int(both[k]) < i {
			k++
		}
		here := k < len(both) && int(both[k]) == i
		if !here && far(a.Close[i], a.Open[i]) {
			return tellStep(a.Close[i]/a.Open[i], a.TS[i], a.TS[i], "the answer's prices")
		}
		if i == 0 || here && k > 0 && int(both[k-1]) == i-1 || j.between(a.TS[i-1], a.TS[i]) {
			continue
		}
		if far(a.Open[i], a.Close[i-1]) {
			return tellStep(a.Open[i]/a.Close[i-1], a.TS[i-1], a.TS[i], "the answer's prices")
		}
	}
	return nil
}

// far tells whether two prices above 0 are so far apart as no move of a market.
func far(p, q float64) bool { return p > 0 && q > 0 && (p >= q*stepHigh || q >= p*stepHigh) }

// between tells whether a split lies between two bars.
func (j *judgement) between(from, to int64) bool {
	for i := range j.splits {
		if from < j.splits[i].at && j.splits[i].at <= to {
			return true
		}
	}
	return false
}

// seam looks for a factor of about 100 between the archive and an answer that begins behind it.
func (j *judgement) seam() *ScaleAlarm {
	s, a := j.Stored, j.Answer
	if s.Len() == 0 || a.Len() == 0 || s.TS[s.Len()-1] >= a.TS[0] {
		return nil
	}
	last := s.Len() - 1
	ratio := a.Open[0] / s.Close[last]
	log := logOf(ratio) - j.seamExpected(s.TS[last], a.TS[0])
	if math.Abs(log) > math.Log(stepHigh) {
		return tellStep(math.Exp(log), s.TS[last], a.TS[0], "from the archive to the answer prices")
	}
	return nil
}

// seamExpected is the logarithm of the ratio that two bars without an overlap have by the way alone.
func (j *judgement) seamExpected(stored, answer int64) (log float64) {
	for i, s := range j.splits {
		if stored < j.way.old[i] {
			log += s.price
		}
		if j.lacks(i, j.way.late) && answer < s.at {
			log -= s.price
		}
	}
	return log - j.way.unit.Price.log()
}

func tellStep(ratio float64, from, to int64, what string) *ScaleAlarm {
	first, last := time.Unix(from, 0).UTC(), time.Unix(to, 0).UTC()
	return &ScaleAlarm{Ratio: ratio, First: first, Last: last, Text: fmt.Sprintf(
		"%s change by a factor of %s between %s and %s, and no split or unit explains it",
		what, plain(ratio), first.Format(minutes), last.Format(minutes))}
}
