package market

import (
	"math"
	"slices"
	"time"
)

// splitting is a split as the judge sees it.
type splitting struct {
	Action
	at            int64 // cut-off
	factor        Factor
	price, volume float64 // logarithms of the factor
	told, future  bool
	answer        jump // whether the answer shows its jump
	// old are the ways in which the archive may be: its bars that start before one of these are on the scale before the split;
	// math.MinInt64 for none. merit says how much speaks for each.
	old   []int64
	merit []float64
}

const none = math.MinInt64

// Weights of evidence other than the ratios of an overlap. Only their order counts. A jump that is seen, or that would be and is
// not, weighs the most: bars that arrived before a split are on the old scale, but for those of a provider that had applied it
// on the weekend before, and but for a split that never was or is told of with another date. Then come arrivals, then that the
// archive ends before the split, then what providers do by habit.
const (
	meritJump    = 2.0
	meritArrived = 1.2
	meritEnded   = 1.0
	meritHabit   = 0.4
	meritOther   = -6.0 // another unit than the answer says
)

// splittings are the splits, the oldest first, with what the bars alone tell of them.
func splittings(e *Evidence) (all []splitting) {
	for told, actions := range [][]Action{e.Known, e.Told} {
		for _, a := range actions {
			s := splitting{Action: a, factor: SplitFactor(a), told: told == 1}
			if s.factor.One() {
				continue
			}
			s.at = a.Cutoff(e.Calendar).Unix()
			if slices.ContainsFunc(all, func(o splitting) bool { return o.at == s.at && o.Ratio() == s.Ratio() }) {
				continue
			}
			s.price, s.volume, s.future = s.factor.Price.log(), s.factor.Volume.log(), s.at > e.Now.Unix()
			s.answer = e.Answer.jumpAt(s.at, s.price)
			s.old, s.merit = []int64{none}, []float64{0}
			if s.told {
				s.old, s.merit = s.choices(e.Stored, e.Arrived)
			}
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b splitting) int { return a.Time.Compare(b.Time) })
	return all
}

// choices are the ways in which the archive may stand to a split that is not accounted for.
func (s *splitting) choices(stored *Candles, arrived func(int64) (time.Time, bool)) (old []int64, merit []float64) {
	end, _ := slices.BinarySearch(stored.TS, s.at)
	if end == 0 {
		return []int64{none}, []float64{0}
	}
	early, known := arrivals(stored.TS[:end], s.at, arrived)
	early = early || s.future
	old, merit = []int64{none, s.at}, []float64{meritHabit, 0}
	if early {
		merit[0] = -meritArrived
	}
	switch stored.jumpAt(s.at, s.price) {
	case jumpShown:
		merit[1] += meritJump
		return old, merit
	case jumpAbsent:
		merit[0] += meritJump
	default:
		if end == stored.Len() && !known {
			merit[1] += meritEnded
		}
	}
	if start, ok := stored.jumpBefore(s.at, s.price); ok && !known && !early {
		old, merit = append(old, start), append(merit, meritJump+meritEnded)
	}
	return old, merit
}

// arrivals tells whether a bar is known to have arrived before an instant, and whether it is known of all when they did.
func arrivals(starts []int64, at int64, arrived func(int64) (time.Time, bool)) (early, known bool) {
	if arrived == nil {
		return false, false
	}
	known = true
	for _, ts := range starts {
		when, ok := arrived(ts)
		if ok && when.Unix() < at {
			return true, known
		}
		known = known && ok
	}
	return false, known
}

// way is one way in which archive and answer may be: which stored bars lack a split, how many of the newest splits the answer
// lacks, and the unit of its prices.
type way struct {
	old   []int64 // for each split
	late  int
	unit  Factor
	merit float64
}

// ways are all that are possible, the usual ones first.
func ways(splits []splitting, units []Factor) (all []way) {
	product := []way{{}}
	for _, s := range splits {
		var next []way
		for _, w := range product {
			for k := range s.old {
				next = append(next, way{old: append(slices.Clip(w.old), s.old[k]), merit: w.merit + s.merit[k]})
			}
		}
		product = next
	}
	for k, unit := range units {
		for late := range len(splits) + 1 {
			for _, w := range product {
				w.late, w.unit = late, unit
				w.merit += lateness(splits, late)
				if k > 0 {
					w.merit += meritOther
				}
				all = append(all, w)
			}
		}
	}
	return all
}

// lateness is how much speaks for an answer that lacks so many of the newest splits.
func lateness(splits []splitting, late int) (merit float64) {
	for i, s := range splits {
		lacks := i >= len(splits)-late
		if lacks == s.future {
			merit += meritHabit
		}
		if lacks == (s.answer == jumpShown) && s.answer != jumpUnclear {
			merit += meritJump
		}
	}
	return merit
}

// bounds are the instants at which the ratio of answer and archive may change, in order.
func bounds(splits []splitting) (all []int64) {
	for _, s := range splits {
		all = append(all, s.at)
		all = append(all, s.old...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// prices is the logarithm of the ratio that the way expects of the prices of a bar.
func (w way) prices(splits []splitting, ts int64) float64 {
	log := w.lack(splits, ts, w.late, func(s *splitting) float64 { return s.price })
	return log - w.unit.Price.log()
}

// volumes is the same of volumes, of which the answer may lack another number of splits.
func (w way) volumes(splits []splitting, ts int64, late int) float64 {
	return w.lack(splits, ts, late, func(s *splitting) float64 { return s.volume })
}

func (w way) lack(splits []splitting, ts int64, late int, log func(*splitting) float64) (sum float64) {
	for i := range splits {
		s := &splits[i]
		if ts < w.old[i] {
			sum += log(s)
		}
		if i >= len(splits)-late && ts < s.at {
			sum -= log(s)
		}
	}
	return sum
}

// pieces calls do with each run of pairs [from, to) between bounds, and the start of its first bar.
func (p *pairs) pieces(bounds []int64, do func(from, to int, ts int64)) {
	from := 0
	for _, b := range bounds {
		to, _ := slices.BinarySearch(p.ts, b)
		if to > from {
			do(from, to, p.ts[from])
			from = to
		}
	}
	if from < len(p.ts) {
		do(from, len(p.ts), p.ts[from])
	}
}

// doubt is how much a pair that is so far from what is expected speaks against it. It grows with the logarithm: a settled bar
// that a small split moves counts much, and it hardly counts whether one that was revised is a little nearer to this or to that.
func doubt(distance float64) float64 {
	const exact = 0.001
	if distance < exact/100 {
		return 0
	}
	return math.Log(1 + distance/exact)
}

// loss sums the doubts of all pairs.
func (p *pairs) loss(bounds []int64, expected func(ts int64) float64) (sum float64) {
	p.pieces(bounds, func(from, to int, ts int64) {
		e := expected(ts)
		for _, log := range p.log[from:to] {
			sum += doubt(math.Abs(log - e))
		}
	})
	return sum
}
