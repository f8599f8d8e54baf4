package fake

import (
	"math"

	"barkeep/market"
)

// series builds the rows of one answer.
type series struct {
	listing  *listing
	interval interval
	source   source
	made     source // the same before any change of scale
	currency string // as the meta tells it
	options  *Options
	edits    []Fault  // of the kinds that change rows
	changes  []Change // of the instrument
	answer   uint64   // which answer of the provider it is
	state    state
	from, to int64 // period1 and period2
}

// fill writes the rows that the provider serves into t; spare is scratch space. Without any bar it writes none.
func (s *series) fill(t, spare *table) {
	if s.interval.seconds > 0 {
		s.intraday(t, spare)
	} else {
		s.dated(t)
	}
	s.understate(t)
	s.odd(t, spare)
}

func (s *series) intraday(t, spare *table) {
	s.source.intraday(t, s.from, min(s.to, s.state.limit))
	s.hideRunning(t)
	s.edit(t)
	s.young(t)
	live, ts := s.liveRow()
	if !s.options.NoPadding && s.listing.future() && t.filled() > 0 {
		spare.reset()
		s.pad(spare, t)
		*t, *spare = *spare, *t
	}
	if live {
		s.appendLive(t, ts)
	}
	if t.filled() == 0 {
		t.reset()
	}
}

// end is where the bar that starts at ts is over.
func (s *series) end(ts int64) int64 {
	end := ts + s.interval.seconds
	if now := s.state.span; ts >= now.from && ts < now.to {
		end = min(end, now.until)
	}
	return end
}

// hideRunning replaces the final values of a bar that still runs: by what can be seen of it, or by nulls where a folder
// holds only its final values and in 1m, as recorded.
func (s *series) hideRunning(t *table) {
	i := t.len() - 1
	if i < 0 || s.end(t.ts[i]) <= s.state.now {
		return
	}
	if !s.state.trading { // a recorded bar on a date that our calendar takes for closed
		s.state.trading, s.state.known = true, true
		s.state.last = max(t.ts[i], s.state.now-1)
	}
	if s.source.recorded() || s.interval.seconds == minute {
		t.set(i, bar{open: math.NaN()})
		return
	}
	elapsed := float64(s.state.last-t.ts[i]) / float64(s.interval.seconds)
	t.set(i, partial(t.at(i), s.source.price(s.state.last), elapsed))
}

// pad copies rows and adds a null row for every slot without one, on each calendar date that has any bar: from midnight to
// midnight, but not beyond the window or the last trade.
func (s *series) pad(to, rows *table) {
	a, length := s.listing.almanac, s.interval.seconds
	limit := min(s.to, max(s.state.last, rows.ts[rows.len()-1]))
	i := 0
	for n, last := a.dayOf(s.from), a.dayOf(limit); n <= last; n++ {
		p := a.plan(n)
		stop := min(limit, p.next-1)
		if grid := p.of(length); s.source.traded(p) && !(p.half && length >= hour) {
			anchor := p.midnight
			if len(grid) > 0 {
				anchor = grid[0].open
			}
			low := max(s.from, p.midnight)
			for ts := anchor + ceilDiv(low-anchor, length)*length; ts <= stop; ts += length {
				i = copyUntil(to, rows, i, ts)
				if i == rows.len() || rows.ts[i] != ts {
					to.addNull(ts)
				}
			}
		}
		i = copyUntil(to, rows, i, p.next)
	}
	copyUntil(to, rows, i, math.MaxInt64)
}

// copyUntil copies the rows from i on that start before ts, and returns the index of the next.
func copyUntil(to, rows *table, i int, ts int64) int {
	for ; i < rows.len() && rows.ts[i] < ts; i++ {
		to.add(rows.ts[i], rows.at(i))
	}
	return i
}

// liveRow tells whether the answer ends with the live row, and its timestamp: off the grid while the market trades, exactly
// on the close after it. It comes with every window that reaches the newest slot, even if it lies past period2.
func (s *series) liveRow() (bool, int64) {
	if s.options.NoLiveRow || !s.state.known {
		return false, 0
	}
	ts := s.state.last
	if !s.state.trading {
		ts = s.state.span.to
	}
	slot, ok := s.newestSlot()
	return ok && s.from <= ts && s.to >= slot, ts
}

// newestSlot is the start of the newest bar; false when a folder ended before the session that is on.
func (s *series) newestSlot() (int64, bool) {
	open := s.state.span.open
	if r, ok := s.made.(replay); ok {
		_, n := r.rows.bounds(math.MinInt64, s.state.now)
		return at(r.rows.ts, n-1), n > 0 && r.rows.ts[n-1] >= open
	}
	if _, ok := s.made.(none); ok {
		return 0, false
	}
	last := min(s.state.last, s.state.span.to-1)
	return open + floorDiv(last-open, s.interval.seconds)*s.interval.seconds, true
}

func at(column []int64, i int) int64 {
	if i < 0 {
		return 0
	}
	return column[i]
}

// appendLive adds the live row, in place of null rows that it leaves behind or would share its timestamp with.
func (s *series) appendLive(t *table, ts int64) {
	for n := t.len(); n > 0 && t.ts[n-1] >= ts; n = t.len() {
		if !t.null(n-1) && t.ts[n-1] != s.state.span.open && !s.state.trading {
			return // a recorded row sits there
		}
		t.cut(n - 1)
	}
	price := s.source.price(s.state.last)
	if i := t.len() - 1; i >= 0 && !t.null(i) && !s.state.trading {
		price = t.close[i]
	} else if i >= 0 && !t.null(i) && s.end(t.ts[i]) > s.state.now {
		price = t.close[i]
	}
	t.add(ts, bar{price, price, price, price, 0})
}

// truth appends the final bars that start in [from, to), keyed as the project keys them.
func (s *series) truth(w market.Window) *market.Candles {
	c := market.NewCandles(0)
	from, to := w.From.Unix(), min(w.To.Unix()-1, s.state.limit)
	if s.interval.seconds > 0 {
		t := &table{}
		s.source.intraday(t, from, to)
		for i, ts := range t.ts {
			c.Append(candle(ts, t.at(i)))
		}
		return c
	}
	s.periods(from, func(key int64, _ int, b bar) {
		if key >= from && key <= w.To.Unix()-1 {
			c.Append(candle(key, b))
		}
	}, false)
	return c
}
