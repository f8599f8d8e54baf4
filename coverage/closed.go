package coverage

import (
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// ClosedOn is the date on which a bar starts that its exchange was closed on for certain; false for any other bar. Of a date with
// a session it tells nothing, also before the open and after the close; nor of bars longer than a day, which are keyed by dates
// on which there need be no trading.
func ClosedOn(c *calendar.Calendar, t market.Timeframe, start time.Time) (calendar.Date, bool) {
	d := calendar.DateOf(start.In(c.Zone))
	switch {
	case c.Inferred:
		return d, false
	case t == market.D1:
		_, trades := c.Session(d)
		return d, !trades && c.Certain(d)
	case !t.Intraday():
		return d, false
	}
	of := c.TradingDate(start)
	session, trades := c.Session(of)
	if trades && !start.Before(session.Anchor) && start.Before(session.Close) {
		return d, false
	}
	if open, closes, _ := c.Hours(of); !trades && !start.Before(open) && start.Before(closes) {
		return of, c.Certain(of) // the evening before a holiday belongs to it
	}
	if len(c.Sessions(c.Midnight(d), c.Midnight(d.AddDays(1)))) > 0 {
		return d, false
	}
	return d, c.Certain(d)
}
