package coverage

import (
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// Comparison holds the bars of two series of an instrument against each other.
type Comparison struct {
	Instrument market.Instrument
	Pair       market.Pair     // the coarser is 1d, or a multiple of the finer
	Fine       *market.Candles // in order, and beyond the sessions that are compared by what bars may be shifted
	Coarse     *market.Candles
	// Reach is the time in which both series have all that they have. Sessions that are not wholly inside are not compared. The zero
	// value bounds nothing.
	Reach market.Window
}

// Session is a session that was compared.
type Session struct {
	Date  calendar.Date
	Cause market.Disagreement // empty where it agrees
	Bars  int                 // of the coarser series that were compared with some of the finer one
	Same  int                 // of them: those that are what the finer one gives
}

// Proof compares the sessions of a month.
func (c Comparison) Proof(m market.Month) market.Proof {
	p := market.Proof{Instrument: c.Instrument.Name, Pair: c.Pair, Month: m, Causes: map[market.Disagreement]int{}}
	for _, s := range c.Sessions(m) {
		p.Sessions++
		p.Bars, p.Same = p.Bars+s.Bars, p.Same+s.Same
		if s.Cause == "" {
			p.Agreed++
		} else {
			p.Causes[s.Cause]++
		}
	}
	return p
}

// Sessions compares the sessions whose trading dates lie in a month, in order. A session of which neither series has a bar tells
// nothing, and is left out.
func (c Comparison) Sessions(m market.Month) (all []Session) {
	for _, s := range c.parts(m) {
		if c.Reach != (market.Window{}) && (s.from().Before(c.Reach.From) || s.to().After(c.Reach.To)) {
			continue
		}
		compared := comparing{Comparison: &c, parts: s}
		if done, found := compared.run(); found {
			all = append(all, done)
		}
	}
	return all
}

// parts are the sessions of which the bars of one trading date consist.
type parts []calendar.Session

func (p parts) from() time.Time     { return p[0].Anchor }
func (p parts) to() time.Time       { return p[len(p)-1].Close }
func (p parts) date() calendar.Date { return p[len(p)-1].Date }

// parts lists what is compared. A session that is settled with the next one has no bar of 1d, and is a part of the next one's;
// but for the few of which the provider has a bar.
func (c Comparison) parts(m market.Month) (all []parts) {
	var joined parts
	first := calendar.Date{Year: m.Year, Month: m.Month, Day: 1}
	for d := first.AddDays(-longestHolidays); d.Before(first) || d.Month == m.Month; d = d.AddDays(1) {
		s, trades := c.Instrument.Calendar.Session(d)
		switch {
		case !trades:
		case s.SettledNext && !c.Pair.Coarser.Intraday() && c.daily(d).Len() == 0:
			joined = append(joined, s)
		default:
			if whole := append(joined, s); !d.Before(first) {
				all = append(all, whole)
			}
			joined = nil
		}
	}
	return all
}

// longestHolidays is the longest time, in days, without trading but for sessions that are settled with a later one.
const longestHolidays = 10

// daily is the bar of 1d of a date, or none.
func (c Comparison) daily(d calendar.Date) *market.Candles {
	key := c.Instrument.Calendar.Midnight(d)
	return sound(c.Coarse.In(market.Window{From: key, To: key.Add(time.Second)}))
}

// sound leaves out bars of which a price cannot be true: they get into no longer bar, and are not compared.
func sound(bars *market.Candles) *market.Candles {
	left := market.NewCandles(bars.Len())
	for i, f := range bars.Flags {
		if f&market.FlagImpossible == 0 {
			left.Append(bars.At(i))
		}
	}
	return left
}
