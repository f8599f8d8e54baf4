package market

import (
	"cmp"
	"strings"
)

// Compare orders series by instrument, the shortest timeframe first, for slices.SortFunc.
func (s Series) Compare(other Series) int {
	return cmp.Or(strings.Compare(s.Instrument, other.Instrument), s.Timeframe.Compare(other.Timeframe),
		strings.Compare(string(s.Timeframe), string(other.Timeframe))) // both unknown to this program
}
