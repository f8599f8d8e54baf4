package yahoo

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

const (
	// enoughGaps is how many equal gaps within days show an intraday interval. Far longer ones than those asked for come about by
	// chance so seldom that enoughLong of them do; long is how many times as long they are. Up to there what trades seldom, and is
	// named as it was asked for, may have no other rows.
	enoughGaps, enoughLong, long = 6, 3, 10
	// enoughDays is how many days show that an interval is a day or longer. What trades without a pause leaves no doubt with fewer.
	enoughDays = 3
)

// spaced is one distinct timestamp of a body.
type spaced struct {
	ts     int64
	date   calendar.Date // in the exchange's zone
	clock  time.Duration // of the day in that zone
	full   bool          // it has all four prices
	ranged bool          // its high and low differ: more than one price was seen in its interval
	live   bool          // it may be the last price in the form of a row
}

// spacing is what the rows of a body show of their interval. Rows without prices count: the provider pads with them, at the
// interval that it serves. The live row tells nothing about it.
type spacing struct {
	rows   []spaced // ascending, without live ones
	live   []spaced
	always bool // the instrument trades around the clock, so that each of its bars has trades
}

// otherSpacing says how the rows lie where that shows another interval than the one asked for; empty where nothing does. Sparse
// is how far apart they lie where that is several times an intraday interval, less than long times; 0 for all else.
//
// Bars of a thinly traded symbol lie anywhere on their grid, so that a few gaps prove nothing: there must be several, the greater
// part of them alike, and bars of a longer interval must have seen more than one price, as single trades have not.
func (c *Chart) otherSpacing(req market.FetchRequest) (says string, sparse time.Duration) {
	s := c.spacing(req)
	if !req.Timeframe.Intraday() {
		return s.otherThanDaily(req.Instrument.Calendar), 0
	}
	length := req.Timeframe.Length()
	gaps, all := s.withinDays()
	if all == 0 {
		return s.oneADay(), 0
	}
	usual := mostFrequent(gaps)
	switch {
	case manyShorter(gaps, all, length):
		return fmt.Sprintf("rows that lie %s apart", span(usual)), 0
	case !s.longer(gaps, all, length):
		return "", 0
	case usual < long*length && usual%length == 0: // else half of them are not even on the grid
		sparse = usual
	}
	return fmt.Sprintf("rows that lie %s apart", span(usual)), sparse
}

func (c *Chart) spacing(req market.FetchRequest) spacing {
	i := req.Instrument
	s := spacing{always: i.Kind == market.KindCrypto || i.Kind == market.KindCurrency || i.Kind == market.KindFuture && i.Root != ""}
	zone := c.Meta.zone(i.Calendar.Zone)
	for n, ts := range c.TS {
		local := time.Unix(ts, 0).In(zone)
		hour, minute, second := local.Clock()
		clock := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
		if i.Kind == market.KindFuture && clock == halfDayStamp {
			clock = 0
		}
		r := spaced{ts: ts, date: calendar.DateOf(local), clock: clock, full: c.Full(n), live: ts == c.Meta.RegularMarketTime}
		r.ranged = r.full && c.High[n] > c.Low[n]
		s.rows = append(s.rows, r)
	}
	// Of rows with one stamp the one that says most comes first and stays.
	slices.SortFunc(s.rows, func(a, b spaced) int {
		return cmp.Or(cmp.Compare(a.ts, b.ts), -cmp.Compare(weight(a), weight(b)))
	})
	s.rows = slices.CompactFunc(s.rows, func(a, b spaced) bool { return a.ts == b.ts })
	if last := len(s.rows) - 1; last >= 0 && s.rows[last].full && !s.rows[last].ranged {
		s.rows[last].live = true
	}
	s.live = slices.DeleteFunc(slices.Clone(s.rows), func(r spaced) bool { return !r.live })
	s.rows = slices.DeleteFunc(s.rows, func(r spaced) bool { return r.live })
	return s
}

// halfDayStamp is the time at which the daily row of a future is stamped on half days, in place of midnight.
const halfDayStamp = 9*time.Hour + 30*time.Minute

func weight(r spaced) int {
	switch {
	case r.ranged:
		return 2
	case r.full:
		return 1
	default:
		return 0
	}
}

// manyShorter tells whether so many gaps are shorter than an intraday length that the rows are of a shorter one.
func manyShorter(gaps map[time.Duration]int, all int, length time.Duration) bool {
	short := 0
	for gap, n := range gaps {
		if gap < length {
			short += n
		}
	}
	return short >= enoughGaps && 2*short > all
}

