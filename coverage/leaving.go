package coverage

import (
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// StillHad is the part of a gap that can be had at an instant, and when its first bar leaves the provider's window; false where
// nothing of the gap can be had, or it never leaves.
func StillHad(
	g market.Gap, c *calendar.Calendar, wall time.Duration, now time.Time,
) (left market.Gap, leaves time.Time, some bool) {
	leaves = Leaves(g, wall)
	if leaves.IsZero() || leaves.After(now) {
		return g, leaves, !leaves.IsZero()
	}
	left = g
	left.Bars = 0
	window := market.Window{From: now.Add(-wall), To: g.Last.Add(time.Second)}
	eachExpected(c, g.Series.Timeframe, window, func(start time.Time) {
		if !start.Add(wall).After(now) {
			return
		}
		if left.Bars++; left.Bars == 1 {
			left.First = start.UTC()
		}
	})
	return left, Leaves(left, wall), left.Bars > 0
}
