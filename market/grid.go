package market

import (
	"time"

	"barkeep/calendar"
)

// End is when the interval of a bar is over and the bar may be stored. An intraday bar ends with its length or with the
// session that it starts in, whichever comes first; a daily one with its date's session; longer ones with the last session
// of their period. Where there is no session, the usual close counts.
func (t Timeframe) End(c *calendar.Calendar, start time.Time) time.Time {
	if length := t.Length(); length > 0 {
		end := start.Add(length)
		if s, ok := c.SessionAt(start); ok && !start.Before(s.Anchor) && start.Before(s.Close) && s.Close.Before(end) {
			return s.Close.UTC()
		}
		return end.UTC()
	}
	first, next := t.period(dateOfKey(c, start))
	for d := next.AddDays(-1); !d.Before(first); d = d.AddDays(-1) {
		if s, ok := c.Session(d); ok {
			return s.Close.UTC()
		}
	}
	last := next.AddDays(-1)
	_, end, ok := c.Hours(last)
	for !ok && first.Before(last) {
		last = last.AddDays(-1)
		_, end, ok = c.Hours(last)
	}
	return end.UTC()
}

// Bucket is the start of the bar of t that a base bar starting at start belongs to. Intraday bars are counted in elapsed
// time from the session's open, so that none crosses a session; longer ones are keyed by the date of their Monday, or of the
// first day of their month or quarter, at 00:00 of the exchange's zone.
func (t Timeframe) Bucket(c *calendar.Calendar, start time.Time) time.Time {
	if length := t.Length(); length > 0 {
		open := c.Open(start)
		return open.Add(start.Sub(open) / length * length).UTC()
	}
	first, _ := t.period(dateOfKey(c, start))
	return c.Midnight(first)
}

// Span is the smallest window of whole bars of t that covers every base bar starting in w; it is empty when none can.
func (t Timeframe) Span(c *calendar.Calendar, w Window) Window {
	if w.Empty() {
		return Window{}
	}
	last := w.To.Add(-time.Nanosecond)
	if length := t.Length(); length > 0 {
		span := Window{From: t.Bucket(c, w.From), To: t.Bucket(c, last).Add(length)}
		if next := c.NextOpen(last); next.Before(span.To) {
			span.To = next.UTC()
		}
		return span
	}
	first := calendar.DateOf(w.From.In(c.Zone))
	if c.Midnight(first).Before(w.From) {
		first = first.AddDays(1) // that day's bar starts before the window
	}
	if !c.Midnight(first).Before(w.To) {
		return Window{}
	}
	from, _ := t.period(dateOfKey(c, c.Midnight(first)))
	_, next := t.period(dateOfKey(c, last))
	return Window{From: c.Midnight(from), To: c.Midnight(next)}
}

// Previous is the start of the newest bar that the calendar expects before an instant: of daily and longer timeframes the
// key of the newest date that has a daily bar. Without one within a month, it is one bar before the instant.
func (t Timeframe) Previous(c *calendar.Calendar, before time.Time) time.Time {
	d := c.TradingDate(before)
	if !t.Intraday() {
		d = calendar.DateOf(before.In(c.Zone))
	}
	for n := 0; n < 31; n, d = n+1, d.AddDays(-1) {
		s, ok := c.Session(d)
		if !ok {
			continue
		}
		if !t.Intraday() {
			if key := c.Midnight(d); !s.SettledNext && key.Before(before) {
				return key
			}
			continue
		}
		if start, ok := lastBar(s, before, t.Length()); ok {
			return start.UTC()
		}
	}
	return before.Add(-max(t.Length(), time.Hour)).UTC()
}

// lastBar is the start of the session's newest bar before an instant; false when the session has none.
func lastBar(s calendar.Session, before time.Time, length time.Duration) (time.Time, bool) {
	if s.Close.Before(before) {
		before = s.Close
	}
	if !s.Anchor.Before(before) {
		return time.Time{}, false
	}
	start := s.Anchor.Add((before.Sub(s.Anchor) - 1) / length * length)
	for !start.Before(s.Anchor) {
		if s.TradesDuring(start, length) {
			return start, true
		}
		start = start.Add(-length)
	}
	return time.Time{}, false
}

// Expected calls yield with the start of every bar of t that the calendar expects inside the window, in order, until yield
// returns false. Intraday bars are counted from each session's anchor; of the others come the keys of the dates, weeks, months
// or quarters that have a daily bar.
func (t Timeframe) Expected(c *calendar.Calendar, w Window, yield func(time.Time) bool) {
	if t.Intraday() {
		t.expectedIntraday(c, w, yield)
		return
	}
	first, next := t.period(calendar.DateOf(w.From.In(c.Zone)))
	for last := calendar.DateOf(w.To.In(c.Zone)); !last.Before(first); first, next = t.period(next) {
		if !hasDailyBar(c, first, next) {
			continue
		}
		if key := c.Midnight(first); w.Contains(key) && !yield(key) {
			return
		}
	}
}

func (t Timeframe) expectedIntraday(c *calendar.Calendar, w Window, yield func(time.Time) bool) {
	length := t.Length()
	for _, s := range c.Sessions(w.From, w.To.Add(length)) { // a bar may start before the open (Session.Anchor)
		for start := s.Anchor; start.Before(s.Close) && start.Before(w.To); start = start.Add(length) {
			if w.Contains(start) && s.TradesDuring(start, length) && !yield(start.UTC()) {
				return
			}
		}
	}
}

// hasDailyBar tells whether a daily bar is due for any of the dates from first up to, but not including, next.
func hasDailyBar(c *calendar.Calendar, first, next calendar.Date) bool {
	for d := first; d.Before(next); d = d.AddDays(1) {
		if _, daily := c.Trades(d); daily {
			return true
		}
	}
	return false
}

// dailyBars is how many daily bars are due for the dates from first up to, but not including, next.
func dailyBars(c *calendar.Calendar, first, next calendar.Date) int {
	n := 0
	for d := first; d.Before(next); d = d.AddDays(1) {
		if _, daily := c.Trades(d); daily {
			n++
		}
	}
	return n
}

// dateOfKey is the trading date of a daily bar's key. A key on a Sunday on whose evening Monday's session opens is a bar of
// that evening, and so of Monday: archives hold a few.
func dateOfKey(c *calendar.Calendar, key time.Time) calendar.Date {
	d := calendar.DateOf(key.In(c.Zone))
	if d.Weekday() != time.Sunday {
		return d
	}
	monday := d.AddDays(1)
	if open, _, _ := c.Hours(monday); calendar.DateOf(open).Before(monday) {
		return monday
	}
	return d
}

// period is the span of dates of the daily or longer bar that d belongs to: from first up to, but not including, next.
func (t Timeframe) period(d calendar.Date) (first, next calendar.Date) {
	switch months := t.months(); {
	case t == D1:
		return d, d.AddDays(1)
	case months > 0:
		m := (int(d.Month)-1)/months*months + 1
		first = calendar.Date{Year: d.Year, Month: time.Month(m), Day: 1}
		return first, calendar.DateOf(time.Date(d.Year, time.Month(m+months), 1, 0, 0, 0, 0, time.UTC))
	default:
		first = d.AddDays(-((int(d.Weekday()) + 6) % 7))
		return first, first.AddDays(7)
	}
}
