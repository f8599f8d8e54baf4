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
	gridOf(c, g.Series.Timeframe).each(window, func(b bar) bool {
		if start := b.at(); start.Add(wall).After(now) {
			if left.Bars++; left.Bars == 1 {
				left.First = start
			}
		}
		return true
	})
	return left, Leaves(left, wall), left.Bars > 0
}
