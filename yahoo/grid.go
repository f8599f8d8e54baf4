package yahoo

import (
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// onGrid leaves out intraday rows, which are in order, that hold no bar: those off the grid of their timeframe, and single prices
// without volume in hours that are certainly closed. These are live rows of other moments, which may stand anywhere in an answer,
// and are the same on their own day and later (docs/PROVIDER.md#live-row).
func (c *Chart) onGrid(rows []row, req market.FetchRequest) []row {
	kept := rows[:0]
	for from := 0; from < len(rows); {
		d := gridOf(req, rows[from].key)
		to := from + 1
		for to < len(rows) && rows[to].key < d.next {
			to++
		}
		d.seeOthers(rows[from:to])
		for _, r := range rows[from:to] {
			if d.holds(r.key) && !(c.flat(r.index) && d.certain && !d.during(r.key)) {
				kept = append(kept, r)
			}
		}
		from = to
	}
	return kept
}

// dateGrid is where the bars of one trading date may start.
type dateGrid struct {
	from, next int64 // what belongs to the trading date
	length     int64 // of a bar
	certain    bool  // what happens on the date
	session    calendar.Session
	trades     bool
	future     bool
	others     []int64 // offsets from whole lengths of the other grids that the rows show
}

func gridOf(req market.FetchRequest, ts int64) dateGrid {
	exchange, t := req.Instrument.Calendar, time.Unix(ts, 0)
	from, next, session, trades := exchange.Around(t)
	return dateGrid{
		from: from.Unix(), next: next.Unix(), length: int64(req.Timeframe.Length() / time.Second), session: session, trades: trades,
		certain: exchange.Certain(exchange.TradingDate(t)), future: req.Instrument.Root != "",
	}
}

// during tells whether a bar from ts on is one of the session.
func (d *dateGrid) during(ts int64) bool {
	return d.trades && d.session.TradesDuring(time.Unix(ts, 0), time.Duration(d.length)*time.Second)
}

// usual tells whether ts is on the grid of the session, or of one of its parts: the provider may begin anew after a break.
func (d *dateGrid) usual(ts int64) bool {
	if (ts-d.from)%d.length == 0 || d.trades && (ts-d.session.Open.Unix())%d.length == 0 {
		return true
	}
	return slices.ContainsFunc(d.session.Breaks, func(b calendar.Break) bool {
		return ts >= b.To.Unix() && (ts-b.To.Unix())%d.length == 0
	})
}

// clock tells whether ts is at a time at which exchanges open: whole minutes for bars of up to two, five minutes for others.
// Outside of hours that are known, bars keep to the clock as they do inside.
func (d *dateGrid) clock(ts int64) bool {
	switch {
	case d.certain:
		return ts%min(d.length, 900) == 0
	case d.length <= 120:
		return ts%60 == 0
	default:
		return ts%300 == 0
	}
}

// seeOthers finds the other grids of the date. On half days hourly rows of futures start at 09:30, with the night's rows on the
// hour before them, or without any. On other dates, and of others, rows off the grid are real where they are the greater part.
func (d *dateGrid) seeOthers(rows []row) {
	usual, others := 0, map[int64]int{}
	for _, r := range rows {
		switch {
		case !d.during(r.key):
		case d.usual(r.key):
			usual++
		case r.key%min(d.length, 900) == 0:
			others[r.key%d.length]++
		}
	}
	for offset, n := range others {
		if n > usual && n > 1 || d.future && d.session.Short && offset == d.length/2 {
			d.others = append(d.others, offset)
		}
	}
}

// holds tells whether a bar may start at ts. Where the hours are not known, and outside of them, the clock decides.
func (d *dateGrid) holds(ts int64) bool {
	if d.usual(ts) || slices.Contains(d.others, ts%d.length) {
		return true
	}
	return (!d.certain || !d.during(ts)) && d.clock(ts)
}
