package calendar

import "time"

// Kind tells how a date differs from the exchange's usual week.
type Kind string

// The kinds of date. A session that only belongs to another settlement, with its usual hours, is Regular.
const (
	Regular Kind = "regular"
	Closed  Kind = "closed"
	Early   Kind = "early"   // ends earlier than usual, as on half days
	Late    Kind = "late"    // starts later than usual
	Special Kind = "special" // hours of its own, such as an evening, or a day of the week on which there is no trading else
)

// Session is the trading of one trading date: from Open up to, but not including, Close, without the breaks.
type Session struct {
	Date   Date // the trading date; for futures that open in the evening, the date of the close
	Open   time.Time
	Close  time.Time
	Anchor time.Time // from which bars are counted, at or before Open: the open itself, but for currencies (Of says more)
	Breaks []Break   // in order; nil for most exchanges
	Kind   Kind
	Short  bool // closes earlier than usual, as on half days
	// SettledNext says that the exchange settles the session together with that of the next trading date, as CME does on
	// Monday holidays. Such a session has no daily bar.
	SettledNext bool
}

// Break is a time inside a session without trading, from From up to, but not including, To: for grains 08:45 to 09:30.
type Break struct {
	From time.Time
	To   time.Time
}

// Contains tells whether the exchange trades at t within this session.
func (s Session) Contains(t time.Time) bool {
	if t.Before(s.Open) || !t.Before(s.Close) {
		return false
	}
	for _, b := range s.Breaks {
		if !t.Before(b.From) && t.Before(b.To) {
			return false
		}
	}
	return true
}

// TradesDuring tells whether the exchange trades at some time of an interval that starts inside the session. It is false
// where the interval starts outside [Anchor, Close), ends by Open or lies wholly in a break. The hour of the grains that starts
// at 09:00 counts, since they trade from 09:30 on.
func (s Session) TradesDuring(start time.Time, length time.Duration) bool {
	if start.Before(s.Open) && (start.Before(s.Anchor) || !start.Add(length).After(s.Open)) || !start.Before(s.Close) {
		return false
	}
	for _, b := range s.Breaks {
		if !start.Before(b.From) && !start.Add(length).After(b.To) {
			return false
		}
	}
	return true
}
