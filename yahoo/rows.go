package yahoo

import (
	"cmp"
	"slices"
	"time"

	"barkeep/market"
)

// row is one row of a chart on its way into candles.
type row struct {
	index int   // in the chart's columns
	key   int64 // start of its bar, Unix seconds
	live  bool

	impossible bool // a price of it cannot be true
}

// Closed applies the provider's row rules (docs/PROVIDER.md#rows) and keeps the bars of req that start inside window and whose
// interval is over at now: ascending, distinct, flagged and otherwise as served. It changes nothing in c, and corrects nothing:
// negative prices and an open outside high and low are kept, and so are prices that cannot be true, with their flag. Every row
// is a candle, or counted as Null or as Dropped; rows of zeros that cannot be true are counted as Impossible too. The result
// also lists the bars that were due and that the body lacks, its actions and its listing.
//
// A volume of null becomes market.NoVolume, as does a negative one, which has no meaning.
func (c *Chart) Closed(req market.FetchRequest, window market.Window, now time.Time) *market.FetchResult {
	result := &market.FetchResult{
		Outcome: market.OutcomeEmpty, Candles: market.NewCandles(0), Window: window, Rows: c.Len(),
		Actions: c.actions(), Listing: c.Meta.listing(),
	}
	if c.Len() == 0 {
		result.AbsentBars = due(req, window, result.Listing.FirstTrade, now)
		return result
	}
	result.Outcome = market.OutcomeBars
	rows := c.fullRows()
	result.Null = c.Len() - len(rows)
	full := len(rows)
	rows = c.keyed(rows, req, now)
	c.judge(rows, req)
	rows, impossible := c.possible(rows, req)
	kept, impossible := c.finished(c.distinct(rows), req, window, now), c.finished(impossible, req, window, now)
	result.Dropped, result.Impossible = full-len(kept), len(impossible)
	result.Candles = c.candles(kept)
	c.missing(req, result, impossible, now)
	req.Instrument.SetFlags(req.Timeframe, result.Candles)
	return result
}

// fullRows are the rows with all four prices, in the order of the body.
func (c *Chart) fullRows() []row {
	rows := make([]row, 0, c.Len())
	for i, ts := range c.TS {
		if c.Full(i) {
			rows = append(rows, row{index: i, key: ts})
		}
	}
	return rows
}

// keyed finds the bar that each row holds: it marks or removes live rows and what is no bar of the session, keys daily rows by
// their date, and puts rows in order.
func (c *Chart) keyed(rows []row, req market.FetchRequest, now time.Time) []row {
	if len(rows) == 0 {
		return rows
	}
	intraday := req.Timeframe.Intraday()
	if intraday {
		newest := rows[c.newest(rows)] // which may be there twice, with one stamp or a moment apart
		live := c.isLive(newest, req, now)
		rows = slices.DeleteFunc(rows, func(r row) bool {
			return r.key == newest.key && c.isLive(r, req, now) ||
				live && r.key == c.Meta.RegularMarketTime && c.flat(r.index) && c.flat(newest.index)
		})
	} else {
		rows = c.byDate(rows, req.Instrument.Calendar)
	}
	if !slices.IsSortedFunc(rows, byKey) {
		slices.SortStableFunc(rows, byKey)
	}
	if intraday {
		rows = c.onGrid(rows, req)
	}
	return rows
}

// distinct leaves one row of each key. Of two the later in the body holds, but never a live row over a real one, one that
// cannot be true over one that can, or a single price without volume over more.
func (c *Chart) distinct(rows []row) []row {
	kept := rows[:0]
	for _, r := range rows {
		last := len(kept) - 1
		switch {
		case last < 0 || kept[last].key != r.key:
			kept = append(kept, r)
		case c.worth(r) >= c.worth(kept[last]):
			kept[last] = r
		}
	}
	return kept
}

// worth ranks rows of one key.
func (c *Chart) worth(r row) (rank int) {
	for _, good := range [...]bool{!r.live, !r.impossible, !c.flat(r.index)} {
		rank *= 2
		if good {
			rank++
		}
	}
	return rank
}

func byKey(a, b row) int { return cmp.Compare(a.key, b.key) }

// newest is the position of the row with the latest stamp; of several the last in the body.
func (c *Chart) newest(rows []row) int {
	newest := 0
	for i, r := range rows {
		if r.key >= rows[newest].key {
			newest = i
		}
	}
	return newest
}

// finished keeps the rows inside the window whose bar is over. The calendar is asked only about the newest, since no bar
// lasts longer than longest says.
func (c *Chart) finished(rows []row, req market.FetchRequest, window market.Window, now time.Time) []row {
	exchange := req.Instrument.Calendar
	sure := now.Add(-longest(req.Timeframe))
	kept := rows[:0]
	for _, r := range rows {
		start := time.Unix(r.key, 0)
		if !window.Contains(start) {
			continue
		}
		if start.After(sure) {
			if req.Timeframe.End(exchange, start).After(now) {
				continue
			}
		}
		kept = append(kept, r)
	}
	return kept
}

// candles copies the rows' values.
func (c *Chart) candles(rows []row) *market.Candles {
	candles := market.NewCandles(len(rows))
	for _, r := range rows {
		i := r.index
		candles.TS = append(candles.TS, r.key)
		candles.Open = append(candles.Open, c.Open[i])
		candles.High = append(candles.High, c.High[i])
		candles.Low = append(candles.Low, c.Low[i])
		candles.Close = append(candles.Close, c.Close[i])
		candles.Volume = append(candles.Volume, max(c.volume(i), market.NoVolume))
		candles.Flags = append(candles.Flags, r.flags())
	}
	return candles
}

// flags are those that no bar tells by itself.
func (r row) flags() market.Flag {
	if r.impossible {
		return market.FlagImpossible
	}
	return 0
}

// volume is the volume of row i; negative where the provider gave none.
func (c *Chart) volume(i int) int64 {
	if c.Volume == nil {
		return NullVolume
	}
	return c.Volume[i]
}
