package chart

import (
	"math"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// answer is one chart on its way.
type answer struct {
	q          ask
	instrument market.Instrument
	listing    market.Listing
	symbol     string
	now        time.Time

	newest   market.Candle // of the series, whatever the window
	bars     *market.Candles
	adjusted *market.Candles // the same bars with dividends reinvested; nil without adjusted closes
	nulls    []int64         // starts of the bars without prices
	events   *events
	complete string // how complete the bars are; empty where the reader does not know
}

func (a *answer) series() market.Series {
	return market.Series{Instrument: a.instrument.Name, Timeframe: a.q.interval}
}

// settle fills in what of the window goes by the clock and by the newest bar.
func (a *answer) settle() {
	if a.q.open {
		a.q.to = a.now.Unix()
	}
	if a.q.rangeText != "" {
		last := a.now
		if known := !a.newest.Start.IsZero(); known && (a.q.interval.Intraday() || a.q.interval == market.D1) {
			last = time.Unix(a.stamp(a.newest.Start.Unix()), 0) // the key of a day lies before its session
		}
		a.q.from = begin(a.q.rangeText, a.now, a.instrument.Calendar, last)
	}
	if t := a.q.interval; !t.Intraday() && t != market.D1 && a.q.from > earliest && a.q.from < market.LastTS {
		a.q.from = t.Bucket(a.instrument.Calendar, time.Unix(a.q.from, 0)).Unix() // clients expect no event before the first bar
	}
}

// keys is the window in which the archive's keys of the bars lie: a bar of 1d may bear its session's open, which is later.
func (a *answer) keys() market.Window {
	from, to := max(a.q.from, market.FirstTS), min(a.q.to, market.LastTS)
	if a.q.interval == market.D1 {
		from = max(from-2*86_400, market.FirstTS)
	}
	return market.Window{From: time.Unix(from, 0).UTC(), To: time.Unix(to+1, 0).UTC()}
}

// inside leaves the bars whose stamps lie in the window.
func (a *answer) inside(bars *market.Candles) *market.Candles {
	first, last := 0, bars.Len()
	for first < last && a.stamp(bars.TS[first]) < a.q.from {
		first++
	}
	for last > first && a.stamp(bars.TS[last-1]) > a.q.to {
		last--
	}
	return bars.Slice(first, last)
}

// stamp is what the provider puts on the bar of a key: on one of 1d the open of its session, but for what trades in the evening
// before or around the clock.
func (a *answer) stamp(key int64) int64 {
	c := a.instrument.Calendar
	if a.q.interval != market.D1 || a.instrument.Kind != market.KindSpot || c.Inferred {
		return key
	}
	date := calendar.DateOf(time.Unix(key, 0).In(c.Zone))
	open, _, _ := c.Hours(date)
	if session, ok := c.Session(date); ok {
		open = session.Open
	}
	return max(key, open.Unix())
}

// even tells whether every bar has its adjusted close.
func (a *answer) even() bool { return a.adjusted == nil || slices.Equal(a.bars.TS, a.adjusted.TS) }

// columns are the rows of the answer, the null ones included, as the columns that are sent. A price that is NaN is null.
func (a *answer) columns() (stamps []int64, bars *market.Candles, adjusted []float64) {
	bars = a.bars
	if a.adjusted != nil {
		adjusted = a.adjusted.Close
	}
	if len(a.nulls) > 0 {
		bars, adjusted = a.padded(adjusted)
	}
	stamps = make([]int64, bars.Len())
	for i, key := range bars.TS {
		stamps[i] = a.stamp(key)
	}
	return stamps, bars, adjusted
}

// padded puts the null rows between the others.
func (a *answer) padded(adjusted []float64) (*market.Candles, []float64) {
	all := market.NewCandles(a.bars.Len() + len(a.nulls))
	var closes []float64
	add := func(b market.Candle, adjclose float64) {
		if all.Append(b); adjusted != nil {
			closes = append(closes, adjclose)
		}
	}
	none, i := math.NaN(), 0
	null := func(ts int64) {
		if stamp := a.stamp(ts); stamp < a.q.from || stamp > a.q.to {
			return
		}
		start := time.Unix(ts, 0).UTC()
		add(market.Candle{Start: start, Open: none, High: none, Low: none, Close: none, Volume: market.NoVolume}, none)
	}
	for _, ts := range a.nulls {
		for ; i < a.bars.Len() && a.bars.TS[i] < ts; i++ {
			add(a.bars.At(i), at(adjusted, i))
		}
		if i == a.bars.Len() || a.bars.TS[i] != ts { // a bar that came meanwhile is no null
			null(ts)
		}
	}
	for ; i < a.bars.Len(); i++ {
		add(a.bars.At(i), at(adjusted, i))
	}
	return all, closes
}

func at(column []float64, i int) float64 {
	if column == nil {
		return 0
	}
	return column[i]
}
