package coverage

import (
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// settling is how long after its end a provider may need to serve a bar: quotes of exchanges are delayed. Nothing younger is due.
const (
	settlingIntraday = 15 * time.Minute
	settlingDaily    = 5 * time.Minute
)

// Due is the instant up to which bars have to be over to be due at now: the provider's settling delay is allowed for. The daily
// price of a fund is made in the evening, after the close, so that a day is allowed for it.
func Due(timeframe market.Timeframe, kind string, now time.Time) time.Time {
	switch {
	case timeframe.Intraday():
		return now.Add(-settlingIntraday)
	case Fund(kind):
		return now.Add(-24 * time.Hour)
	default:
		return now.Add(-settlingDaily)
	}
}

// Fund tells whether a listing's type is one of those that have one price a day and no intraday bars.
func Fund(kind string) bool { return kind == "MUTUALFUND" || kind == "MONEYMARKET" }

// longest bounds how long a bar lasts, from its start to the end of its last session.
func longest(t market.Timeframe) time.Duration {
	const day = 24 * time.Hour
	switch {
	case t.Length() > 0:
		return t.Length()
	case t == market.D1:
		return 3 * day
	default:
		return 96 * day // a quarter, and the weekend after it
	}
}

// eachExpected visits the bars that the calendar expects and that start inside the window, in order: the starts in Unix
// seconds, and until when each lasts at most. Of dates of which it is not certain whether the exchange trades, as of all dates
// of an inferred calendar, no bar is expected.
func eachExpected(c *calendar.Calendar, t market.Timeframe, w market.Window, visit func(start time.Time)) {
	if c.Inferred || w.Empty() {
		return
	}
	var certain bool
	var until time.Time
	t.Expected(c, w, func(start time.Time) bool {
		if !start.Before(until) {
			if t.Intraday() {
				until = c.NextOpen(start)
				certain = c.Certain(c.TradingDate(start))
			} else {
				until = start.Add(time.Second)
				certain = c.Certain(calendar.DateOf(start.In(c.Zone)))
			}
		}
		if certain {
			visit(start)
		}
		return true
	})
}

// over tells whether a bar was over at an instant.
func over(c *calendar.Calendar, t market.Timeframe, start, at time.Time) bool {
	if !start.Add(longest(t)).After(at) {
		return true
	}
	return !t.End(c, start).After(at)
}

// NewestDue is the start of the newest bar that was due at an instant: expected for certain, and over by then. False where
// there is none within the last sessions, as of an inferred calendar.
func NewestDue(c *calendar.Calendar, t market.Timeframe, at time.Time) (time.Time, bool) {
	const tries = 100 // of the quarter-hour before a close, in bars of a minute, and more
	start := at
	for range tries {
		before := t.Previous(c, start)
		d := c.TradingDate(before)
		if !t.Intraday() {
			d = calendar.DateOf(before.In(c.Zone))
		}
		switch {
		case c.Inferred || !c.Certain(d):
			return time.Time{}, false
		case over(c, t, before, at):
			return before, true
		}
		start = before
	}
	return time.Time{}, false
}

// Expected counts the bars that are expected to start inside a window and to be over at an instant.
func Expected(c *calendar.Calendar, t market.Timeframe, w market.Window, at time.Time) (n int64) {
	eachExpected(c, t, w, func(start time.Time) {
		if over(c, t, start, at) {
			n++
		}
	})
	return n
}
