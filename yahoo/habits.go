package yahoo

import (
	"sync"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// habit is something that the provider leaves out again and again. Each was measured (docs/PROVIDER.md#what-is-left-out), on
// futures alone: they are all American, and go by New York's clock and by the days of its stock exchanges.
type habit struct {
	why    string
	usual  bool // it leaves these bars out on most occasions, and not only on some
	covers func(b *moment) bool
}

// moment is the start of a bar of a future, as the rules look at it.
type moment struct {
	instrument market.Instrument
	length     time.Duration // of an intraday bar; 0 for 1d
	date       calendar.Date // New York's, which in the evening is not the trading date
	clock      time.Duration // since New York's midnight, by its clock
	start      time.Time
	stocks     *calendar.Calendar // of New York's stock exchanges
}

// habits are in the order in which they are asked; the first that covers a bar explains it.
func habits() []habit {
	return []habit{
		{"the provider leaves out dates on which New York's stock exchanges are closed", true, (*moment).holiday},
		{"the provider leaves out what trades on a half day outside of the stock exchanges' hours", true, (*moment).halfDay},
		{"the provider leaves out the 5m bar of midnight of index futures", true, (*moment).midnight},
		{"the provider may leave out bars of the day on which index futures expire", false, (*moment).expiry},
		{"the provider's rows may start late on the evening of Sunday", false, (*moment).sundayEvening},
		{"the provider loses single bars of the night", false, (*moment).nightly},
		{"the provider lacks most days on which New York's stock exchanges are closed", true, (*moment).closedDay},
		{"until 2006 NYMEX and COMEX closed on days between a holiday and a weekend", true, (*moment).bridge},
		{"the provider may leave out bars while the front contract changes over", false, (*moment).changeover},
		{"no holidays are known of that time, and it may have been one", false, (*moment).unknownDay},
	}
}

// habitOf is market.Capabilities.Habit of this provider.
func habitOf() func(market.Instrument, market.Timeframe, int64) (string, bool) {
	stocks, all := stockExchanges(), habits()
	return func(i market.Instrument, t market.Timeframe, start int64) (why string, usual bool) {
		if besideBreak(i.Calendar, t, start) {
			return "the provider counts bars anew after a break, so that those beside it are others", true
		}
		if b, ok := momentOf(i, t, start, stocks()); ok {
			for _, h := range all {
				if h.covers(&b) {
					return h.why, h.usual
				}
			}
		}
		return "", false
	}
}

// besideBreak covers the bars of the exchange's grid that a provider which counts anew after a break cannot have: the one in
// which a break ends, and the last one of the session, where the break moved the grid.
func besideBreak(c *calendar.Calendar, t market.Timeframe, start int64) bool {
	length, at := t.Length(), time.Unix(start, 0)
	if length == 0 {
		return false
	}
	s, trades := c.SessionAt(at)
	for _, b := range s.Breaks {
		if moved := b.To.Sub(s.Anchor) % length; !trades || moved == 0 {
			continue
		}
		if at.Before(b.To) && at.Add(length).After(b.To) || !at.Before(b.To) && !at.Add(length).Before(s.Close) {
			return true
		}
	}
	return false
}

// stockExchanges is the calendar of New York's stock exchanges, read when it is first asked for.
func stockExchanges() func() *calendar.Calendar {
	return sync.OnceValue(func() *calendar.Calendar {
		c, err := calendar.Of("XNYS")
		if err != nil {
			panic(err) // its table is compiled in
		}
		return c
	})
}

// momentOf is false for what is no future.
func momentOf(i market.Instrument, t market.Timeframe, start int64, stocks *calendar.Calendar) (moment, bool) {
	at := time.Unix(start, 0).In(stocks.Zone)
	return moment{
		instrument: i, length: t.Length(), date: calendar.DateOf(at), start: at, stocks: stocks,
		clock: time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute,
	}, i.Root != ""
}

// closed tells whether New York's stock exchanges are closed on a day of the week on which they usually trade.
func (b *moment) closed(d calendar.Date) bool {
	_, trades := b.stocks.Session(d)
	return !trades && d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
}

func (b *moment) holiday() bool { return b.length > 0 && b.closed(b.date) }

// halfDay covers hours all day, since those of the stock exchanges' hours are served at half past (Odd), and shorter bars from
// their close on.
func (b *moment) halfDay() bool {
	s, _ := b.stocks.Session(b.date)
	return s.Short && (b.length >= time.Hour || !b.start.Before(s.Close))
}

// midnight covers the nights within a week: on Mondays the bar is there.
func (b *moment) midnight() bool {
	return b.length == 5*time.Minute && b.index() && b.clock == 0 && b.date.Weekday() != time.Monday
}

// index tells whether the future is one of an American stock index, on CME or CBOT.
func (b *moment) index() bool {
	switch b.instrument.Root {
	case "ES", "NQ", "RTY", "YM", "MES", "MNQ", "M2K", "MYM":
		return true
	default:
		return false
	}
}

// expiry covers the session that ends on the day of expiry. Trading in the old contract ends at 09:30: before that it is thin,
// and after it there may be nothing until the close. Of hours, those from 10:00 to 15:00 are missing.
func (b *moment) expiry() bool {
	if b.length == 0 || !b.index() || !b.expires(b.instrument.Calendar.TradingDate(b.start)) {
		return false
	}
	return b.length < time.Hour || 10*time.Hour <= b.clock && b.clock < 16*time.Hour
}

// expires tells whether index futures expire on a date: on the third Friday of a quarter's last month, or the day before where
// that is a holiday (CME Rulebook, chapter 358, of ES; the others alike).
func (b *moment) expires(d calendar.Date) bool {
	third := d
	if d.Weekday() == time.Thursday {
		third = d.AddDays(1)
	}
	friday := third.Weekday() == time.Friday && 15 <= third.Day && third.Day <= 21
	return friday && third.Month%3 == 0 && b.closed(third) == (third != d)
}

// sundayEvening reaches to the second bar of 5m after midnight.
func (b *moment) sundayEvening() bool {
	return b.length > 0 && (b.date.Weekday() == time.Sunday || b.date.Weekday() == time.Monday && b.clock < 10*time.Minute)
}

// nightly covers bars of up to 15m that overlap the times at which single ones are missing.
func (b *moment) nightly() bool {
	for _, m := range [...][2]time.Duration{{210, 220}, {255, 275}, {330, 340}, {370, 385}} { // minutes since midnight
		if b.length <= 15*time.Minute && b.clock < m[1]*time.Minute && b.clock+b.length > m[0]*time.Minute {
			return true
		}
	}
	return false
}

// changeover covers metals from the fourth last to the second last business day of a month. Trading in a contract ends on the
// third last (COMEX Rulebook, chapter 113, of GC; the others alike): it is thin before, and the provider moves to the next one.
func (b *moment) changeover() bool {
	if b.instrument.Calendar.Name != "COMEX_METALS" {
		return false
	}
	d := b.instrument.Calendar.TradingDate(b.start) // a day's own date, too
	left := 0                                       // business days of the month after d
	for next := d.AddDays(1); next.Month == d.Month; next = next.AddDays(1) {
		if _, ok := b.stocks.Session(next); ok {
			left++
		}
	}
	return 1 <= left && left <= 3
}

func (b *moment) closedDay() bool { return b.length == 0 && b.closed(b.date) }

// bridge covers the days between a holiday and a weekend before 2007, where the calendar's table does not reach.
func (b *moment) bridge() bool {
	between := b.date.Weekday() == time.Friday && b.closed(b.date.AddDays(-1)) ||
		b.date.Weekday() == time.Monday && b.closed(b.date.AddDays(1))
	name := b.instrument.Calendar.Name
	return b.length == 0 && between && b.date.Year < 2007 && (name == "NYMEX_ENERGY" || name == "COMEX_METALS")
}

// unknownDay covers days before the calendar's table begins: the exchanges closed on more days than today's rule names.
func (b *moment) unknownDay() bool {
	from, _, ok := b.instrument.Calendar.Known()
	return b.length == 0 && ok && b.date.Before(from)
}
