package calendar

import (
	"time"
	_ "time/tzdata" // sessions are wall-clock times: the zones must load in an image without zone files
)

// Calendar tells when an exchange trades. Its hours are wall-clock times of the exchange's zone, so that they hold on both
// days of a clock change. Of makes one.
type Calendar struct {
	Name          string // of the row of hours, such as "CME" or "LONDON"
	Zone          *time.Location
	KnowsHolidays bool // false: every weekday counts as open, as for exchanges outside the US

	hours hours
}

// holiday is what is special about a date; the zero value is an ordinary day.
type holiday struct {
	closed      bool
	early       time.Duration // close of a short session as an offset from midnight; 0 for the usual close
	settledNext bool
}

// Session returns the session of a trading date; false when the exchange is closed on it.
func (c *Calendar) Session(d Date) (Session, bool) {
	if !c.weekday(d) {
		return Session{}, false
	}
	special := holiday{}
	if c.hours.holidays != nil {
		special = c.hours.holidays(d)
	}
	if special.closed {
		return Session{}, false
	}
	s := Session{Date: d, Open: d.At(c.Zone, c.hours.open), Close: d.At(c.Zone, c.hours.close), SettledNext: special.settledNext}
	if special.early > 0 && special.early < c.hours.close {
		s.Close, s.Short = d.At(c.Zone, special.early), true
	}
	for _, b := range c.hours.breaks {
		s.Breaks = append(s.Breaks, Break{From: d.At(c.Zone, b[0]), To: d.At(c.Zone, b[1])})
	}
	return s, true
}

// weekday tells whether the exchange trades on d's day of the week, holidays aside.
func (c *Calendar) weekday(d Date) bool {
	w := d.Weekday()
	return c.hours.everyDay || (w != time.Saturday && w != time.Sunday)
}

// Hours are the usual open and close of a trading date, as if it were no holiday and no half day. ok is false on a weekend on
// which the exchange never trades; the times are those of its other days then.
func (c *Calendar) Hours(d Date) (open, closes time.Time, ok bool) {
	return d.At(c.Zone, c.hours.open), d.At(c.Zone, c.hours.close), c.weekday(d)
}

// TradingDate is the trading date that an instant belongs to: the one whose usual open was the last at or before t. An
// instant in closed hours belongs to the session before it. Holidays count as trading dates here, so that the result does
// not depend on how many of them are known.
func (c *Calendar) TradingDate(t time.Time) Date {
	d := DateOf(t.In(c.Zone))
	if c.hours.open < 0 {
		d = d.AddDays(1)
	}
	for !c.weekday(d) || d.At(c.Zone, c.hours.open).After(t) {
		d = d.AddDays(-1)
	}
	return d
}

// Open is the usual open of the trading date that t belongs to, and NextOpen that of the trading date after it. Every
// instant from Open up to NextOpen belongs to the same trading date.
func (c *Calendar) Open(t time.Time) time.Time { return c.TradingDate(t).At(c.Zone, c.hours.open) }

// NextOpen is the first usual open after t; Open says more.
func (c *Calendar) NextOpen(t time.Time) time.Time {
	d := c.TradingDate(t).AddDays(1)
	for !c.weekday(d) {
		d = d.AddDays(1)
	}
	return d.At(c.Zone, c.hours.open)
}

// SessionAt is the session of the trading date that t belongs to; false when that is a holiday. The session may be over at t.
func (c *Calendar) SessionAt(t time.Time) (Session, bool) { return c.Session(c.TradingDate(t)) }

// IsOpen tells whether the exchange trades at t.
func (c *Calendar) IsOpen(t time.Time) bool {
	s, ok := c.SessionAt(t)
	return ok && s.Contains(t)
}

// Midnight is 00:00 of a date in the exchange's zone, in UTC.
func (c *Calendar) Midnight(d Date) time.Time { return d.At(c.Zone, 0).UTC() }

// LastClosed is the newest session that has closed by t; false when there was none within a month.
func (c *Calendar) LastClosed(t time.Time) (Session, bool) {
	for d, tries := c.TradingDate(t), 0; tries < 31; d, tries = d.AddDays(-1), tries+1 {
		if s, ok := c.Session(d); ok && !s.Close.After(t) {
			return s, true
		}
	}
	return Session{}, false
}

// SessionsBack is the usual open of the n-th session before the one that t belongs to, in UTC; n = 0 is t's own.
func (c *Calendar) SessionsBack(t time.Time, n int) time.Time {
	d := c.TradingDate(t)
	for tries := 31 + 2*n; tries > 0; tries-- {
		if _, ok := c.Session(d); ok {
			if n == 0 {
				break
			}
			n--
		}
		d = d.AddDays(-1)
	}
	return d.At(c.Zone, c.hours.open).UTC()
}

// Sessions lists the sessions that overlap the half-open span [from, to), in order.
func (c *Calendar) Sessions(from, to time.Time) []Session {
	var all []Session
	if !from.Before(to) {
		return all
	}
	last := c.TradingDate(to)
	for d := c.TradingDate(from); !last.Before(d); d = d.AddDays(1) {
		if s, ok := c.Session(d); ok && s.Open.Before(to) && s.Close.After(from) {
			all = append(all, s)
		}
	}
	return all
}
