package ledger

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Series names a series by text, as cells do.
type Series struct {
	Instrument string
	Timeframe  string
}

// String is the series for people: "ES 5m".
func (s Series) String() string { return s.Instrument + " " + s.Timeframe }

// Series is what the cell is about.
func (c Cell) Series() Series { return Series{c.Instrument, c.Timeframe} }

// Kept is the series that somebody keeps: those for which a slot is judged when he asks. The zero Kept is nobody's, for whom a
// slot is done when any run of it is.
type Kept struct {
	series []Series
	digest string
}

// KeptOf is a set of series, in any order.
func KeptOf(series ...Series) Kept {
	series = slices.Clone(series)
	slices.SortFunc(series, func(a, b Series) int {
		return cmp.Or(cmp.Compare(a.Instrument, b.Instrument), cmp.Compare(a.Timeframe, b.Timeframe))
	})
	k := Kept{series: slices.Compact(series)}
	hash := sha256.New()
	for _, s := range k.series {
		fmt.Fprintf(hash, "%q %q\n", s.Instrument, s.Timeframe)
	}
	k.digest = hex.EncodeToString(hash.Sum(nil)[:8])
	return k
}

// Nobody tells whether it is the zero Kept.
func (k Kept) Nobody() bool { return k.digest == "" }

// Digest names the set: 16 hexadecimal digits; empty for the zero Kept.
func (k Kept) Digest() string { return k.digest }

// Len is how many series there are; 0 for the zero Kept.
func (k Kept) Len() int { return len(k.series) }

// Has tells whether the series is kept.
func (k Kept) Has(s Series) bool {
	_, found := slices.BinarySearchFunc(k.series, s, func(a, b Series) int {
		return cmp.Or(cmp.Compare(a.Instrument, b.Instrument), cmp.Compare(a.Timeframe, b.Timeframe))
	})
	return found
}

// Of are the cells of the kept series, in their order.
func (k Kept) Of(cells []Cell) []Cell {
	if k.Nobody() {
		return cells
	}
	return slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool { return !k.Has(c.Series()) })
}

// Missing are the kept series that have no OK cell among these, in order.
func (k Kept) Missing(cells []Cell) []Series {
	ok := make(map[Series]bool, len(cells))
	for _, c := range cells {
		if c.State.OK() {
			ok[c.Series()] = true
		}
	}
	var missing []Series
	for _, s := range k.series {
		if !ok[s] {
			missing = append(missing, s)
		}
	}
	return missing
}
