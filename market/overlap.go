package market

import (
	"math"
	"slices"
)

// leastVolume is the volume from which on rounding to whole units moves a ratio of volumes by a hundredth at most.
const leastVolume = 50

// twoUnits is a factor between the ratios of a bar's open and close that no correction makes.
const twoUnits = 50

// pairs compare the bars that an archive and an answer both have.
type pairs struct {
	ts     []int64
	log    []float64 // logarithm of the answer's value over the archive's
	stored []int32   // index of the bar
	answer []int32
}

// newPairs has room for n pairs.
func newPairs(n int) *pairs {
	return &pairs{ts: make([]int64, n), log: make([]float64, n), stored: make([]int32, n), answer: make([]int32, n)}
}

// put makes a ratio pair n, and returns the number of pairs; one that is no positive number is left out. The columns keep their
// length (cut), since to append to four of them costs more than all else.
func (p *pairs) put(n int, ts int64, ratio float64, i, j int) int {
	log := 0.0
	if ratio != 1 {
		log = logOf(ratio)
	}
	if math.IsNaN(log) {
		return n
	}
	p.ts[n], p.log[n], p.stored[n], p.answer[n] = ts, log, int32(i), int32(j)
	return n + 1
}

// cut leaves the first n pairs.
func (p *pairs) cut(n int) *pairs {
	p.ts, p.log, p.stored, p.answer = p.ts[:n], p.log[:n], p.stored[:n], p.answer[:n]
	return p
}

// overlap pairs the bars of one start. A pair of prices is left out where a price is not above 0, and one of volumes where a
// volume is small, so that rounding would show.
func overlap(stored, answer *Candles) (prices, volumes *pairs) {
	most := min(stored.Len(), answer.Len())
	prices, volumes = newPairs(most), newPairs(most)
	n, m := 0, 0
	first, _ := slices.BinarySearch(stored.TS, start(answer))
	for i, j := first, 0; i < stored.Len() && j < answer.Len(); {
		switch {
		case stored.TS[i] < answer.TS[j]:
			i++
		case stored.TS[i] > answer.TS[j]:
			j++
		default:
			n = prices.put(n, stored.TS[i], priceRatio(stored, answer, i, j), i, j)
			if v, w := stored.Volume[i], answer.Volume[j]; v >= leastVolume && w >= leastVolume {
				m = volumes.put(m, stored.TS[i], float64(w)/float64(v), i, j)
			}
			i, j = i+1, j+1
		}
	}
	return prices.cut(n), volumes.cut(m)
}

// start is the start of the first bar, or a time before all.
func start(c *Candles) int64 {
	if c.Len() == 0 {
		return FirstTS
	}
	return c.TS[0]
}

// priceRatio is the middle of the ratios of the four prices, so that one of them that was corrected does not count. NaN
// where a price is not above 0.
func priceRatio(stored, answer *Candles, i, j int) float64 {
	if !(stored.Open[i] > 0 && stored.High[i] > 0 && stored.Low[i] > 0 && stored.Close[i] > 0) {
		return math.NaN()
	}
	open, high := answer.Open[j]/stored.Open[i], answer.High[j]/stored.High[i]
	low, closing := answer.Low[j]/stored.Low[i], answer.Close[j]/stored.Close[i]
	least, most := min(open, high, low, closing), max(open, high, low, closing)
	if !(least > 0) {
		return math.NaN()
	}
	if least == most {
		return least
	}
	if open > twoUnits*closing || closing > twoUnits*open { // made in two units: the one that is not the archive's counts
		if open*closing > 1 {
			return max(open, closing)
		}
		return min(open, closing)
	}
	return (open + high + low + closing - least - most) / 2
}
