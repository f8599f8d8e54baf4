package calendar

import (
	"time"
	_ "time/tzdata" // sessions are wall-clock times: the zones must load in an image without zone files
)

// Calendar tells when an exchange trades. Its hours are wall-clock times of the exchange's zone, so that they hold on both
// days of a clock change. Of makes one; it never changes.
type Calendar struct {
	Name string // what Of was asked for, such as "XLON" or "CME_EQUITY"
	Zone *time.Location
	// Inferred says that neither hours nor holidays are known: every weekday counts as possible, and nothing is ever late.
	Inferred bool

	text    string               // what it says: its table, with what operators changed
	version func() string        // Version, made when it is first asked
	facts   func() *table        // read when it is first asked
	outside func(Date) variation // the rule for dates that the table does not cover; nil for none
	week    *time.Location       // of currencies: the zone in which the week begins on Sunday at 17:00 and ends on Friday at 17:00
}

// Session returns the session of a trading date; false when the exchange is closed on it.
func (c *Calendar) Session(d Date) (Session, bool) {
	t, ok := c.times(d)
	if !ok {
		return Session{}, false
	}
	s := Session{
		Date: d, Open: c.begin(d, t.hours), Close: d.At(c.Zone, t.hours.close), Kind: t.kind, Short: t.short, SettledNext: t.joined,
	}
	s.Anchor = s.Open
	if c.week != nil {
		c.cutWeek(&s)
	}
	for _, b := range t.hours.breaks {
		s.Breaks = append(s.Breaks, Break{From: d.At(c.Zone, b.from), To: d.At(c.Zone, b.to)})
	}
	return s, true
}

// Trades tells whether a date has a session, and whether that has a daily bar (Session.SettledNext). It is Session for those
// who ask of many dates, and of no times.
func (c *Calendar) Trades(d Date) (session, daily bool) {
	t, ok := c.times(d)
	return ok, ok && !t.joined
}

// times are a session's by the wall clock.
type times struct {
	hours         *hours
	kind          Kind
	joined, short bool
}

// times of a trading date; false when the exchange is closed on it.
func (c *Calendar) times(d Date) (times, bool) {
	n, facts := d.number(), c.facts()
	usual := facts.usual(n)
	t := times{hours: usual, kind: Regular}
	if e, ok := c.exception(facts, d, n); ok {
		if t.hours, t.kind, t.joined = &e.hours, e.kind, e.joined; t.kind == Closed {
			return times{}, false
		}
		if usual != nil && t.hours.open == usual.open && t.hours.close == usual.close {
			t.kind = Regular
		}
	}
	if t.hours == nil {
		return times{}, false
	}
	t.short = usual != nil && t.hours.close < usual.close && t.kind != Special
	return t, true
}

// cutWeek begins a Monday of currencies on Sunday at 17:00 New York, and ends a Friday then.
func (c *Calendar) cutWeek(s *Session) {
	switch s.Date.Weekday() {
	case time.Monday:
		s.Open = s.Date.AddDays(-1).At(c.week, 17*time.Hour).In(c.Zone)
	case time.Friday:
		s.Close = s.Date.At(c.week, 17*time.Hour).In(c.Zone)
	default:
	}
}

// begin is when a trading date with such hours begins. A Monday of currencies does a day before its midnight, by the clock or
// not: so the bars of Sunday evening keep to the grid of the other days, also when London's clocks change on that Sunday.
func (c *Calendar) begin(d Date, h *hours) time.Time {
	if c.week != nil && d.Weekday() == time.Monday {
		return d.At(c.Zone, 0).Add(-day)
	}
	return d.At(c.Zone, h.open)
}

// exception is what differs on a date, from the table or, where it covers nothing, from the rule.
func (c *Calendar) exception(facts *table, d Date, n int) (*exception, bool) {
	if e, ok := facts.exception(n); ok || c.outside == nil || facts.known.contains(n) {
		return e, ok
	}
	usual := facts.usual(n)
	if usual == nil {
		return nil, false
	}
	v := c.outside(d)
	if v.kind == "" || v.kind != Closed && v.hours.close >= usual.close {
		return nil, false
	}
	v.hours.open = usual.open
	return &exception{variation: v.on(usual)}, true
}

