package verify

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"barkeep/market"
)

// Selection is a choice of series by their names; an empty list chooses all.
type Selection struct {
	Instruments []string `json:"instruments,omitempty"`
	Timeframes  []string `json:"timeframes,omitempty"`
}

func (s Selection) all() bool { return len(s.Instruments)+len(s.Timeframes) == 0 }

// has tells whether a series is chosen.
func (s Selection) has(instrument, timeframe string) bool {
	return (len(s.Instruments) == 0 || slices.Contains(s.Instruments, instrument)) &&
		(len(s.Timeframes) == 0 || slices.Contains(s.Timeframes, timeframe))
}

// within tells whether another selection chooses every series that this one chooses.
func (s Selection) within(wider Selection) bool {
	return subset(s.Instruments, wider.Instruments) && subset(s.Timeframes, wider.Timeframes)
}

// subset tells whether every name is among others, where an empty list stands for all names.
func subset(names, others []string) bool {
	missing := func(name string) bool { return !slices.Contains(others, name) }
	return len(others) == 0 || len(names) > 0 && !slices.ContainsFunc(names, missing)
}

// String is the selection for people.
func (s Selection) String() string {
	return cmp.Or(strings.Join(s.Instruments, ","), "all instruments") + " " +
		cmp.Or(strings.Join(s.Timeframes, ","), "all timeframes")
}

// sortedSeries are the keys of a map, by instrument, shortest timeframe first.
func sortedSeries[V any](of map[market.Series]V) []market.Series {
	return slices.SortedFunc(maps.Keys(of), market.Series.Compare)
}
