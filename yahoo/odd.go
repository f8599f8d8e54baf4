package yahoo

import (
	"time"

	"barkeep/market"
)

// oddOf is market.Capabilities.Odd of this provider (docs/PROVIDER.md#odd-bars).
func oddOf() func(market.Instrument, market.Timeframe, int64) string {
	stocks := stockExchanges()
	return func(i market.Instrument, t market.Timeframe, start int64) string {
		at := time.Unix(start, 0)
		if s, ok := i.Calendar.SessionAt(at); ok && t.Intraday() && at.Equal(s.Close) {
			return "trades of the closing minute, which the provider stamps with the close"
		}
		b, future := momentOf(i, t, start, stocks())
		switch {
		case !future:
			return ""
		case t == market.H1 && b.offHour():
			return "the provider's hours begin at half past on half days"
		case t == market.D1 && b.date.Weekday() == time.Sunday:
			return "a row of Sunday's evening, which is a part of Monday"
		case t == market.D1 && b.joined():
			return "a row of a holiday session, which is settled with the next one"
		default:
			return ""
		}
	}
}

// offHour tells whether an hour begins at half past within the stock exchanges' hours of a half day.
func (b *moment) offHour() bool {
	s, _ := b.stocks.Session(b.date)
	return s.Short && s.Contains(b.start) && b.clock%time.Hour == 30*time.Minute
}

// joined tells whether a day of the week has no daily bar of its own.
func (b *moment) joined() bool {
	s, ok := b.instrument.Calendar.Session(b.date)
	return b.date.Weekday() != time.Saturday && (!ok || s.SettledNext)
}
