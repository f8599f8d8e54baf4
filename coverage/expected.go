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

// grid lists the bars of a timeframe that a calendar expects for certain. Of dates of which it is not certain whether the
// exchange trades, as of all dates of an inferred calendar, no bar is expected.
type grid struct {
	calendar  *calendar.Calendar
	timeframe market.Timeframe
	length    int64 // of an intraday bar, in seconds; 0 for any other
	longest   int64 // how long a bar lasts at most
}

func gridOf(c *calendar.Calendar, t market.Timeframe) grid {
	return grid{c, t, int64(t.Length() / time.Second), int64(longest(t) / time.Second)}
}

// bar is an expected bar, in Unix seconds: there are many.
type bar struct {
	start int64
	end   int64 // when it is over; for 1d and longer, at the latest
}

// at is when the bar starts.
func (b bar) at() time.Time { return time.Unix(b.start, 0).UTC() }

// seconds is the first whole second that is not before an instant: what starts in whole seconds is not before the instant where
// it is not before that.
func seconds(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// each visits the bars that start inside a window, in order, until visit returns false; that is what it returns then.
func (g grid) each(w market.Window, visit func(bar) bool) bool {
	c := g.calendar
	switch {
	case c.Inferred || w.Empty():
		return true
	case g.length > 0:
		last := c.TradingDate(w.To.Add(g.timeframe.Length())) // a bar may start before the open
		for d := c.TradingDate(w.From); !last.Before(d); d = d.AddDays(1) {
			if s, ok := c.Session(d); ok && c.Certain(d) && !g.eachOf(s, seconds(w.From), seconds(w.To), visit) {
				return false
			}
		}
		return true
	}
	through := true
	g.timeframe.Expected(c, w, func(start time.Time) bool {
		if c.Certain(calendar.DateOf(start.In(c.Zone))) {
			through = visit(bar{start.Unix(), start.Unix() + g.longest})
		}
		return through
	})
	return through
}

// eachOf visits the intraday bars of a session that start at from or later, and before to.
func (g grid) eachOf(s calendar.Session, from, to int64, visit func(bar) bool) bool {
	start, opens, closes := s.Anchor.Unix(), s.Open.Unix(), s.Close.Unix()
	if start < from {
		start += (from - start + g.length - 1) / g.length * g.length
	}
	breaks := s.Breaks
	for to = min(to, closes); start < to; start += g.length {
		end := start + g.length
		if end <= opens {
			continue
		}
		for len(breaks) > 0 && breaks[0].To.Unix() < end {
			breaks = breaks[1:]
		}
		if len(breaks) > 0 && breaks[0].From.Unix() <= start {
			continue // it lies wholly in a break
		}
		if !visit(bar{start, min(end, closes)}) {
			return false
		}
	}
	return true
}

// over tells whether a bar was over at an instant in Unix seconds.
func (g grid) over(b bar, at int64) bool {
	return b.end <= at || g.length == 0 && g.timeframe.End(g.calendar, b.at()).Unix() <= at
}

// next is the first bar that starts at an instant or later; the instant itself where there is none within a month.
func (g grid) next(from time.Time) time.Time {
	const month = 31 * 24 * time.Hour
	g.each(market.Window{From: from, To: from.Add(month + time.Duration(g.longest)*time.Second)}, func(b bar) bool {
		from = b.at()
		return false
	})
	return from
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
		case !t.End(c, before).After(at):
			return before, true
		}
		start = before
	}
	return time.Time{}, false
}

// Expected counts the bars that are expected to start inside a window and to be over at an instant.
func Expected(c *calendar.Calendar, t market.Timeframe, w market.Window, at time.Time) (n int64) {
	g, until := gridOf(c, t), at.Unix()
	g.each(w, func(b bar) bool {
		if g.over(b, until) {
			n++
		}
		return true
	})
	return n
}

// Counted counts the bars that are expected to start inside a window and to be over at an instant, and those of them that are
// among the starts of bars, which are in Unix seconds and in order.
func Counted(
	c *calendar.Calendar, t market.Timeframe, w market.Window, at time.Time, starts []int64,
) (expected, present int64) {
	g, until, span := gridOf(c, t), at.Unix(), int64(max(time.Second, t.Length())/time.Second)
	g.each(w, func(b bar) bool {
		if !g.over(b, until) {
			return true
		}
		expected++
		if startsIn(&starts, b.start, span) {
			present++
		}
		return true
	})
	return expected, present
}

// Unjudged tells of the bars that are expected to start inside a window and of which coverage does not tell: those before it
// begins, and those that were not over at its horizon.
type Unjudged struct {
	Before  int64     // that start before it begins
	Present int64     // that were not over at its horizon, and are stored
	Absent  int64     // that were not, and are not
	First   time.Time // start of the first one of Before or Absent; zero for none
}

// NotJudged counts them. Starts are those of the stored bars of the window from the horizon on, and of as many before it as may
// be, in Unix seconds and in order.
func NotJudged(c *calendar.Calendar, v market.Coverage, w market.Window, starts []int64) (u Unjudged) {
	t := v.Series.Timeframe
	g, from, horizon, span := gridOf(c, t), seconds(v.From), seconds(v.Horizon), int64(max(time.Second, t.Length())/time.Second)
	note := func(n *int64, b bar) {
		if *n++; u.First.IsZero() {
			u.First = b.at()
		}
	}
	head, tail := w, Tail(v, w)
	if head.To.After(v.From) {
		head.To = v.From
	}
	g.each(head, func(b bar) bool {
		note(&u.Before, b)
		return true
	})
	g.each(tail, func(b bar) bool {
		switch {
		case b.start >= from && g.over(b, horizon):
		case startsIn(&starts, b.start, span):
			u.Present++
		default:
			note(&u.Absent, b)
		}
		return true
	})
	return u
}

// Tail is the part of a window in which bars start that were not over at the horizon.
func Tail(v market.Coverage, w market.Window) market.Window {
	if open := later(v.From, v.Horizon.Add(-longest(v.Series.Timeframe))); open.After(w.From) {
		w.From = open
	}
	return w
}
