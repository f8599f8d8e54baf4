package yahoo

import (
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// missing splits the bars that were due, and that the result does not hold, into those that the body has an impossible row of,
// those that it has a null row of, and those that it has no row of that counts. All lists are in ascending order.
func (c *Chart) missing(req market.FetchRequest, result *market.FetchResult, impossible []row, now time.Time) {
	kept, nullRows := result.Candles.TS, c.nullStarts(req)
	var zeroRows []int64
	for _, r := range impossible {
		zeroRows = append(zeroRows, r.key)
	}
	for _, start := range due(req, result.Window, result.Listing.FirstTrade, now) {
		kept, zeroRows, nullRows = from(kept, start), from(zeroRows, start), from(nullRows, start)
		switch {
		case startsWith(kept, start):
		case startsWith(zeroRows, start):
			result.ImpossibleBars = append(result.ImpossibleBars, start)
		case startsWith(nullRows, start):
			result.NullBars = append(result.NullBars, start)
		default:
			result.AbsentBars = append(result.AbsentBars, start)
		}
	}
}

func startsWith(starts []int64, start int64) bool { return len(starts) > 0 && starts[0] == start }

// from leaves out what lies before start. The list is in order.
func from(starts []int64, start int64) []int64 {
	for len(starts) > 0 && starts[0] < start {
		starts = starts[1:]
	}
	return starts
}

// due lists the starts of the bars that the calendar expects inside the window, that are over at now, and that do not
// lie before the date of the first trade, zero if that is unknown. Of an inferred calendar nothing is due.
func due(req market.FetchRequest, window market.Window, firstTrade, now time.Time) []int64 {
	exchange, sure := req.Instrument.Calendar, now.Add(-longest(req.Timeframe))
	if exchange.Inferred {
		return nil
	}
	if !firstTrade.IsZero() {
		window.From = later(window.From, exchange.Midnight(calendar.DateOf(firstTrade.In(exchange.Zone))))
	}
	var starts []int64
	req.Timeframe.Expected(exchange, window, func(start time.Time) bool {
		if start.After(sure) && req.Timeframe.End(exchange, start).After(now) {
			return false
		}
		starts = append(starts, start.Unix())
		return true
	})
	return starts
}

// longest bounds how long a bar lasts: its length, or two days for daily ones (a Sunday key ends with Monday's session).
func longest(timeframe market.Timeframe) time.Duration {
	if length := timeframe.Length(); length > 0 {
		return length
	}
	return 48 * time.Hour
}

// nullStarts are the starts of the bars that the body has a row of without a full set of prices, in ascending order.
func (c *Chart) nullStarts(req market.FetchRequest) []int64 {
	zone := c.Meta.zone(req.Instrument.Calendar.Zone)
	var starts []int64
	for i, ts := range c.TS {
		if c.Full(i) {
			continue
		}
		if !req.Timeframe.Intraday() {
			ts = req.Instrument.Calendar.Midnight(calendar.DateOf(time.Unix(ts, 0).In(zone))).Unix()
		}
		starts = append(starts, ts)
	}
	slices.Sort(starts)
	return starts
}
