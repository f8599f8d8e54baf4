package calendar

import "time"

// Session is the trading of one trading date: from Open up to, but not including, Close, without the breaks.
type Session struct {
	Date   Date // the trading date; for futures that open in the evening, the date of the close
	Open   time.Time
	Close  time.Time
	Breaks []Break // in order; nil for most exchanges
	Short  bool    // closes earlier than usual, as on half days
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
// where the interval starts outside [Open, Close) or lies wholly in a break. The hour of the grains that starts at 09:00
// counts, since they trade from 09:30 on.
func (s Session) TradesDuring(start time.Time, length time.Duration) bool {
	if start.Before(s.Open) || !start.Before(s.Close) {
		return false
	}
	for _, b := range s.Breaks {
		if !start.Before(b.From) && !start.Add(length).After(b.To) {
			return false
		}
	}
	return true
}
