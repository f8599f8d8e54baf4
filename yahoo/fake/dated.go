package fake

import (
	"math"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// dated fills in the rows of 1d and longer. The running day comes last and bears the time of the last trade; after 18:00
// New York a future's is the old date, while it holds the new session.
func (s *series) dated(t *table) {
	a := s.listing.almanac
	running, ok := s.runningDay()
	s.periods(s.from, func(key int64, date int, b bar) {
		ts := key
		if s.interval.name == "1d" {
			ts = s.stamp(a.plan(date))
			if ok && date == s.state.span.date {
				return
			}
		}
		if ts >= s.from && ts <= s.to {
			t.add(ts, b)
		}
	}, true)
	s.edit(t)
	stamp := min(s.stamp(a.plan(s.state.span.date)), s.state.last)
	if ok && s.from <= s.state.last && s.to >= stamp {
		for n := t.len(); n > 0 && t.ts[n-1] >= s.state.last; n = t.len() {
			t.cut(n - 1)
		}
		t.add(s.state.last, running)
	}
}

// stamp is what the provider puts on a daily bar: midnight for futures and currencies, 09:30 on
// the half days of futures, the open for the rest.
func (s *series) stamp(p *plan) int64 {
	switch {
	case p.half:
		return p.hours[0].from
	case s.listing.future() || s.listing.instrument.Kind == market.KindCurrency || !p.trades:
		return p.midnight
	default:
		return p.open
	}
}

// runningDay is the daily bar of the session that is on, or has closed so lately that it is not settled; false without one.
func (s *series) runningDay() (bar, bool) {
	if s.options.NoLiveRow || !s.state.known {
		return bar{}, false
	}
	p := s.listing.almanac.plan(s.state.span.date)
	b, ok := s.source.day(s.state.span.date)
	if !ok || !p.trades || s.state.now >= p.close+settling {
		return bar{}, false
	}
	return s.dayNow(p, b), true
}

// dayNow is what can be seen of a day's final bar.
func (s *series) dayNow(p *plan, final bar) bar {
	switch {
	case s.state.now >= p.close && s.source.recorded() && !s.options.RecordingQuirks:
		return final
	case s.state.now >= p.close:
		final.volume = immature(final.volume, s.state.now-p.close)
		return final
	case s.source.recorded(): // a folder holds final values only: what is known is the open
		return bar{final.open, final.open, final.open, final.open, 0}
	default:
		elapsed := float64(s.state.last-p.open) / float64(p.close-p.open)
		return partial(final, s.source.price(s.state.last), elapsed)
	}
}

// periods yields the bars of 1d and longer whose period starts at from or later, in order: the start of the first date by
// the exchange's clock, the date of the last day in it, and the values. With seen, a running day is as far as it is known.
func (s *series) periods(from int64, yield func(key int64, date int, b bar), seen bool) {
	if !s.state.known {
		return
	}
	a := s.listing.almanac
	first := number(periodOf(dateOf(a.dayOf(max(from, s.listing.first))), s.interval.as))
	if r, ok := s.made.(replay); ok && r.rows.len() > 0 {
		first = max(first, a.dayOf(r.rows.ts[0]))
	}
	var sum bar
	open, last := math.MinInt, 0
	for date := first; date <= s.state.span.date; date++ {
		b, ok := s.dayBar(date, seen)
		if !ok {
			continue
		}
		if start := number(periodOf(dateOf(date), s.interval.as)); start != open {
			if open != math.MinInt {
				yield(a.plan(open).midnight, last, sum)
			}
			open, sum = start, b
		} else {
			sum = merge(sum, b)
		}
		last = date
	}
	if open != math.MinInt {
		yield(a.plan(open).midnight, last, sum)
	}
}

// dayBar is a day's bar, as far as it can be seen if seen is set.
func (s *series) dayBar(date int, seen bool) (bar, bool) {
	b, ok := s.source.day(date)
	if !ok || !seen || date < s.state.span.date {
		return b, ok
	}
	p := s.listing.almanac.plan(date)
	if !p.trades { // recorded on a date that our calendar takes for closed: final only once it is surely over
		return b, s.state.now >= p.midnight+17*hour
	}
	return s.dayNow(p, b), true
}

func merge(a, b bar) bar {
	return bar{a.open, max(a.high, b.high), min(a.low, b.low), b.close, a.volume + b.volume}
}

// periodOf is the first date of the period that a date belongs to; a date is its own period in 1d.
func periodOf(d calendar.Date, tf market.Timeframe) calendar.Date {
	switch tf {
	case market.D1:
		return d
	case market.Mo1:
		return calendar.Date{Year: d.Year, Month: d.Month, Day: 1}
	case market.Mo3:
		return calendar.Date{Year: d.Year, Month: (d.Month-1)/3*3 + 1, Day: 1}
	default: // 1wk, and 5d, which is served as weeks
		return d.AddDays(-(int(d.Weekday()) + 6) % 7)
	}
}

func candle(ts int64, b bar) market.Candle {
	return market.Candle{
		Start: time.Unix(ts, 0).UTC(), Open: b.open, High: b.high, Low: b.low, Close: b.close, Volume: b.volume,
	}
}
