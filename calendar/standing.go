package calendar

import "time"

// Fresh is how long after its close a session counts as the one that is due: a daily import finds every session due once.
const Fresh = 24 * time.Hour

// Reason tells why no session is due.
type Reason string

// The reasons for which no session is due, by what a person asks first.
const (
	Inferred  Reason = "inferred"   // neither hours nor holidays are known: nothing is ever late
	Uncertain Reason = "uncertain"  // one has closed, if there was one: it is not certain that there was
	StillOpen Reason = "open"       // the one in progress is the first since long
	Holiday   Reason = "holiday"    // no session on a date that has one in other weeks
	Weekend   Reason = "weekend"    // no session on such a day of the week
	NotOpened Reason = "not_opened" // the next one opens later, without a date between
)

// Standing is how the trading of a calendar stands at one instant: which session an archive should have the bars of by now, or
// why there is none to wait for.
type Standing struct {
	Due  *Session // the newest session, where it is certain and has closed within the last 24 hours (Fresh); else nil
	Why  Reason   // why none is due; empty exactly where Due is not nil
	Open *Session // the one in progress, also in its breaks; nil for none
	Last *Session // the newest that has closed, however long ago; nil when none did within a month
	Next *Session // the first to open after the instant; nil when none does within a month
	Off  *Off     // the dates without a session since the last one, up to today; nil for none, and while one is open
	Away *Off     // the holidays between today and the next session; nil for none

	now      time.Time
	calendar *Calendar
}

// Off is a run of dates without a session, both ends included: the holidays and what lies between them, or where there is no
// holiday, the days of the week without trading.
type Off struct {
	From, To Date
	Holiday  bool
	Certain  bool // of every date of it
}

// reach is how many days Standing looks back and ahead: no exchange that has a table was ever closed for longer.
const reach = 31

// Standing tells how trading stands at an instant. Today is the date in the zone of the calendar.
func (c *Calendar) Standing(now time.Time) Standing {
	s := Standing{now: now, calendar: c}
	if last, ok := c.LastClosed(now); ok {
		s.Last = &last
	}
	d := c.TradingDate(now)
	if open, ok := c.Session(d); ok && !now.Before(open.Open) && now.Before(open.Close) {
		s.Open = &open
	}
	for n := 0; n <= reach && s.Next == nil; n, d = n+1, d.AddDays(1) {
		if next, ok := c.Session(d); ok && next.Open.After(now) {
			s.Next = &next
		}
	}
	today := DateOf(now.In(c.Zone))
	since, until := today.AddDays(-reach), today.AddDays(reach)
	if s.Last != nil {
		since = s.Last.Date.AddDays(1)
	}
	if s.Next != nil {
		until = s.Next.Date.AddDays(-1)
	}
	if s.Open == nil {
		s.Off = c.off(since, today)
	}
	if away := c.off(today.AddDays(1), until); away != nil && away.Holiday {
		s.Away = away
	}
	if s.Why = s.why(); s.Why == "" {
		s.Due = s.Last
	}
	return s
}

// off finds the dates without a session from one date to another; nil where there are none.
func (c *Calendar) off(from, to Date) *Off {
	var off *Off
	for d := from; !to.Before(d); d = d.AddDays(1) {
		if _, ok := c.Session(d); ok {
			continue
		}
		_, _, holiday := c.Hours(d)
		switch {
		case off == nil || holiday && !off.Holiday:
			off = &Off{From: d, To: d, Holiday: holiday, Certain: c.Certain(d)}
		case holiday == off.Holiday:
			off.To, off.Certain = d, off.Certain && c.Certain(d)
		}
	}
	return off
}

func (s Standing) why() Reason {
	fresh := s.Last != nil && s.now.Before(s.Last.Close.Add(Fresh))
	switch {
	case s.calendar.Inferred:
		return Inferred
	case fresh && s.calendar.Certain(s.Last.Date):
		return ""
	case fresh:
		return Uncertain
	case s.Open != nil:
		return StillOpen
	case s.Off == nil:
		return NotOpened
	case s.Off.Holiday:
		return Holiday
	default:
		return Weekend
	}
}
