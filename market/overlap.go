package market

import "math"

// leastVolume is the volume from which on rounding to whole units moves a ratio of volumes by a hundredth at most.
const leastVolume = 50

// pairs compare the bars that an archive and an answer both have.
type pairs struct {
	ts     []int64
	log    []float64 // logarithm of the answer's value over the archive's
	stored []int32   // index of the bar
	answer []int32
}

func newPairs(n int) *pairs {
	return &pairs{
		ts: make([]int64, 0, n), log: make([]float64, 0, n), stored: make([]int32, 0, n), answer: make([]int32, 0, n),
	}
}

func (p *pairs) add(ts int64, ratio float64, i, j int) {
	log := 0.0
	if ratio != 1 {
		log = logOf(ratio)
	}
	if !math.IsNaN(log) {
		p.ts, p.log = append(p.ts, ts), append(p.log, log)
		p.stored, p.answer = append(p.stored, int32(i)), append(p.answer, int32(j))
	}
}

// overlap pairs the bars of one start. A pair of prices is left out where a price is not above 0, and one of volumes where a
// volume is small, so that rounding would show.
func overlap(stored, answer *Candles) (prices, volumes *pairs) {
	most := min(stored.Len(), answer.Len())
	prices, volumes = newPairs(most), newPairs(most)
	for i, j := 0, 0; i < stored.Len() && j < answer.Len(); {
		switch {
		case stored.TS[i] < answer.TS[j]:
			i++
		case stored.TS[i] > answer.TS[j]:
			j++
		default:
			prices.add(stored.TS[i], priceRatio(stored, answer, i, j), i, j)
			if v, w := stored.Volume[i], answer.Volume[j]; v >= leastVolume && w >= leastVolume {
				volumes.add(stored.TS[i], float64(w)/float64(v), i, j)
			}
			i, j = i+1, j+1
		}
	}
	return prices, volumes
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
	return (open + high + low + closing - least - most) / 2
}
