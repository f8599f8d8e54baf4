package market

import (
	"math"
	"time"
)

const (
	sameStep  = 1.25                // a price may move by this much from one bar to the next beside the step itself
	splitNear = 15 * 24 * time.Hour // a split moves single bars to the wrong scale around its day
	leastStep = 1.8                 // splits of less look as markets do
)

// acrossSplits marks runs of bars, a few at most, all of whose prices lie on the other side of a split that the answer tells
// of: the step there is its ratio, and so is the step back.
func (s *strays) acrossSplits() {
	for _, a := range s.Actions {
		ratio := a.Ratio()
		if ratio <= 0 || max(ratio, 1/ratio) < leastStep {
			continue
		}
		for i := 1; i+1 < len(s.bad); i++ {
			if time.Unix(s.c.TS[i], 0).Sub(a.Time).Abs() > splitNear || !s.sound(i-1) {
				continue
			}
			step := s.step(i)
			for _, r := range [...]float64{ratio, 1 / ratio} {
				if stepIs(step, r) {
					s.untilStep(i, 1/r)
				}
			}
		}
	}
}

// untilStep marks the bars from i on up to a step of this ratio, if one comes soon.
func (s *strays) untilStep(i int, ratio float64) {
	for j := i + 1; j < len(s.bad) && j <= i+strayRows; j++ {
		if s.sound(j) && s.sound(j-1) && stepIs(s.step(j), ratio) {
			for k := i; k < j; k++ {
				s.bad[k] = true
			}
			return
		}
	}
}

func (s *strays) sound(i int) bool { return !s.bad[i] && s.c.Open[i] > 0 && s.c.Close[i] > 0 }

// step is the factor from the close of the bar before to the open of bar i.
func (s *strays) step(i int) float64 { return s.c.Open[i] / s.c.Close[i-1] }

func stepIs(step, ratio float64) bool { return math.Max(step/ratio, ratio/step) <= sameStep }
