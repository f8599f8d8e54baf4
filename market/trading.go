package market

import (
	"time"

	"barkeep/calendar"
)

// trading is the trading date of some instant in Unix seconds, for what is asked of every bar. All spans are half-open.
type trading struct {
	from, next           int64 // what belongs to the trading date
	trades               bool  // whether it has a session
	anchor, open, closes int64
	breaks               [][2]int64
}

// enter moves to the trading date of ts.
func (t *trading) enter(c *calendar.Calendar, ts int64) {
	from, next, s, trades := c.Around(time.Unix(ts, 0))
	t.from, t.next, t.trades, t.breaks = from.Unix(), next.Unix(), trades, t.breaks[:0]
	if !trades {
		return
	}
	t.anchor, t.open, t.closes = s.Anchor.Unix(), s.Open.Unix(), s.Close.Unix()
	for _, b := range s.Breaks {
		t.breaks = append(t.breaks, [2]int64{b.From.Unix(), b.To.Unix()})
	}
}

// holds tells whether ts belongs to the trading date.
func (t *trading) holds(ts int64) bool { return t.from <= ts && ts < t.next }

// during is calendar.Session.TradesDuring in seconds.
func (t *trading) during(start, length int64) bool {
	if !t.trades || start >= t.closes || start < t.open && (start < t.anchor || start+length <= t.open) {
		return false
	}
	for _, b := range t.breaks {
		if b[0] <= start && start+length <= b[1] {
			return false
		}
	}
	return true
}
