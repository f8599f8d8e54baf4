package udf

import (
	"slices"
	"strconv"
	"time"

	"barkeep/market"
)

// resolutionOf is a timeframe as the library spells it: minutes, or a number of days, weeks or months.
func resolutionOf(t market.Timeframe) string {
	switch t {
	case market.D1:
		return "1D"
	case market.W1:
		return "1W"
	case market.Mo1:
		return "1M"
	case market.Mo3:
		return "3M"
	}
	return strconv.Itoa(int(t.Length() / time.Minute))
}

// timeframeOf reads a resolution; a letter alone is one of it.
func timeframeOf(resolution string) (market.Timeframe, bool) {
	if resolution == "D" || resolution == "W" || resolution == "M" {
		resolution = "1" + resolution
	}
	all := market.Timeframes()
	k := slices.IndexFunc(all, func(t market.Timeframe) bool { return resolutionOf(t) == resolution })
	if k < 0 {
		return "", false
	}
	return all[k], true
}

// resolutions are those of timeframes, each once, the shortest first.
func resolutions(of []market.Timeframe) []string {
	of = slices.Clone(of)
	slices.SortFunc(of, market.Timeframe.Compare)
	names := []string{}
	for _, t := range slices.Compact(of) {
		names = append(names, resolutionOf(t))
	}
	return names
}

// multipliers are the numbers of the resolutions with a unit: "" for minutes, "D", "W", "M". The library builds others from them.
func multipliers(of []market.Timeframe, unit string) []string {
	names := []string{}
	for _, name := range resolutions(of) {
		number, letter := name, ""
		if last := name[len(name)-1:]; last > "9" {
			number, letter = name[:len(name)-1], last
		}
		if letter == unit {
			names = append(names, number)
		}
	}
	return names
}
