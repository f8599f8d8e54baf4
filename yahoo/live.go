package yahoo

import (
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// isLive tells whether the newest full row of an intraday chart is the live row: the last price in the form of a row, with
// O=H=L=C and volume 0, stamped with the time of the last trade or, after the close, with the close itself.
//
// Neither the grid nor the calendar decides alone: on half days the provider's 60m bars start at 09:30 to 12:30, and it
// has served real bars at 17:00. A bar with values that starts exactly at the last trade is a real one, but by the
// provider's clock it has only begun: it counts as unfinished until rows follow it or its session has closed. See
// docs/PROVIDER.md#live-row.
func (c *Chart) isLive(r row, req market.FetchRequest, now time.Time) bool {
	exchange, ts := req.Instrument.Calendar, c.TS[r.index]
	start := time.Unix(ts, 0)
	trailing := ts == slices.Max(c.TS)
	stamped := ts == c.Meta.RegularMarketTime
	if c.flat(r.index) {
		offGrid := !req.Timeframe.Bucket(exchange, start).Equal(start)
		return (offGrid && (trailing || stamped)) || (trailing && (stamped || !exchange.IsOpen(start)))
	}
	if !trailing || !stamped {
		return false
	}
	session, ok := exchange.SessionAt(start)
	return ok && session.Close.After(now)
}

// flat tells whether row i is a single price without volume.
func (c *Chart) flat(i int) bool {
	return c.volume(i) <= 0 && c.Open[i] == c.High[i] && c.High[i] == c.Low[i] && c.Low[i] == c.Close[i]
}

// byDate keys daily rows by their exchange-local date, at 00:00 of the calendar's zone, whatever hour the provider stamped them
// with (00:00, the opening bell, 09:30 on half days of futures, the last trade for the live row). The date is read in
// the body's own zone; meta.gmtoffset is today's and would move the dates of the part of the year with the other offset.
//
// The live row is marked; where it holds a session that its date does not name, as futures do after 18:00, it is left
// out.
func (c *Chart) byDate(rows []row, exchange *calendar.Calendar) []row {
	zone := c.Meta.zone(exchange.Zone)
	newest := c.newest(rows)
	last := rows[newest]
	last.live = last.key == c.Meta.RegularMarketTime
	next := c.holdsNextSession(last, exchange, zone)
	rows = slices.DeleteFunc(rows, func(r row) bool { return next && again(r, last, exchange, zone) })
	for i := range rows {
		rows[i].live = last.live && rows[i].key == last.key
	}
	for i := range rows {
		rows[i].key = exchange.Midnight(calendar.DateOf(time.Unix(rows[i].key, 0).In(zone))).Unix()
	}
	return rows
}

// again tells whether a daily row is the newest one once more, since a live row may be there twice: it has the same stamp, or
// one of the session after its date's.
func again(r, newest row, exchange *calendar.Calendar, zone *time.Location) bool {
	date := func(r row) calendar.Date { return calendar.DateOf(time.Unix(r.key, 0).In(zone)) }
	return r.key == newest.key || date(r) == date(newest) && date(r).Before(exchange.TradingDate(time.Unix(r.key, 0)))
}

// holdsNextSession tells whether the newest daily row is the session that began after its date's: the last trade
// belongs to a later trading date, and the row is the live one. It is when it bears the time of the last trade, or else
// its price, and the day's high and low where the body tells them. Only the session right before the last trade's can
// be meant: in an answer about the past, an old close may equal today's price by chance.
func (c *Chart) holdsNextSession(r row, exchange *calendar.Calendar, zone *time.Location) bool {
	if c.Meta.RegularMarketTime == 0 {
		return false
	}
	date := calendar.DateOf(time.Unix(r.key, 0).In(zone))
	trading := exchange.TradingDate(time.Unix(c.Meta.RegularMarketTime, 0))
	if !date.Before(trading) {
		return false
	}
	return r.live || (!date.Before(sessionBefore(exchange, trading)) && c.holdsLastPrice(r.index))
}

// sessionBefore is the trading date before d.
func sessionBefore(exchange *calendar.Calendar, d calendar.Date) calendar.Date {
	for range 31 {
		d = d.AddDays(-1)
		if _, ok := exchange.Session(d); ok {
			break
		}
	}
	return d
}

// holdsLastPrice compares row i with what the body says of the current session. Rows are float32 widened to float64,
// the meta's prices are rounded decimals: both meet again as float32.
func (c *Chart) holdsLastPrice(i int) bool {
	same := func(column, meta float64) bool { return float32(column) == float32(meta) }
	m := c.Meta
	return same(c.Close[i], m.RegularMarketPrice) &&
		(m.RegularMarketDayHigh == 0 || same(c.High[i], m.RegularMarketDayHigh)) &&
		(m.RegularMarketDayLow == 0 || same(c.Low[i], m.RegularMarketDayLow))
}
