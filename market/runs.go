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
		for to < len(p.ts) && math.Abs(p.log[to]-residual) <= alike(residual) {
			to++
		}
		if partScale(residual, from, to) && !j.repaired(from, to) {
			return j.tell(residual, from, to, fmt.Sprintf("%s of the overlap agree", bars(len(p.ts)-(to-from))))
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

// repaired tells whether the archive's bars were the odd ones: at the ends of the run the archive jumps and the answer does not.
// The answer then corrects them, which is a revision. At the beginning of the overlap it cannot be told.
func (j *judgement) repaired(from, to int) bool {
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

// volumeRuns looks for volumes on another scale: in every piece, and in a part at the beginning of the overlap.
func (j *judgement) volumeRuns() (found *ScaleAlarm) {
	v := j.volumes
	v.pieces(j.bounds, func(from, to int, _ int64) {
		n := to - from
		if n < volumeRows || found != nil {
			return
		}
		residual := v.log[from]
		same := 1
		for same < n && math.Abs(v.log[from+same]-residual) <= volumeAlike {
			same++
		}
		if same >= volumeRows && math.Abs(residual) > volumeScale {
			found = j.tellVolumes(residual, from, from+same)
		}
	})
	return found
}

func (j *judgement) tellVolumes(residual float64, from, to int) *ScaleAlarm {
	first, last := time.Unix(j.volumes.ts[from], 0).UTC(), time.Unix(j.volumes.ts[to-1], 0).UTC()
	ratio := math.Exp(residual)
	return &ScaleAlarm{Ratio: ratio, Volumes: true, Rows: to - from, First: first, Last: last, Text: fmt.Sprintf(
		"volumes are %s times the archive's on %s from %s to %s, and no split explains it",
		plain(ratio), bars(to-from), first.Format(minutes), last.Format(minutes))}
}

// steps looks for a factor of about 100 between neighbouring rows of the answer. Where the archive has both, the overlap has
// judged them.
func (j *judgement) steps() *ScaleAlarm {
	a, k := j.Answer, 0
	both := j.prices.answer
	for i := 1; i < a.Len(); i++ {
		for k < len(both) && int(both[k]) < i {
			k++
		}
		if k > 0 && k < len(both) && int(both[k]) == i && int(both[k-1]) == i-1 || !(a.Open[i] > 0 && a.Close[i-1] > 0) {
			continue
		}
		ratio := a.Open[i] / a.Close[i-1]
		up, down := ratio >= unitLow && ratio <= unitHigh, ratio <= 1/unitLow && ratio >= 1/unitHigh
		if (up || down) && !j.between(a.TS[i-1], a.TS[i]) {
			return tellStep(ratio, a.TS[i-1], a.TS[i], "the answer's prices")
		}
	}
	return nil
}

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
	if math.Abs(log) > math.Log(seamHigh) {
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
