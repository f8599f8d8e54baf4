package market

import (
	"time"
	_ "time/tzdata" // sessions are wall-clock times: the zones must load in an image without zone files
)

// Session is one trading day of an exchange. Bars of the session start in [Open, Close), outside the pauses.
type Session struct {
	Date   Date // the trading date: of futures that open in the evening, the date of the close
	Open   time.Time
	Close  time.Time
	Pauses []Window // closed hours in between (grains, 08:45-09:30); nil for most
	Short  bool     // closes early, as on half days
	Joined bool     // settled with the next trading date, so that there is no daily bar of it (docs/PROVIDER.md#half-days)
}

// Contains tells whether the exchange trades at t within this session.
func (s Session) Contains(t time.Time) bool {
	if t.Before(s.Open) || !t.Before(s.Close) {
		return false
	}
	for _, pause := range s.Pauses {
		if pause.Contains(t) {
			return false
		}
	}
	return true
}

// expects tells whether a bar over [start, start+length) is due: it starts between open and close and is not wholly a pause.
// The 60m bar of the grains at 09:00 is due, since they trade from 09:30 on.
func (s Session) expects(start time.Time, length time.Duration) bool {
	if start.Before(s.Open) || !start.Before(s.Close) {
		return false
	}
	for _, pause := range s.Pauses {
		if !start.Before(pause.From) && !start.Add(length).After(pause.To) {
			return false
		}
	}
	return true
}

// Calendar tells when an instrument trades. Its times are wall-clock times of the exchange's zone, so they hold on both
// days of a clock change. Holidays are known for the US; elsewhere every weekday counts as open (KnowsHolidays is false).
type Calendar struct {
	Name          string
	Zone          *time.Location
	KnowsHolidays bool

	open     time.Duration // offset of the open from the trading date's midnight; negative for the evening before
	close    time.Duration
	pauses   [][2]time.Duration
	everyDay bool // trades at weekends too
	holidays func(Date) holiday
}

// holiday is what is special about a date; the zero value is an ordinary day.
type holiday struct {
	closed bool
	early  time.Duration // close of a short session as an offset from midnight; 0 for the usual close
	joined bool          // what is traded counts for the next trading date
}

// Session returns the session of a trading date; false when the exchange is closed on it.
func (c *Calendar) Session(d Date) (Session, bool) {
	if !c.tradesOn(d) {
		return Session{}, false
	}
	special := holiday{}
	if c.holidays != nil {
		special = c.holidays(d)
	}
	if special.closed {
		return Session{}, false
	}
	s := Session{Date: d, Open: d.At(c.Zone, c.open), Close: d.At(c.Zone, c.close), Joined: special.joined}
	if special.early > 0 && special.early < c.close {
		s.Close, s.Short = d.At(c.Zone, special.early), true
	}
	for _, p := range c.pauses {
		s.Pauses = append(s.Pauses, Window{From: d.At(c.Zone, p[0]), To: d.At(c.Zone, p[1])})
	}
	return s, true
}

// tradesOn tells whether d's weekday is a trading day, holidays aside.
func (c *Calendar) tradesOn(d Date) bool {
	w := d.Weekday()
	return c.everyDay || (w != time.Saturday && w != time.Sunday)
}

// Date is the trading date that an instant belongs to: the one whose session opened last at or before t, holidays aside.
// A bar in closed hours thus belongs to the session before it, and no date is skipped for want of a holiday list.
func (c *Calendar) Date(t time.Time) Date {
	d := DateOf(t.In(c.Zone))
	if c.open < 0 {
		d = d.AddDays(1)
	}
	for !c.tradesOn(d) || d.At(c.Zone, c.open).After(t) {
		d = d.AddDays(-1)
	}
	return d
}

// Anchor is the instant from which derived intraday bars around t are counted: the open of t's trading date.
func (c *Calendar) Anchor(t time.Time) time.Time { return c.Date(t).At(c.Zone, c.open) }

// IsOpen tells whether the exchange trades at t.
func (c *Calendar) IsOpen(t time.Time) bool {
	s, ok := c.Session(c.Date(t))
	return ok && s.Contains(t)
}

// DayKey is the start of the daily bar of a trading date: 00:00 exchange time (docs/PROVIDER.md#rows).
func (c *Calendar) DayKey(d Date) time.Time { return d.At(c.Zone, 0).UTC() }

// LastClosed is the newest session that has closed by t; false when there was none within a month.
func (c *Calendar) LastClosed(t time.Time) (Session, bool) {
	for d, tries := c.Date(t), 0; tries < 31; d, tries = d.AddDays(-1), tries+1 {
		if s, ok := c.Session(d); ok && !s.Close.After(t) {
			return s, true
		}
	}
	return Session{}, false
}

// Back is the open of the n-th session before the one that t belongs to; n = 0 is t's own.
func (c *Calendar) Back(t time.Time, n int) time.Time {
	d := c.Date(t)
	for tries := 31 + 2*n; tries > 0; tries-- {
		if _, ok := c.Session(d); ok {
			if n == 0 {
				break
			}
			n--
		}
		d = d.AddDays(-1)
	}
	return d.At(c.Zone, c.open).UTC()
}

// Sessions lists the sessions that overlap the window, in order.
func (c *Calendar) Sessions(w Window) []Session {
	var all []Session
	if w.Empty() {
		return all
	}
	last := c.Date(w.To)
	for d := c.Date(w.From); !last.Before(d); d = d.AddDays(1) {
		if s, ok := c.Session(d); ok && s.Open.Before(w.To) && s.Close.After(w.From) {
			all = append(all, s)
		}
	}
	return all
}

// Starts calls yield with the start of every bar of an intraday length that the calendar expects inside the window, until
// it returns false. Bars are counted from each session's open.
func (c *Calendar) Starts(w Window, length time.Duration, yield func(time.Time) bool) {
	for _, s := range c.Sessions(w) {
		for t := s.Open; t.Before(s.Close); t = t.Add(length) {
			if w.Contains(t) && s.expects(t, length) && !yield(t.UTC()) {
				return
			}
		}
	}
}
