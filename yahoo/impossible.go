package yahoo

import (
	"math"
	"slices"
	"sort"
	"time"

	"barkeep/market"
)

// The bounds of what a price of exactly 0 may be (docs/PROVIDER.md#zeros).
const (
	nearbyRows = 10                  // how many rows with prices on either side tell how far prices move there
	fallFactor = 3                   // prices that move by such a factor nearby may reach 0
	longAtZero = 10 * 24 * time.Hour // an answer that ends with zeros for so long tells of something that is over

	withoutOpen = 5                  // so many opens of 0 in a row are no opens
	lastFor     = 7 * 24 * time.Hour // a last price tells of rows so near to it
)

// judge marks the rows, which are in order, with a price that cannot be true beside the rows before and after it.
func (c *Chart) judge(rows []row, req market.FetchRequest) {
	check := market.PriceCheck{Instrument: req.Instrument, Actions: c.actions()}
	if n := len(rows); n > 0 && time.Unix(c.Meta.RegularMarketTime, 0).Sub(time.Unix(rows[n-1].key, 0)).Abs() <= lastFor {
		check.Last = c.Meta.RegularMarketPrice
	}
	for i, bad := range check.Impossible(c.candles(rows)) {
		rows[i].impossible = bad
	}
}

// possible parts the rows, which are in order, into those that can be bars and those of four zeros that cannot be true: prices
// nearby are far from 0 and stay so. Where the answer gives no reason to doubt a 0, it is believed. A row with a single 0 that
// cannot be true is marked.
func (c *Chart) possible(rows []row, req market.FetchRequest) (possible, impossible []row) {
	if !slices.ContainsFunc(rows, func(r row) bool { return len(c.nonzero(r.index)) < 4 }) {
		return rows, nil
	}
	z := zeros{chart: c, rows: rows, instrument: req.Instrument, daily: !req.Timeframe.Intraday()}
	for i, r := range rows {
		if len(c.nonzero(r.index)) > 0 && !r.impossible {
			z.priced = append(z.priced, i)
		}
	}
	for i, r := range rows {
		switch n := len(c.nonzero(r.index)); {
		case n == 0 && z.far(i):
			impossible = append(impossible, r)
			continue
		case n > 0 && n < 4 && !r.impossible:
			r.impossible = z.far(i) && !z.withoutOpens(i)
		}
		possible = append(possible, r)
	}
	return possible, impossible
}

// withoutOpens tells whether a row is one of several daily ones in a row of which the provider has all prices but the open, as
// of whole decades of old shares and indices. These are no mistakes of a day: without them no longer bar of those decades could
// be made.
func (z *zeros) withoutOpens(at int) bool {
	if !z.daily || z.instrument.Kind != market.KindSpot {
		return false
	}
	only := func(i int) bool {
		r := z.rows[i].index
		return z.chart.Open[r] == 0 && len(z.chart.nonzero(r)) == 3
	}
	first, last := at, at
	for ; first >= 0 && only(first); first-- {
	}
	for ; last < len(z.rows) && only(last); last++ {
	}
	return last-first-1 >= withoutOpen
}

// nonzero are the prices of row i that are not 0.
func (c *Chart) nonzero(i int) []float64 {
	return slices.DeleteFunc([]float64{c.Open[i], c.High[i], c.Low[i], c.Close[i]}, func(p float64) bool { return p == 0 })
}

// zeros judges the zeros of one answer.
type zeros struct {
	chart      *Chart
	rows       []row
	instrument market.Instrument
	daily      bool
	priced     []int // positions of the rows with a price that is not 0, and none that cannot be true
}

// far tells whether the zero of a row is far from the prices next to it: those of the row itself, of the nearest row with prices
// before it, and of the one after it. A row of zeros at the end of an answer has the last price of the meta after it.
func (z *zeros) far(at int) bool {
	next := sort.SearchInts(z.priced, at) // the row itself, or else the one after it
	own := next < len(z.priced) && z.priced[next] == at
	after := next
	if own {
		after++
	}
	beside := z.prices(next-1, after+1)
	last, ended := z.chart.Meta.RegularMarketPrice, !own && after == len(z.priced)
	if ended && last != 0 {
		beside = append(beside, last)
	}
	if len(beside) == 0 {
		return false // it trades at 0, for all that the answer tells
	}
	if low, high := slices.Min(beside), slices.Max(beside); low < 0 && high > 0 {
		return false // between two signs lies 0
	}
	nearest, _ := extent(beside)
	if nearest <= z.instrument.NearZero() {
		return false
	}
	if _, farthest := extent(z.prices(next-nearbyRows, after+nearbyRows)); farthest >= fallFactor*nearest {
		return false
	}
	return !ended || last != 0 || !z.restsAtZero(next)
}

// prices are those of the priced rows [from, to) that are not 0.
func (z *zeros) prices(from, to int) (all []float64) {
	for _, at := range z.priced[max(0, from):max(0, min(to, len(z.priced)))] {
		all = append(all, z.chart.nonzero(z.rows[at].index)...)
	}
	return all
}

// extent is how near to 0 prices come, and how far from it they are.
func extent(prices []float64) (nearest, farthest float64) {
	nearest = math.Inf(1)
	for _, p := range prices {
		nearest, farthest = min(nearest, math.Abs(p)), max(farthest, math.Abs(p))
	}
	return nearest, farthest
}

// restsAtZero tells whether the rows after the last priced one, of which there are so many, go on long enough.
func (z *zeros) restsAtZero(priced int) bool {
	first := 0
	if priced > 0 {
		first = z.priced[priced-1] + 1
	}
	lasted := z.rows[len(z.rows)-1].key - z.rows[first].key
	return time.Duration(lasted)*time.Second >= longAtZero
}
