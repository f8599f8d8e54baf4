package market

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// When an answer is held back. A residual is the logarithm of answer over archive when all that is known has been allowed for:
// 0 for a settled bar. The newest bars still change, others are revised one by one; a scale shows in many bars alike.
const (
	// fewRows is the least number of bars for a fine verdict. Below it only what no revision does is held back: a ratio
	// beyond farOff. Another unit than the answer says is not believed either.
	fewRows  = 3
	manyRows = 10
	farOff   = 0.14 // a ratio of 1.15
	// settled is what a residual may have where no change of scale is looked for at all.
	settled = 2.5e-4
	// leastScale is the smallest residual of a whole piece that is a scale; alike says how little its bars may differ.
	leastScale = 5e-4
	// scattered is the middle residual from which on bars that differ from one another, too, are no revision.
	scattered = 0.05
	// gross is a residual that no single bar has by a revision: a ratio of 2.
	gross = math.Ln2
	// A run is a part of the overlap with residuals alike. These are its least lengths.
	runLeading = 2  // at the beginning, where bars are the most settled, from leadScale on
	runGross   = 3  // of bars beyond farOff
	runPlain   = 5  // from runScale on
	runLong    = 20 // from 4 times leastScale on
	leadScale  = 0.01
	runScale   = 0.005
	// Volumes are revised more, and rounded: volumeRows of them tell a scale when they lie within volumeAlike, fewRows when they
	// lie within volumeExact.
	volumeAlike = 0.01
	volumeExact = 0.002
	volumeScale = 0.04
	volumeRows  = 5
	// A step by such a factor is no move of a market, between neighbouring rows of an answer or between the archive and an answer
	// behind it.
	stepHigh = 80.0
)

// alike is how far the residuals of so many bars may lie apart that are one ratio. Those of many bars are when they lie within a
// fiftieth of it. A few that were revised each for itself come as near by chance, but not within a five-hundredth.
func alike(residual float64, n int) float64 {
	if n < manyRows {
		return max(2e-5, math.Abs(residual)/500)
	}
	return max(1e-4, math.Abs(residual)/50)
}

// alarm is the first reason to hold the answer back.
func (j *judgement) alarm() *ScaleAlarm {
	for _, look := range []func() *ScaleAlarm{
		j.unproved, j.wholePieces, j.runs, j.volumeRuns, j.steps, j.seam,
	} {
		if alarm := look(); alarm != nil {
			return alarm
		}
	}
	return nil
}

// unproved is another unit than the answer says, seen on too few bars.
func (j *judgement) unproved() *ScaleAlarm {
	told := j.way.unit.Price.log() == j.Unit.Price.log()
	if n := len(j.prices.ts); !told && n < fewRows {
		return j.tell(j.Unit.Price.log()-j.way.unit.Price.log(), 0, n, "another unit of the currency than it says")
	}
	return nil
}

// tell makes the alarm about pairs [from, to) of the prices.
func (j *judgement) tell(residual float64, from, to int, what string) *ScaleAlarm {
	first, last := time.Unix(j.prices.ts[from], 0).UTC(), time.Unix(j.prices.ts[to-1], 0).UTC()
	ratio := math.Exp(residual)
	return &ScaleAlarm{Ratio: ratio, Rows: to - from, First: first, Last: last, Text: fmt.Sprintf(
		"prices are %s times the archive's on bars from %s to %s, and no split or unit explains it: %s",
		plain(ratio), first.Format(minutes), last.Format(minutes), what)}
}

const minutes = "2006-01-02 15:04 UTC"

func bars(n int) string {
	if n == 1 {
		return "1 bar"
	}
	return fmt.Sprintf("%d bars", n)
}

// plain is a ratio for people: 4, 0.25, 1.0492.
func plain(ratio float64) string { return fmt.Sprintf("%.5g", ratio) }

// wholePieces looks at the bars between two instants at which the scale may change.
func (j *judgement) wholePieces() (found *ScaleAlarm) {
	j.residuals()
	j.prices.pieces(j.bounds, func(from, to int, _ int64) {
		if residual, what := offScale(j.prices.log[from:to]); what != "" && found == nil {
			found = j.tell(residual, from, to, what)
			found.Rows = within(j.prices.log[from:to], residual, alike(residual, to-from))
		}
	})
	return found
}

// residuals takes from every pair what the chosen way expects of it.
func (j *judgement) residuals() {
	j.prices.pieces(j.bounds, func(from, to int, ts int64) {
		e := j.way.prices(j.splits, ts)
		for i := from; i < to && e != 0; i++ {
			j.prices.log[i] -= e
		}
	})
	j.volumes.pieces(j.bounds, func(from, to int, ts int64) {
		e := j.way.volumes(j.splits, ts, j.lateVolumes)
		for i := from; i < to && e != 0; i++ {
			j.volumes.log[i] -= e
		}
	})
}

// offScale tells what is wrong with the residuals of one piece; what is empty when nothing is.
func offScale(residuals []float64) (residual float64, what string) {
	n := len(residuals)
	if n < fewRows || within(residuals, 0, settled)*2 >= n {
		return 0, "" // the runs tell what a few bars can
	}
	sorted := slices.Sorted(slices.Values(residuals))
	middle := sorted[n/2]
	same := within(residuals, middle, alike(middle, n))
	switch {
	case math.Abs(middle) > leastScale && same >= fewRows && same*5 >= n*3:
		return middle, fmt.Sprintf("the ratio is the same on %d of %d", same, n)
	case math.Abs(middle) > scattered:
		return middle, fmt.Sprintf("it is the middle of %d ratios that differ", n)
	default:
		return 0, ""
	}
}

// within counts the residuals that lie around a value.
func within(residuals []float64, around, reach float64) (n int) {
	for _, r := range residuals {
		if math.Abs(r-around) <= reach {
			n++
		}
	}
	return n
}
