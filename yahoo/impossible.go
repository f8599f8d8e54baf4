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
	nearTicks  = 30                  // a price of so many ticks may become 0
	nearCents  = 0.05                // so may this one where no tick is known, but of no pair: these are quoted to many digits
	longAtZero = 10 * 24 * time.Hour // an answer that ends with zeros for so long tells of something that is over
)

// possible parts the rows, which are in order, into those that can be bars and those of four zeros that cannot be true: prices
// nearby are far from 0 and stay so. Where the answer gives no reason to doubt a 0, it is believed.
func (c *Chart) possible(rows []row, req market.FetchRequest) (possible, impossible []row) {
	if !slices.ContainsFunc(rows, func(r row) bool { return c.allZero(r.index) }) {
		return rows, nil
	}
	z := zeros{chart: c, rows: rows, instrument: req.Instrument}
	for i, r := range rows {
		if len(c.nonzero(r.index)) > 0 {
			z.priced = append(z.priced, i)
		}
	}
	for i, r := range rows {
		if c.allZero(r.index) && z.far(i) {
			impossible = append(impossible, r)
		} else {
			possible = append(possible, r)
		}
	}
	return possible, impossible
}

// allZero tells whether all four prices of row i are 0. A row with one 0 among prices is kept: the provider has no open of whole
// decades of old indices.
func (c *Chart) allZero(i int) bool { return len(c.nonzero(i)) == 0 }

// nonzero are the prices of row i that are not 0.
func (c *Chart) nonzero(i int) []float64 {
	return slices.DeleteFunc([]float64{c.Open[i], c.High[i], c.Low[i], c.Close[i]}, func(p float64) bool { return p == 0 })
}

// zeros judges the zeros of one answer.
type zeros struct {
	chart      *Chart
	rows       []row
	instrument market.Instrument
	priced     []int // positions of the rows with a price that is not 0
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
	if nearest <= z.near() {
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

// near is the price that may become 0 in one step; 0 for pairs.
func (z *zeros) near() float64 {
	switch {
	case z.instrument.Tick > 0:
		return nearTicks * z.instrument.Tick
	case z.instrument.Kind == market.KindCrypto || z.instrument.Kind == market.KindCurrency:
		return 0
	default:
		return nearCents
	}
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
