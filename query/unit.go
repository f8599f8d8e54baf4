package query

import "barkeep/market"

// minorUnits are the hundredths in which exchanges quote, as providers write them, and their currencies.
func minorUnits() map[string]string {
	return map[string]string{"GBp": "GBP", "GBX": "GBP", "ZAc": "ZAR", "ZAC": "ZAR", "ILA": "ILS", "USX": "USD"}
}

// unitRatio turns an amount of one currency or unit into another one of the same currency; false for two currencies. An empty name
// is the same as the other one.
func unitRatio(from, to string) (market.Ratio, bool) {
	if from == to || from == "" || to == "" {
		return market.Ratio{}, true
	}
	const hundred = 100
	ratio := market.Ratio{Num: 1, Den: 1}
	if major, minor := minorUnits()[from]; minor {
		from, ratio.Den = major, hundred
	}
	if major, minor := minorUnits()[to]; minor {
		to, ratio.Num = major, hundred
	}
	return ratio, from == to
}
