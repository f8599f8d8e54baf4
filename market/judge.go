package market

import (
	"slices"
	"time"
)

// tie bounds the difference in loss of two ways that the overlap does not tell apart. It is less than one settled bar makes, and
// more than one that was revised by half of what lies between the two ways.
const tie = 0.5

// Judge decides on which scale an answer's rows are against the archive's bars, and what has to be restated.
//
// The overlap decides first: its ratios are compared with all that may be, which is that the archive's bars before a split of
// Told include it or not, that the answer lacks the newest of all splits, and the units. Where several explain it, the jump at
// the split counts, in the archive and in the answer, then that bars which arrived before a split are on the old scale, and then
// that an answer is adjusted as a rule. What nothing explains is held back (alarms.go says from when on).
func Judge(e Evidence) Verdict {
	e.complete()
	j := judgement{Evidence: &e, splits: splittings(&e)}
	j.bounds = bounds(j.splits)
	j.prices, j.volumes = overlap(e.Stored, e.Answer)
	j.choose()
	if alarm := j.alarm(); alarm != nil {
		return Verdict{Held: alarm}
	}
	return j.verdict()
}

// complete puts empty columns where there are none, and leaves out bars whose prices cannot be true: a single one is no scale.
func (e *Evidence) complete() {
	if e.Stored == nil {
		e.Stored = NewCandles(0)
	}
	if e.Answer == nil {
		e.Answer = NewCandles(0)
	}
	e.Stored, e.Answer = e.Stored.withoutImpossible(), e.Answer.withoutImpossible()
}

// judgement is a verdict in the making.
type judgement struct {
	*Evidence
	splits          []splitting
	bounds          []int64
	prices, volumes *pairs
	way             way
	lateVolumes     int
}

// units are the factors that may bring the answer's prices to the archive's unit, the one that the answer says first.
func (j *judgement) units() []Factor {
	units := []Factor{j.Unit}
	for _, f := range append([]Factor{{}}, j.Units...) {
		if !slices.ContainsFunc(units, func(u Factor) bool { return u.Price.log() == f.Price.log() }) {
			units = append(units, f)
		}
	}
	return units
}

// choose settles on the way that explains the prices best, and then on how many splits the volumes lack.
func (j *judgement) choose() {
	all := ways(j.splits, j.units())
	if len(all) == 1 {
		j.way = all[0]
		return
	}
	losses := make([]float64, len(all))
	for i, w := range all {
		losses[i] = j.prices.loss(j.bounds, func(ts int64) float64 { return w.prices(j.splits, ts) })
	}
	best := best(losses, func(i int) float64 { return all[i].merit })
	j.way = all[best]
	losses = losses[:0]
	for late := range len(j.splits) + 1 {
		loss := j.volumes.loss(j.bounds, func(ts int64) float64 { return j.way.volumes(j.splits, ts, late) })
		losses = append(losses, loss)
	}
	j.lateVolumes = j.way.late
	if len(j.volumes.ts) > 0 {
		j.lateVolumes = nearest(losses, j.way.late)
	}
}

// best is the index with the highest merit among those whose loss is the least, but for a tie.
func best(losses []float64, merit func(int) float64) int {
	least, found := slices.Min(losses), -1
	for i, loss := range losses {
		if loss <= least+tie && (found < 0 || merit(i) > merit(found)) {
			found = i
		}
	}
	return found
}

// nearest is the index that is nearest to usual among those whose loss is the least, but for a tie.
func nearest(losses []float64, usual int) int {
	return best(losses, func(i int) float64 { return -float64(max(i-usual, usual-i)) })
}

// verdict puts the way that was chosen into steps.
func (j *judgement) verdict() (v Verdict) {
	for i, s := range j.splits {
		price, volume := j.lacks(i, j.way.late), j.lacks(i, j.lateVolumes)
		if s.future && s.told && price {
			v.Pending = append(v.Pending, s.Action)
			if !volume && j.Answer.Len() > 0 { // the volumes alone are ahead of the archive
				ahead := Factor{Volume: s.factor.Volume.Inverse()}
				v.Answer = append(v.Answer, Step{Before: time.Unix(s.at, 0).UTC(), Factor: ahead, Split: s.Action})
			}
			continue
		}
		if old := j.way.old[i]; s.told && old != none {
			v.Restate = append(v.Restate, Step{Before: time.Unix(old, 0).UTC(), Factor: s.factor, Split: s.Action})
		}
		var f Factor
		if price {
			f.Price = s.factor.Price
		}
		if volume {
			f.Volume = s.factor.Volume
		}
		if !f.One() && j.Answer.Len() > 0 {
			v.Answer = append(v.Answer, Step{Before: time.Unix(s.at, 0).UTC(), Factor: f, Split: s.Action})
		}
	}
	if !j.way.unit.One() && j.Answer.Len() > 0 {
		v.Answer = append(v.Answer, Step{Factor: j.way.unit})
	}
	return v
}

// lacks tells whether an answer that lacks so many of the newest splits lacks split i.
func (j *judgement) lacks(i, late int) bool { return i >= len(j.splits)-late }
