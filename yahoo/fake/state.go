package fake

import "barkeep/market"

// state is where an instrument's market stands at an instant; the zero value is one that never traded.
type state struct {
	known   bool
	trading bool
	span    span
	now     int64
	last    int64 // regularMarketTime: of the last trade
	limit   int64 // no row starts later
}

// settling is how long after a session's close its daily bar keeps bearing the time of the last trade.
const settling = 2 * hour

// stateAt works out where the market of a listing stands. While it trades, the last trade was a few seconds ago; after the
// close it is the close (of equities some seconds later, as recorded).
func (l *listing) stateAt(now int64) state {
	at := min(now, l.last)
	s := state{now: now, limit: now, last: at}
	var ok bool
	if s.span, ok = l.almanac.latest(at); !ok || at < l.first {
		return s
	}
	s.known = true
	s.trading = now < s.span.to && now <= l.last
	jitter := int64(mix(l.key, uint64(now)) % 9)
	switch {
	case s.trading:
		s.last = max(s.span.from, now-1-jitter)
		s.limit = s.last
	case l.instrument.Kind == market.KindSpot:
		s.last = min(now, s.span.to+jitter%5)
	default:
		s.last = s.span.to
	}
	return s
}

// partial is what of a final bar can be seen while it runs: its open, the last price kept within its range, and its volume
// so far.
func partial(final bar, last, elapsed float64) bar {
	low, high := min(final.low, final.high), max(final.low, final.high)
	b := bar{open: final.open, close: min(max(last, low), high), volume: final.volume}
	b.high, b.low = max(b.open, b.close), min(b.open, b.close)
	if elapsed >= 0.5 {
		b.high, b.low = max(b.high, high), min(b.low, low)
	}
	if final.volume > 0 {
		b.volume = int64(float64(final.volume) * elapsed)
	}
	return b
}
