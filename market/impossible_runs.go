package market

import (
	"math"
	"slices"
	"strings"

	"barkeep/calendar"
)

// signed tells whether prices below zero are known of the instrument: of futures, and of rates among the indices.
func (i Instrument) signed() bool {
	return i.future() || i.index()
}

func (i Instrument) index() bool { return strings.HasPrefix(i.Name, "^") }

func (i Instrument) future() bool {
	return i.Kind == KindFuture || i.Kind == KindContract || i.Calendar != nil && i.Calendar.Name == calendar.UnknownFuture
}

// belowZero marks prices below zero of what has none.
func (s *strays) belowZero() {
	if s.Instrument.signed() {
		return
	}
	for i := range s.bad {
		s.bad[i] = min(s.c.Open[i], s.c.High[i], s.c.Low[i], s.c.Close[i]) < 0
	}
}

// near is the price that is near 0. A rate in percent moves by far more than 5 cents do.
func (s *strays) near() float64 {
	if s.Instrument.index() {
		return 1
	}
	return s.Instrument.NearZero()
}

// far tells whether one of two prices is absurd beside the other. What is near 0 may become anything that is near 0.
func (s *strays) far(p, q float64) bool {
	x, y := math.Abs(p), math.Abs(q)
	if max(x, y) <= s.near() {
		return false
	}
	return (p < 0) != (q < 0) || max(x, y)/absurdFactor >= min(x, y)
}

// farFrom tells whether a price is far from all of others; there must be some.
func (s *strays) farFrom(p float64, others []float64) bool {
	for _, q := range others {
		if !s.far(p, q) {
			return false
		}
	}
	return len(others) > 0
}

// stray tells whether bar i has a price that is far from all of others.
func (s *strays) stray(i int, others []float64) bool {
	for _, p := range s.prices(i) {
		if s.farFrom(p, others) {
			return true
		}
	}
	return false
}

// excursions marks runs of bars that leave what was before them and come back, or are at an end of the answer. A single bar
// has the last price beside it.
func (s *strays) excursions() {
	if len(s.bad) == 1 && s.Last != 0 {
		s.markAbsurd(0, 1, []float64{s.Last})
		return
	}
	before := -1 // the bar that the next is held against
	for i := 0; i < len(s.bad); i++ {
		if s.bad[i] || len(s.prices(i)) == 0 {
			continue
		}
		if before >= 0 && s.first(before, i) {
			s.markAbsurd(before, i, s.prices(i))
		} else if before >= 0 && s.stray(i, s.prices(before)) {
			if back := s.back(i, s.prices(before)); back > 0 {
				s.mark(i, back, before, s.prices(back))
				i, before = back, back
				continue
			}
			s.oneWay(i, before)
			if s.bad[i] {
				continue
			}
		}
		before = i
	}
}

// first tells whether the bar before, of which nothing is known before it, has prices that the next bar shows to be mistaken,
// though others of it are not. In a true fall the close is near what follows.
func (s *strays) first(before, i int) bool {
	if slices.Contains(s.bad[:before], false) || s.stray(i, s.prices(before)) {
		return false
	}
	if s.Last != 0 && s.farFrom(s.Last, s.prices(i)) || s.Last == 0 && len(s.bad) < edgeRows {
		return false
	}
	next := s.prices(i)
	if shut := s.c.Close[before]; shut != 0 && s.farFrom(shut, next) {
		return true
	}
	open := s.c.Open[before]
	return !s.farFrom(open, next) && (s.farFrom(s.c.High[before], next) || s.farFrom(s.c.Low[before], next))
}

// back is the first bar after i that is near those prices again; 0 where none is soon enough.
func (s *strays) back(i int, prices []float64) int {
	for j := i + 1; j < len(s.bad) && j <= i+strayRows; j++ {
		if !s.bad[j] && len(s.prices(j)) > 0 && !s.stray(j, prices) {
			return j
		}
	}
	return 0
}

// mark marks those of the bars [i, j) that have a price far from the prices on both sides.
func (s *strays) mark(i, j, before int, after []float64) {
	beside := s.prices(before)
	passing := s.passes(i, j, before, after)
	for k := i; k < j; k++ {
		for _, p := range s.prices(k) {
			if s.farFrom(p, beside) && s.farFrom(p, after) && (!passing || s.absurd(p, beside)) {
				s.bad[k] = true
			}
		}
	}
}

// absurd tells whether a price is absurd beside others, whatever its sign.
func (s *strays) absurd(p float64, others []float64) bool {
	for _, q := range others {
		if !s.far(math.Abs(p), math.Abs(q)) {
			return false
		}
	}
	return true
}

// oneWay judges a step at bar i after which no bar soon comes back. Such a step is real as a rule. But the last bars of an
// answer are mistaken if the last price contradicts them; and so are a few bars at either end that are absurd beside more that
// agree.
func (s *strays) oneWay(i, before int) {
	n := len(s.bad)
	ends := i+strayRows >= n
	switch {
	case ends && s.Last != 0 && !s.farFrom(s.Last, s.prices(before)):
		s.mark(i, n, before, []float64{s.Last})
	case ends && s.Last == 0 && n-i <= edgeRows && i > n-i:
		s.markAbsurd(i, n, s.prices(before))
	case i <= edgeRows && n-i > i:
		s.markAbsurd(0, i, s.prices(i))
	}
}

// markAbsurd marks those of the bars [i, j) that have a price absurd beside those prices.
func (s *strays) markAbsurd(i, j int, beside []float64) {
	for k := i; k < j; k++ {
		for _, p := range s.prices(k) {
			if s.absurd(p, beside) {
				s.bad[k] = true
			}
		}
	}
}

// passes tells whether prices pass through 0 in the bars [i, j) as markets do: they cross it inside bars, not between two of
// them, so that opens and closes show it; or they move by great factors nearby.
func (s *strays) passes(i, j, before int, after []float64) bool {
	if !s.Instrument.signed() {
		return false
	}
	sign := s.c.Close[before] < 0
	shown := false
	for k := i; k < j; k++ {
		shown = shown || (s.c.Open[k] < 0) != sign || (s.c.Close[k] < 0) != sign
	}
	if shown && (s.c.Open[i] < 0) == sign && (s.c.Close[j-1] < 0) == (after[0] < 0) {
		return true
	}
	nearest, farthest := math.Inf(1), 0.0
	for k := max(0, i-strayRows); k < min(len(s.bad), j+strayRows); k++ {
		if s.bad[k] || k >= i && k < j {
			continue
		}
		for _, p := range s.prices(k) {
			nearest, farthest = min(nearest, math.Abs(p)), max(farthest, math.Abs(p))
		}
	}
	if farthest >= violent*nearest {
		return true
	}
	// A single bar whose low alone is below zero: half as far below as it was above is a market in turmoil.
	return !shown && s.c.Low[i] < 0 && -2*s.c.Low[i] >= nearest
}