// longer tells whether the rows are of a longer interval than an intraday length: that of their most frequent gap.
func (s spacing) longer(gaps map[time.Duration]int, all int, length time.Duration) bool {
	usual, enough := mostFrequent(gaps), enoughGaps
	if usual >= long*length {
		enough = enoughLong
	}
	if usual <= length || gaps[usual] < enough || 2*gaps[usual] <= all || !s.mostShow() {
		return false
	}
	shorter := 0
	for gap, n := range gaps {
		if gap < usual {
			shorter += n
		}
	}
	return 4*shorter <= all
}

// withinDays counts the gaps between neighbouring rows of one date, by their length, and all of them.
func (s spacing) withinDays() (gaps map[time.Duration]int, all int) {
	gaps = map[time.Duration]int{}
	for i := 1; i < len(s.rows); i++ {
		if s.rows[i].date == s.rows[i-1].date {
			gaps[time.Duration(s.rows[i].ts-s.rows[i-1].ts)*time.Second]++
			all++
		}
	}
	return gaps, all
}

// oneADay judges rows of which no two have the same date: daily or longer bars all bear one time of the day, but for the live
// row, which holds the day's prices where an intraday one holds a single price.
func (s spacing) oneADay() string {
	days := 0
	for _, r := range s.rows {
		if r.clock != s.rows[0].clock {
			return ""
		}
		if s.shows(r) {
			days++
		}
	}
	if 2*days <= len(s.rows) {
		return ""
	}
	for _, r := range s.live {
		if r.ranged && !slices.ContainsFunc(s.rows, func(other spaced) bool { return other.date == r.date }) {
			days++
		}
	}
	if days < enoughDays && (!s.always || days < 2) {
		return ""
	}
	return "one row a day"
}

// otherThanDaily judges rows that should be one a day.
func (s spacing) otherThanDaily(exchange *calendar.Calendar) string {
	counts := map[string]int{}
	for i := 1; i < len(s.rows); i++ {
		counts[daysApart(s.rows[i-1].date, s.rows[i].date)]++
	}
	all := len(s.rows) - 1
	if n := counts[sameDay]; n >= enoughDays && 2*n >= all {
		return "several rows a day"
	}
	for _, apart := range []string{"a week", "a month", "a quarter"} {
		n := counts[apart]
		if n >= enoughDays && 2*n > all && s.mostShow() {
			return fmt.Sprintf("rows that lie %s apart", apart)
		}
	}
	if s.always && s.leavesOut(exchange) {
		return "rows that leave out sessions between them"
	}
	return ""
}

// leavesOut tells whether, between the first row and the last, as many sessions have none as dates have one. The live row counts:
// with it, so few rows may be all that longer bars come to in a short window.
func (s spacing) leavesOut(exchange *calendar.Calendar) bool {
	rows := slices.Concat(s.rows, s.live)
	if len(rows) == 0 {
		return false
	}
	slices.SortFunc(rows, func(a, b spaced) int { return cmp.Compare(a.ts, b.ts) })
	have, out := map[calendar.Date]bool{}, 0
	for _, r := range rows {
		have[r.date] = true
	}
	for d := rows[0].date; d.Before(rows[len(rows)-1].date) && out < len(have); d = d.AddDays(1) {
		if _, open := exchange.Session(d); open && !have[d] {
			out++
		}
	}
	return out >= len(have)
}

const sameDay = "the same day"

// daysApart names the distance of two dates, where it is that of neighbouring bars of an interval that the provider serves.
func daysApart(a, b calendar.Date) string {
	const day = 24 * time.Hour
	switch days := int(b.At(time.UTC, 0).Sub(a.At(time.UTC, 0)) / day); {
	case days == 0:
		return sameDay
	case days == 7:
		return "a week"
	case days >= 28 && days <= 31:
		return "a month"
	case days >= 90 && days <= 92:
		return "a quarter"
	default:
		return ""
	}
}

// mostShow tells whether more than half of the rows with prices show their interval.
func (s spacing) mostShow() bool {
	full, showing := 0, 0
	for _, r := range s.rows {
		if r.full {
			full++
		}
		if s.shows(r) {
			showing++
		}
	}
	return 2*showing > full
}

// shows tells whether a row says something about its interval: it saw more than one price, or it is of an instrument whose rows
// lie close whatever they saw.
func (s spacing) shows(r spaced) bool { return r.ranged || r.full && s.always }

// mostFrequent is the gap that occurs most often; of several the shortest.
func mostFrequent(gaps map[time.Duration]int) time.Duration {
	var most time.Duration
	for gap, n := range gaps {
		if n > gaps[most] || n == gaps[most] && gap < most {
			most = gap
		}
	}
	return most
}

// span names a gap as a timeframe where it has the length of one.
func span(gap time.Duration) string {
	for _, t := range market.Timeframes() {
		if t.Length() == gap {
			return string(t)
		}
	}
	return gap.String()
}
