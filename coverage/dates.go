package coverage

import (
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

const (
	// shifted is how much of a session has to be without bars, at its beginning or its end, to tell of other hours. It is two bars
	// at least.
	shifted = 30 * time.Minute
	// denseShare is how many of the bars between the first and the last one a series has to have for its hours to be told, and
	// denseBars how many at least: a thin one begins late on any day.
	denseShare = 0.9
	denseBars  = 6
	// outsideBars are how many bars outside of a session make more than an odd row.
	outsideBars = 2
)

// dated is what one series has of one trading date.
type dated struct {
	inside      int64     // bars of the session
	first, last time.Time // start of the first and the last of them
	closed      int64     // bars on a closed date
	before      int64     // bars before the open, and the start of the first
	from        time.Time
	after       int64 // bars after the close, and the end of the last
	until       time.Time
}

// datesOf sorts bars of a series, which come in order, by trading dates. Bars that the provider serves by habit, and those that
// cannot be true, are left out.
func (k *Kept) datesOf(bars *market.Candles, odd func(start int64) string) map[calendar.Date]*dated {
	all := map[calendar.Date]*dated{}
	c := k.Instrument.Calendar
	var session calendar.Session
	var trades bool
	var until time.Time
	for i, ts := range bars.TS {
		start := time.Unix(ts, 0)
		if bars.Flags[i]&market.FlagImpossible != 0 {
			continue
		}
		if k.Timeframe.Intraday() && !start.Before(until) {
			_, until, session, trades = c.Around(start)
		}
		d, where := k.place(start, session, trades)
		if where != placeInside && odd != nil && odd(ts) != "" {
			continue
		}
		of := all[d]
		if of == nil {
			of = &dated{}
			all[d] = of
		}
		of.add(where, start, k.Timeframe.Length())
	}
	return all
}

// place is where a bar lies.
type place int

const (
	placeInside place = iota
	placeClosed
	placeBefore
	placeAfter
)

// place tells the trading date of a bar, and where it lies. Session is that of the bar's trading date.
func (k *Kept) place(start time.Time, session calendar.Session, trades bool) (calendar.Date, place) {
	c := k.Instrument.Calendar
	if k.Timeframe.Intraday() && trades && !start.Before(session.Anchor) && start.Before(session.Close) {
		return session.Date, placeInside
	}
	if d, closed := ClosedOn(c, k.Timeframe, start); closed {
		return d, placeClosed
	}
	d := calendar.DateOf(start.In(c.Zone))
	if !k.Timeframe.Intraday() {
		return d, placeInside
	}
	for _, s := range c.Sessions(c.Midnight(d), c.Midnight(d.AddDays(1))) {
		if start.Before(s.Open) {
			return s.Date, placeBefore
		}
		if !start.Before(s.Close) {
			d = s.Date
		}
	}
	return d, placeAfter
}

func (d *dated) add(where place, start time.Time, length time.Duration) {
	switch where {
	case placeInside:
		if d.inside++; d.inside == 1 {
			d.first = start
		}
		d.last = start
	case placeClosed:
		d.closed++
	case placeBefore:
		if d.before++; d.before == 1 {
			d.from = start
		}
	case placeAfter:
		d.after, d.until = d.after+1, start.Add(length)
	}
}

// hours tells which parts of a session a series lacks: whether it is one whose hours can be told at all, whether there is nothing
// at the beginning and at the end, and how many bars are absent there that the provider does not leave out by habit.
func (k *Kept) hours(s calendar.Session, d *dated) (told bool, head, tail int64) {
	length := k.Timeframe.Length()
	least := max(shifted, 2*length)
	late, early := d.first.Sub(s.Open) >= least, s.Close.Sub(d.last.Add(length)) >= least
	if !late && !early {
		return true, 0, 0
	}
	var between int64
	gridOf(k.Instrument.Calendar, k.Timeframe).each(market.Window{From: s.Anchor, To: s.Close}, func(b bar) bool {
		switch start := b.at(); {
		case start.Before(d.first):
			head += k.counts(start)
		case start.After(d.last):
			tail += k.counts(start)
		default:
			between++
		}
		return true
	})
	if d.inside < denseBars || float64(d.inside) < denseShare*float64(between) {
		return false, 0, 0
	}
	if !late {
		head = 0
	}
	if !early {
		tail = 0
	}
	return true, head, tail
}

// counts is 1 for a bar that the provider does not leave out by habit.
func (k *Kept) counts(start time.Time) int64 {
	if k.Habit != nil {
		if why, _ := k.Habit(start.Unix()); why != "" {
			return 0
		}
	}
	return 1
}

// lacks is how many bars of a session are absent, where none is there; 0 where the provider leaves them out by habit.
func (k *Kept) lacks(s calendar.Session) (n int64) {
	w := market.Window{From: s.Anchor, To: s.Close}
	if !k.Timeframe.Intraday() {
		key := k.Instrument.Calendar.Midnight(s.Date)
		w = market.Window{From: key, To: key.Add(time.Second)}
	}
	gridOf(k.Instrument.Calendar, k.Timeframe).each(w, func(b bar) bool {
		n += k.counts(b.at())
		return true
	})
	return n
}
