package syncer

import (
	"math"
	"slices"
	"time"

	"barkeep/market"
)

// fewVolumes is the least number of bars on which a ratio of volumes is seen, and alikeVolumes how far most of them may be from it:
// volumes are whole numbers, and the newest ones grow yet.
const (
	fewVolumes   = 3
	alikeVolumes = 0.02
)

// volumeRatio is by what the volumes of an answer are those of the archive, on the bars of a span whose prices are on another scale: a
// person who accepts the prices accepts both. The zero Ratio where they are the same, or nothing is seen.
func volumeRatio(stored, answer *market.Candles, first, last time.Time) market.Ratio {
	if stored == nil {
		return market.Ratio{}
	}
	var ratios []float64
	for i, ts := range answer.TS {
		k, both := slices.BinarySearch(stored.TS, ts)
		if !both || ts < first.Unix() || ts > last.Unix() || stored.Volume[k] <= 0 || answer.Volume[i] <= 0 {
			continue
		}
		ratios = append(ratios, float64(answer.Volume[i])/float64(stored.Volume[k]))
	}
	if len(ratios) < fewVolumes {
		return market.Ratio{}
	}
	slices.Sort(ratios)
	middle, like := ratios[len(ratios)/2], 0
	for _, r := range ratios {
		if math.Abs(r/middle-1) <= alikeVolumes {
			like++
		}
	}
	if math.Abs(middle-1) <= alikeVolumes || like*5 < len(ratios)*3 {
		return market.Ratio{}
	}
	return market.Ratio{Num: middle, Den: 1}
}
