package market

import "time"

// End is when the interval of a bar is over and the bar may be stored. An intraday bar ends with its length or with the
// session that it starts in, whichever comes first; a daily one with its date's session; longer ones with the last session
// of their period. Where there is no session, the usual close counts.
func (c *Calendar) End(start time.Time, tf Timeframe) time.Time {
	if length := tf.Length(); length > 0 {
		end := start.Add(length)
		if s, ok := c.Session(c.Date(start)); ok && !start.Before(s.Open) && start.Before(s.Close) && s.Close.Before(end) {
			return s.Close.UTC()
		}
		return end.UTC()
	}
	first, next := c.period(c.dateOfKey(start), tf)
	for d := next.AddDays(-1); !d.Before(first); d = d.AddDays(-1) {
		if s, ok := c.Session(d); ok {
			return s.Close.UTC()
		}
	}
	last := next.AddDays(-1)
	for !c.tradesOn(last) && first.Before(last) {
		last = last.AddDays(-1)
	}
	return last.At(c.Zone, c.close).UTC()
}

// Bucket is the start of the tf bar that a base bar starting at start belongs to. Intraday buckets are counted in elapsed
// time from the session's open, so none crosses a session; longer ones are keyed by the date of their Monday, or of the
// first day of their month or quarter.
func (c *Calendar) Bucket(start time.Time, tf Timeframe) time.Time {
	if length := tf.Length(); length > 0 {
		anchor := c.Anchor(start)
		return anchor.Add(start.Sub(anchor) / length * length).UTC()
	}
	first, _ := c.period(c.dateOfKey(start), tf)
	return c.DayKey(first)
}

// Span is the smallest window of whole tf buckets that covers every base bar starting in w; it is empty when none can.
func (c *Calendar) Span(w Window, tf Timeframe) Window {
	if w.Empty() {
		return Window{}
	}
	last := w.To.Add(-time.Nanosecond)
	if length := tf.Length(); length > 0 {
		span := Window{From: c.Bucket(w.From, tf), To: c.Bucket(last, tf).Add(length)}
		if next := c.nextAnchor(last); next.Before(span.To) {
			span.To = next.UTC()
		}
		return span
	}
	first := DateOf(w.From.In(c.Zone))
	if c.DayKey(first).Before(w.From) {
		first = first.AddDays(1) // that day's bar starts before the window
	}
	if !c.DayKey(first).Before(w.To) {
		return Window{}
	}
	from, _ := c.period(c.dateOfKey(c.DayKey(first)), tf)
	_, next := c.period(c.dateOfKey(last), tf)
	return Window{From: c.DayKey(from), To: c.DayKey(next)}
}

// Previous is the start of the newest native bar that the calendar expects before t: of daily ones the key of the newest
// date that has a daily bar. Without one within a month, it is the time one bar before t.
func (c *Calendar) Previous(t time.Time, tf Timeframe) time.Time {
	d := c.Date(t)
	if !tf.Intraday() {
		d = DateOf(t.In(c.Zone))
	}
	for n := 0; n < 31; n, d = n+1, d.AddDays(-1) {
		s, ok := c.Session(d)
		if !ok {
			continue
		}
		if !tf.Intraday() {
			if key := c.DayKey(d); !s.Joined && key.Before(t) {
				return key
			}
			continue
		}
		if start, ok := s.lastBefore(t, tf.Length()); ok {
			return start.UTC()
		}
	}
	return t.Add(-max(tf.Length(), time.Hour)).UTC()
}

// lastBefore is the start of the session's newest bar before t; false when the session has none.
func (s Session) lastBefore(t time.Time, length time.Duration) (time.Time, bool) {
	if s.Close.Before(t) {
		t = s.Close
	}
	if !s.Open.Before(t) {
		return time.Time{}, false
	}
	start := s.Open.Add((t.Sub(s.Open) - 1) / length * length)
	for !start.Before(s.Open) {
		if s.expects(start, length) {
			return start, true
		}
		start = start.Add(-length)
	}
	return time.Time{}, false
}

// Expected calls yield with the start of every tf bar that the calendar expects inside the window, until it returns false:
// Starts for intraday bars, else the keys of the dates, weeks, months or quarters that have a daily bar.
func (c *Calendar) Expected(w Window, tf Timeframe, yield func(time.Time) bool) {
	if tf.Intraday() {
		c.Starts(w, tf.Length(), yield)
		return
	}
	first, next := c.period(DateOf(w.From.In(c.Zone)), tf)
	for ; c.DayKey(first).Before(w.To); first, next = c.period(next, tf) {
		if key := c.DayKey(first); w.Contains(key) && c.dailyBars(first, next) > 0 && !yield(key) {
			return
		}
	}
}

// dailyBars is how many daily bars are due for the dates [first, next).
func (c *Calendar) dailyBars(first, next Date) int {
	n := 0
	for d := first; d.Before(next); d = d.AddDays(1) {
		if s, ok := c.Session(d); ok && !s.Joined {
			n++
		}
	}
	return n
}

// nextAnchor is the open of the first trading date after the one that t belongs to.
func (c *Calendar) nextAnchor(t time.Time) time.Time {
	d := c.Date(t).AddDays(1)
	for !c.tradesOn(d) {
		d = d.AddDays(1)
	}
	return d.At(c.Zone, c.open)
}

// dateOfKey is the trading date of a daily bar's key. The provider keys a rare futures row to a Sunday: it holds the
// evening that opens Monday's session.
func (c *Calendar) dateOfKey(key time.Time) Date {
	d := DateOf(key.In(c.Zone))
	if c.open < 0 && d.Weekday() == time.Sunday {
		return d.AddDays(1)
	}
	return d
}

// period is the span of dates [first, next) of the daily or longer bar that d belongs to.
func (c *Calendar) period(d Date, tf Timeframe) (first, next Date) {
	switch months := tf.spec().months; {
	case tf == D1:
		return d, d.AddDays(1)
	case months > 0:
		m := (int(d.Month)-1)/months*months + 1
		first = Date{d.Year, time.Month(m), 1}
		return first, DateOf(time.Date(d.Year, time.Month(m+months), 1, 0, 0, 0, 0, time.UTC))
	default:
		first = d.AddDays(-((int(d.Weekday()) + 6) % 7))
		return first, first.AddDays(7)
	}
}
