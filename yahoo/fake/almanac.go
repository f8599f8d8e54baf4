package fake

import (
	"sync"
	"time"

	"barkeep/calendar"
)

// span is a piece of a session that lies within one calendar date of the exchange, in Unix seconds.
type span struct {
	from, to int64 // the piece; bars start in [from, to)
	open     int64 // the session's open, from which its bars are counted
	until    int64 // where trading pauses or ends, maybe on the next date: no bar of the piece reaches further
	date     int   // the trading date, in days since 1970
}

// plan is what a provider's grid looks like on one calendar date of the exchange.
type plan struct {
	midnight, next int64  // the date's first instant and the next date's, Unix seconds
	spans          []span // where bars shorter than an hour start
	hours          []span // where longer intraday bars start
	half           bool   // a US half day of futures, on which hours are counted from 09:30 and not padded
	trades         bool   // a daily bar exists for this trading date
	open, close    int64  // the session of this trading date, if trades
}

// almanac keeps the plans of one exchange. Plans are computed once per date: working out holidays for each request would
// cost more than rendering the bars.
type almanac struct {
	calendar *calendar.Calendar
	mu       sync.RWMutex
	plans    map[int]*plan
}

func newAlmanac(c *calendar.Calendar) *almanac { return &almanac{calendar: c, plans: map[int]*plan{}} }

// dateOf turns days since 1970 into a date.
func dateOf(n int) calendar.Date { return calendar.DateOf(time.Unix(int64(n)*day, 0).UTC()) }

// number turns a date into days since 1970.
func number(d calendar.Date) int {
	return int(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix() / day)
}

// dayOf is the exchange's calendar date of an instant, in days since 1970.
func (a *almanac) dayOf(ts int64) int {
	return number(calendar.DateOf(time.Unix(ts, 0).In(a.calendar.Zone)))
}

func (a *almanac) plan(n int) *plan {
	a.mu.RLock()
	p := a.plans[n]
	a.mu.RUnlock()
	if p == nil {
		p = a.work(n)
		a.mu.Lock()
		a.plans[n] = p
		a.mu.Unlock()
	}
	return p
}

// work computes the plan of a date. Of Globex futures the recordings show that a date on which the exchange halts at 13:00
// or is shut has no bars at all, its evening included, and that on half days the hourly grid is the equities' (09:30 to
// 12:30) while shorter bars follow the session.
func (a *almanac) work(n int) *plan {
	d, zone := dateOf(n), a.calendar.Zone
	p := &plan{midnight: d.At(zone, 0).Unix(), next: d.AddDays(1).At(zone, 0).Unix()}
	session, open := a.calendar.Session(d)
	globex := isGlobex(a.calendar.Name)
	halt := globex && session.SettledNext
	if open && !halt {
		p.trades, p.open, p.close = true, session.Open.Unix(), session.Close.Unix()
	}
	weekday := d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
	if globex && weekday && (!open || halt) {
		return p
	}
	if open {
		p.cut(session)
	}
	if next, ok := a.calendar.Session(d.AddDays(1)); ok {
		p.cut(next)
	}
	p.hours = p.spans
	if globex && session.Short && session.Close.After(d.At(zone, 13*time.Hour)) {
		from, to := d.At(zone, 9*time.Hour+30*time.Minute).Unix(), d.At(zone, 13*time.Hour).Unix()
		p.half, p.hours = true, []span{{from: from, to: to, open: from, until: to + hour, date: n}}
	}
	return p
}

// cut adds the pieces of a session that lie within the plan's date.
func (p *plan) cut(s calendar.Session) {
	from := s.Open
	add := func(to time.Time) {
		piece := span{
			from: max(from.Unix(), p.midnight), to: min(to.Unix(), p.next), open: s.Open.Unix(), until: to.Unix(),
			date: number(s.Date),
		}
		if piece.from < piece.to {
			p.spans = append(p.spans, piece)
		}
	}
	for _, b := range s.Breaks {
		if b.From.Before(s.Close) {
			add(b.From)
			from = b.To
		}
	}
	add(s.Close)
}

// of are the pieces in which bars of a length start.
func (p *plan) of(seconds int64) []span {
	if seconds >= hour {
		return p.hours
	}
	return p.spans
}

// latest is the piece that trades at an instant, or the last one before it; false when there was none for two weeks.
func (a *almanac) latest(at int64) (span, bool) {
	for n, tries := a.dayOf(at), 0; tries < 15; n, tries = n-1, tries+1 {
		spans := a.plan(n).spans
		for i := len(spans) - 1; i >= 0; i-- {
			if spans[i].from <= at {
				return spans[i], true
			}
		}
	}
	return span{}, false
}

// isGlobex tells whether a calendar is of one of the groups that trade around the clock at CME.
func isGlobex(name string) bool {
	switch name {
	case "CME_EQUITY", "CME_FX", "CBOT_RATES", "NYMEX_ENERGY", "COMEX_METALS", calendar.UnknownFuture:
		return true
	default:
		return false
	}
}
