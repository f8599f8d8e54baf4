package yahoo

import (
	"time"

	"barkeep/market"
)

// Source is the name under which series keep that their bars come from this provider.
const Source = "yahoo"

// Capabilities are what the provider serves, as measured (docs/PROVIDER.md#limits). It serves 30m, 90m, weeks, months and
// quarters too, but they are made from 15m and 1d: the seventeen timeframes then cost six requests an instrument. Of 1m it
// serves the last 30 days, in requests of at most 8 days; one day less is asked for in both cases.
func Capabilities() market.Capabilities {
	const day = 24 * time.Hour
	return market.Capabilities{
		Source: Source,
		Native: []market.Native{
			{Timeframe: market.M1, Cap: 7 * day, DeepCap: 29 * day, LongestRequest: 7 * day},
			{Timeframe: market.M2, Cap: 60 * day, DeepCap: 60 * day, LongestRequest: market.Everything},
			{Timeframe: market.M5, Cap: 60 * day, DeepCap: 60 * day, LongestRequest: market.Everything},
			{Timeframe: market.M15, Cap: 60 * day, DeepCap: 60 * day, LongestRequest: market.Everything},
			{Timeframe: market.H1, Cap: 60 * day, DeepCap: 730 * day, LongestRequest: market.Everything},
			{Timeframe: market.D1, Cap: 365 * day, DeepCap: market.Everything, LongestRequest: market.Everything},
		},
		Bases: map[market.Timeframe]market.Timeframe{
			market.M3:  market.M1,
			market.M30: market.M15, market.M90: market.M15,
			market.H2: market.H1, market.H4: market.H1, market.H6: market.H1, market.H8: market.H1, market.H12: market.H1,
			market.W1: market.D1, market.Mo1: market.D1, market.Mo3: market.D1,
		},
		Margin: time.Hour,
		Habit:  habitOf(),
		Odd:    oddOf(),
	}
}
