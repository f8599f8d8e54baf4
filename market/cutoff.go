package market

import (
	"time"

	"barkeep/calendar"
)

// CutOff is the instant that parts the bars of t before an action from those after it, where d is the date from which on a share
// trades without it: bars that start at it or later are after the action. It is 00:00 of the date in the exchange's zone, and for
// intraday bars the open of the date's session where that is on the evening before.
func (t Timeframe) CutOff(c *calendar.Calendar, d calendar.Date) time.Time {
	cut := c.Midnight(d)
	if open, _, _ := c.Hours(d); t.Intraday() && open.Before(cut) {
		return open.UTC()
	}
	return cut
}
