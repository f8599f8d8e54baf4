package fake

import "math"

// maturing is how long after its end a bar's volume still grows.
const maturing = 15 * minute

// immature is the volume that the provider shows so many seconds after a bar's end: lower than the final one by up to a
// fifth.
func immature(volume, age int64) int64 {
	if age >= maturing || volume <= 0 {
		return volume
	}
	return volume - 1 - (volume-1)*(maturing-age)/(5*maturing)
}

// young gives generated bars the values they have for a while: those that ended less than 15 minutes ago lack volume, and a
// future's first bar of a session has none until the exchange's next date.
func (s *series) young(t *table) {
	if s.options.NoYoungBars || s.exact() {
		return
	}
	for i := t.len() - 1; i >= 0; i-- {
		age := s.state.now - s.end(t.ts[i])
		if age >= maturing {
			break
		}
		if age >= 0 && !t.null(i) {
			t.volume[i] = immature(t.volume[i], age)
		}
	}
	if !s.listing.future() || t.len() == 0 {
		return
	}
	p := s.listing.almanac.plan(s.listing.almanac.dayOf(s.state.now))
	for _, piece := range p.of(s.interval.seconds) {
		if i, j := t.bounds(piece.open, piece.open); piece.from == piece.open && i < j && !t.null(i) {
			t.volume[i] = 0
		}
	}
}

// exact tells whether values must be served as the folder has them.
func (s *series) exact() bool { return s.source.recorded() && !s.options.RecordingQuirks }

// understate lowers the volume of a body's first row, unless nothing comes before it in the series: the provider derives it
// from a running total that begins with the window.
func (s *series) understate(t *table) {
	if s.options.NoUnderstatedFirst || s.exact() || t.len() == 0 || t.null(0) || t.volume[0] <= 0 {
		return
	}
	if t.ts[0] >= s.state.last || s.beginning(t.ts[0]) {
		return
	}
	t.volume[0] = int64(float64(t.volume[0]) * (0.2 + 0.7*unit(mix(s.listing.key, uint64(t.ts[0])))))
}

// beginning tells whether no bar comes before the one that starts at ts.
func (s *series) beginning(ts int64) bool {
	if r, ok := s.made.(replay); ok {
		return ts <= r.rows.ts[0]
	}
	a := s.listing.almanac
	n := a.dayOf(s.listing.first)
	for !a.plan(n).trades {
		n++
	}
	return ts <= max(s.listing.first, a.plan(n).open) || s.interval.seconds == 0 && ts <= s.stamp(a.plan(n))
}

// edit applies the injected faults that change rows.
func (s *series) edit(t *table) {
	calendar := s.listing.almanac.calendar
	for _, f := range s.edits {
		switch f.Kind {
		case Withdraw:
			t.keep(func(ts int64) bool { return !f.covers(calendar, ts, s.interval.seconds) })
		case ZeroVolume, Revise, Null, Price:
			for i, ts := range t.ts {
				if !t.null(i) && f.covers(calendar, ts, s.interval.seconds) {
					t.set(i, f.change(t.at(i), s.listing, ts))
				}
			}
		}
	}
}

// change is a bar's value after a fault: null, no volume at all, or for one bar in eight another close or a price that cannot be.
func (f Fault) change(b bar, l *listing, ts int64) bar {
	switch {
	case f.Kind == Null:
		b = bar{open: math.NaN()}
	case f.Kind == ZeroVolume:
		b.volume = min(b.volume, 0)
	case mix(l.key, uint64(ts))%8 != 0:
	case f.Kind == Price:
		*[]*float64{&b.open, &b.high, &b.low, &b.close}[mix(l.key, uint64(ts)+1)%4] = f.Value
	default:
		b.close = float64(float32(b.close + 2/l.inverse))
		b.high = max(b.high, b.close)
		b.volume += b.volume / 10
	}
	return b
}
