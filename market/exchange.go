package market

import "strings"

// exchangeOf is the exchange of an equity, a fund or an index, by the name of its hours in package calendar. A name that tells
// no exchange is of the US.
func exchangeOf(name string) string {
	if exchange, ok := foreignIndices()[name]; ok {
		return exchange
	}
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		if exchange, ok := suffixes()[name[dot:]]; ok {
			return exchange
		}
	}
	return "US"
}

// crypto tells whether a name is a pair of a cryptocurrency and what it is quoted in, as BTC-USD is.
func crypto(name string) bool {
	for _, quote := range []string{"-USD", "-EUR", "-GBP", "-JPY", "-CAD", "-AUD", "-USDT", "-BTC"} {
		if strings.HasSuffix(name, quote) {
			return true
		}
	}
	return false
}

// suffixes gives the exchange that the end of a name stands for, as in OCDO.L, by the name of its hours in package calendar.
func suffixes() map[string]string {
	return map[string]string{
		".TO": "TORONTO", ".V": "TORONTO", ".NE": "TORONTO", ".L": "LONDON", ".IL": "LONDON", ".DE": "FRANKFURT",
		".F": "FRANKFURT", ".PA": "PARIS", ".AS": "AMSTERDAM", ".BR": "PARIS", ".MI": "MILAN", ".MC": "MADRID",
		".SW": "ZURICH", ".ST": "STOCKHOLM", ".CO": "COPENHAGEN", ".OL": "OSLO", ".T": "TOKYO", ".HK": "HONGKONG",
		".NS": "INDIA", ".BO": "INDIA", ".JK": "JAKARTA", ".AX": "SYDNEY", ".JO": "JOBURG", ".SA": "SAOPAULO",
	}
}

// foreignIndices gives the exchange of the indices outside the US that people ask for.
func foreignIndices() map[string]string {
	return map[string]string{
		"^FTSE": "LONDON", "^GDAXI": "FRANKFURT", "^FCHI": "PARIS", "^STOXX50E": "FRANKFURT", "^N225": "TOKYO",
		"^HSI": "HONGKONG", "^NSEI": "INDIA", "^NSEBANK": "INDIA", "^BSESN": "INDIA", "^AXJO": "SYDNEY",
		"^GSPTSE": "TORONTO", "^BVSP": "SAOPAULO", "^IBEX": "MADRID", "^SSMI": "ZURICH", "^AEX": "AMSTERDAM",
	}
}
