package market

import (
	"math"
	"slices"
)

// jump tells whether bars show the jump of a split: the first bar on the new scale opens lower or higher by its ratio.
type jump int8

const (
	jumpUnclear jump = iota // no bars on both sides, or the market moves that much without a split
	jumpShown
	jumpAbsent
)

const (
	jumpNear   = 0.35 // part of the jump by which a move may differ from it, or from none
	jumpExact  = 0.25 // the same where the place is not known
	jumpBig    = 0.65 // from this part of the jump on a move of the market can be mistaken for it
	jumpRare   = 20   // one in so many moves may be as big
	jumpPlain  = 0.14 // log of a ratio (1.15) that is told from the market's moves by a few bars already
	jumpReach  = 3000 // bars to each side that moves are compared with
	jumpSample = 50   // moves without which a smaller ratio is never told from the market's
	dayApart   = 20 * 3600
)

// move is the logarithm of bar i's open over the close before it, NaN where a price is not above 0.
func (c *Candles) move(i int) float64 {
	if !(c.Open[i] > 0 && c.Close[i-1] > 0) {
		return math.NaN()
	}
	return logOf(c.Open[i] / c.Close[i-1])
}

// jumpAt looks for the jump whose logarithm is size between the bars next to an instant.
func (c *Candles) jumpAt(at int64, size float64) jump {
	i, _ := slices.BinarySearch(c.TS, at)
	if i == 0 || i == c.Len() {
		return jumpUnclear
	}
	near := c.Slice(max(0, i-jumpReach), min(c.Len(), i+jumpReach))
	total, big := near.moves(math.Abs(size), near.overnight(c.TS[i]-c.TS[i-1]))
	m := c.move(i)
	if math.Abs(m) >= jumpBig*math.Abs(size) { // of the jump itself
		big--
	}
	switch {
	case math.IsNaN(m) || !told(size, total-1, big):
		return jumpUnclear
	case math.Abs(m-size) <= jumpNear*math.Abs(size):
		return jumpShown
	case math.Abs(m) <= jumpNear*math.Abs(size):
		return jumpAbsent
	default:
		return jumpUnclear
	}
}

// told tells whether a jump can be told from the market's moves, of which so many are big.
func told(size float64, total, big int) bool {
	if math.Abs(size) < jumpPlain {
		return total >= jumpSample && big*2*jumpRare <= total
	}
	return big*jumpRare <= total
}

// overnight is the least distance of the bars that a move is compared with. A move over closed hours is compared with others over
// closed hours alone, those between daily bars with all.
func (c *Candles) overnight(apart int64) int64 {
	step := int64(math.MaxInt64)
	for i := 1; i < c.Len(); i++ {
		step = min(step, c.TS[i]-c.TS[i-1])
	}
	if step >= dayApart || apart <= step {
		return 0
	}
	return step + 1
}

// moves counts the moves between bars that are at least so far apart, and those of them that can be mistaken for a jump.
func (c *Candles) moves(size float64, apart int64) (total, big int) {
	up, down := math.Exp(jumpBig*size), math.Exp(-jumpBig*size)
	for i := 1; i < c.Len(); i++ {
		if c.TS[i]-c.TS[i-1] < apart {
			continue
		}
		total++
		if open, before := c.Open[i], c.Close[i-1]; open > 0 && before > 0 && (open >= before*up || open <= before*down) {
			big++
		}
	}
	return total, big
}

// jumpBefore finds the one jump of the size between bars that both start before an instant, and returns the start of the first
// bar behind it. An archive of an earlier release has it: its updates replaced what they overlapped, on the new scale, and left
// what was older. There is none when several moves are as big.
func (c *Candles) jumpBefore(at int64, size float64) (start int64, ok bool) {
	end, _ := slices.BinarySearch(c.TS, at)
	total, big := c.Slice(0, end).moves(math.Abs(size), 0)
	if big != 1 || !told(size, total-1, 0) {
		return 0, false
	}
	for i := 1; i < end; i++ {
		if math.Abs(c.move(i)-size) <= jumpExact*math.Abs(size) {
			return c.TS[i], true
		}
	}
	return 0, false
}
