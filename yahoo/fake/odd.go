package fake

import (
	"math"
	"time"

	"barkeep/calendar"
)

// odd adds what the provider gives and nobody asked for, and last spoils digits. The live row is there already.
func (s *series) odd(t, spare *table) {
	for _, f := range s.edits {
		extra := &table{}
		switch f.Kind {
		case AfterHours:
			s.afterHours(extra, f)
		case OffGrid:
			s.offGrid(extra, t, f)
		case CloseRow:
			s.closeRows(extra, t, f)
		default:
			continue
		}
		t.merge(extra, spare)
	}
	for _, f := range s.edits {
		switch f.Kind {
		case Noise:
			s.noise(t, f)
		case Twice:
			s.twice(t, f)
		default:
		}
	}
}

// dates yields the plans of the window's dates that a fault is meant for and on which there is a session.
func (s *series) dates(f Fault, yield func(p *plan)) {
	a := s.listing.almanac
	for n, last := a.dayOf(max(s.from, s.listing.first)), a.dayOf(min(s.to, s.state.now)); n <= last; n++ {
		if p := a.plan(n); p.trades && f.on(dateOf(n)) {
			yield(p)
		}
	}
}

// on tells whether a date is one of the fault's.
func (f Fault) on(d calendar.Date) bool {
	return f.To == (calendar.Date{}) || !d.Before(f.From) && !f.To.Before(d)
}

// seen tells whether a row of a start belongs into the answer.
func (s *series) seen(ts int64) bool { return ts >= s.from && ts <= s.to && ts <= s.state.now }

// afterHours appends the rows before and after the sessions of an equity: in New York from 04:00 to 20:00, elsewhere for an
// hour on either side. Prices move further than in the session, and there is no volume.
func (s *series) afterHours(extra *table, f Fault) {
	if s.interval.seconds == 0 || s.listing.profile.kind != "EQUITY" {
		return
	}
	length := s.interval.seconds
	s.dates(f, func(p *plan) {
		before, after := hour, hour
		if s.listing.almanac.calendar.Name == "XNYS" {
			before, after = 5*hour+hour/2, 4*hour
		}
		add := func(from, to int64) {
			for ts := from; ts < to; ts += length {
				if s.seen(ts) {
					open, close := 1.01*s.source.price(ts), 0.98*s.source.price(ts+length)
					extra.add(ts, bar{open, 1.001 * open, 0.999 * close, close, 0})
				}
			}
		}
		add(p.open-before, p.open)
		add(p.close, p.close+after)
	})
}

// offGrid appends a row with a price of its own inside one bar in eight; of 1d, on the closed date after a bar.
func (s *series) offGrid(extra, t *table, f Fault) {
	a := s.listing.almanac
	for i, ts := range t.ts {
		h := mix(s.listing.key, uint64(ts)+1)
		off := 1 + int64(h>>8)%max(1, s.interval.seconds-1)
		if s.interval.seconds == 0 {
			off, h = day, 0
			if s.interval.name != "1d" || a.plan(a.dayOf(ts+day)).trades {
				continue
			}
		}
		free := i+1 == t.len() || ts+off < t.ts[i+1]
		if t.null(i) || h%8 != 0 || !free || !s.seen(ts+off) || !f.covers(a.calendar, ts, s.interval.seconds) {
			continue
		}
		open := s.source.price(ts + off)
		extra.add(ts+off, bar{open, 1.02 * open, 0.97 * open, 1.01 * open, 7})
	}
}

// closeRows appends, at the close of each session, the flat row that the live row was: it should have gone, and stays.
func (s *series) closeRows(extra, t *table, f Fault) {
	if s.interval.seconds == 0 {
		return
	}
	s.dates(f, func(p *plan) {
		i, j := t.bounds(p.open, p.close)
		for j--; j >= i && t.null(j); j-- {
		}
		if j < i || t.ts[j] == p.close || !s.seen(p.close) {
			return
		}
		price := t.close[j]
		extra.add(p.close, bar{price, price, price, price, 0})
	})
}

// noise gives prices last digits of this answer's own, less than a part in two million away. Equal prices of a row stay equal.
func (s *series) noise(t *table, f Fault) {
	for i, ts := range t.ts {
		if t.null(i) || !f.covers(s.listing.almanac.calendar, ts, s.interval.seconds) {
			continue
		}
		b := t.at(i)
		for _, v := range []*float64{&b.open, &b.high, &b.low, &b.close} {
			h := mix(mix(s.answer+1, uint64(ts)), math.Float64bits(*v))
			*v *= 1 + 8e-7*(unit(h)-0.5)
		}
		t.set(i, b)
	}
}

// twice gives the last row a second time, so much later as the fault says, or earlier where that would lie in the future.
func (s *series) twice(t *table, f Fault) {
	n := t.len() - 1
	if n < 0 {
		return
	}
	last, ts := t.at(n), t.ts[n]
	later := ts + int64(f.Delay/time.Second)
	if later > s.state.now {
		t.ts[n], later = ts-(later-ts), ts
	}
	t.add(later, last)
}