// Known are the first and the last date that the table of the exchange covers. ok is false when it needs none, as for what trades
// every day, or has none, as for an inferred calendar. Outside of it no holidays are known, which is not that there are none.
func (c *Calendar) Known() (from, to Date, ok bool) {
	if c.facts().known == always() {
		return Date{}, Date{}, false
	}
	return dateOfNumber(c.facts().known.from), dateOfNumber(c.facts().known.to), true
}

// Certain tells whether it is certain what happens on a date: nothing of a date that is not can be late. Of an inferred calendar
// no date is, but those that an operator changed.
func (c *Calendar) Certain(d Date) bool {
	n, facts := d.number(), c.facts()
	e, found := facts.exception(n)
	if found && e.told {
		return true
	}
	if c.Inferred || !facts.known.contains(n) {
		return false
	}
	for _, doubt := range facts.doubts {
		if doubt.contains(n) {
			return false
		}
	}
	return !found || !e.unsure
}

// Hours are the usual open and close of a trading date, as if it were no holiday and no half day. ok is false on a day of the
// week on which the exchange does not trade; the times are those of its other days then.
func (c *Calendar) Hours(d Date) (open, closes time.Time, ok bool) {
	week := c.facts().week(d.number())
	h := week[d.Weekday()]
	ok = h != nil
	for i := 0; h == nil; i++ {
		h = week[i]
	}
	return c.begin(d, h), d.At(c.Zone, h.close), ok
}

// TradingDate is the trading date that an instant belongs to: the one whose Open was the last at or before t. An instant in
// closed hours belongs to the session before it. Holidays on usual days of trading count as trading dates here.
func (c *Calendar) TradingDate(t time.Time) Date {
	d, _ := c.trading(t)
	return d
}

// trading is the trading date that t belongs to, and when it began.
func (c *Calendar) trading(t time.Time) (Date, time.Time) {
	facts, today := c.facts(), DateOf(t.In(c.Zone)).number()
	for n := today + 2; ; n-- {
		h := facts.begins(n)
		if h == nil || n > today && h.open >= 0 {
			continue
		}
		d := dateOfNumber(n)
		if begins := c.begin(d, h); !begins.After(t) {
			return d, begins
		}
	}
}

// Open is when the trading date that t belongs to begins, and NextOpen when the one after it does. Every instant from Open up to
// NextOpen belongs to the same trading date. It is the open of the date's session (Session.Anchor), and on a holiday the usual
// one.
func (c *Calendar) Open(t time.Time) time.Time {
	_, begins := c.trading(t)
	return begins
}

// NextOpen is the first Open after t; Open says more.
func (c *Calendar) NextOpen(t time.Time) time.Time { return c.after(c.TradingDate(t)) }

// Around tells at once about the trading date that t belongs to: when it begins (Open), when the next one does (NextOpen), and
// its session; trades is false when it is a holiday.
func (c *Calendar) Around(t time.Time) (begins, next time.Time, s Session, trades bool) {
	d, begins := c.trading(t)
	s, trades = c.Session(d)
	return begins, c.after(d), s, trades
}

// after is when the trading date after d begins.
func (c *Calendar) after(d Date) time.Time {
	facts := c.facts()
	for n := d.number() + 1; ; n++ {
		if h := facts.begins(n); h != nil {
			return c.begin(dateOfNumber(n), h)
		}
	}
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

// SessionsBack is where the n-th session before the one that t belongs to begins, in UTC; n = 0 is t's own.
func (c *Calendar) SessionsBack(t time.Time, n int) time.Time {
	d, begins := c.trading(t)
	for tries := 31 + 2*n; tries > 0; tries-- {
		if s, ok := c.Session(d); ok {
			if begins = s.Anchor; n == 0 {
				break
			}
			n--
		}
		d = d.AddDays(-1)
	}
	return begins.UTC()
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
