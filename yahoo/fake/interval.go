package fake

import (
	"strings"

	"barkeep/market"
)

const (
	minute = int64(60)
	hour   = 60 * minute
	day    = 24 * hour
)

// interval is one value of the query's interval parameter.
type interval struct {
	name    string           // as asked
	served  string           // as meta.dataGranularity spells it
	as      market.Timeframe // what the project calls it; "" for 4h's and 5d's like, which it never asks for
	seconds int64            // length of an intraday bar; 0 for 1d and longer
	wall    int64            // seconds before now from which on a window is refused; 0 for no wall
	longest int64            // seconds that one window may span; 0 for any
}

// intervals lists what the provider serves, in the order of its refusal of anything else.
func intervals() []interval {
	return []interval{
		{name: "1m", as: market.M1, seconds: minute, wall: 30 * day, longest: 8 * day},
		{name: "2m", as: market.M2, seconds: 2 * minute, wall: 60 * day},
		{name: "5m", as: market.M5, seconds: 5 * minute, wall: 60 * day},
		{name: "15m", as: market.M15, seconds: 15 * minute, wall: 60 * day},
		{name: "30m", as: market.M30, seconds: 30 * minute, wall: 60 * day},
		{name: "60m", as: market.H1, seconds: hour, wall: 730 * day, served: "1h"},
		{name: "90m", as: market.M90, seconds: 90 * minute, wall: 60 * day},
		{name: "1h", as: market.H1, seconds: hour, wall: 730 * day},
		{name: "4h", as: market.H4, seconds: 4 * hour, wall: 730 * day},
		{name: "1d", as: market.D1},
		{name: "5d"},
		{name: "1wk", as: market.W1},
		{name: "1mo", as: market.Mo1},
		{name: "3mo", as: market.Mo3},
	}
}

// intervalOf finds an interval by its name in a query or, for a timeframe, by the project's name.
func intervalOf(name string) (interval, bool) {
	for _, iv := range intervals() {
		if iv.name == name {
			if iv.served == "" {
				iv.served = iv.name
			}
			return iv, true
		}
	}
	return interval{}, false
}

// intervalNames is the list in the provider's refusal of an unknown interval.
func intervalNames() string {
	all := intervals()
	names := make([]string, len(all))
	for i, iv := range all {
		names[i] = iv.name
	}
	return strings.Join(names, ", ")
}
