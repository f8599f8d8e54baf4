package market

import (
	"time"

	"barkeep/calendar"
)

// Basis tells how the bars of a series stand to a split that is not accounted for, without an answer.
type Basis struct {
	Before time.Time // bars that start before it are on the scale before the split; zero when none is
	Sure   bool      // arrivals or a jump tell it; else the series is better left to its next answer
}

// StoredBefore finds how the bars of a series stand to a split that an answer for another series of the instrument told of. A
// series without bars before the split is sure to need nothing.
func StoredBefore(stored *Candles, arrived func(ts int64) (time.Time, bool), split Action, c *calendar.Calendar) Basis {
	s := splitting{Action: split, factor: SplitFactor(split), told: true, at: split.Cutoff(c).Unix()}
	if s.factor.One() {
		return Basis{Sure: true}
	}
	s.price = s.factor.Price.log()
	old, merit := s.choices(stored, arrived)
	k := 0
	for i := range merit {
		if merit[i] > merit[k] {
			k = i
		}
	}
	sure := true
	for i := range merit {
		sure = sure && (i == k || merit[i] < merit[k]-meritHabit)
	}
	basis := Basis{Sure: sure}
	if old[k] != none {
		basis.Before = time.Unix(old[k], 0).UTC()
	}
	return basis
}
