package fake

import (
	"math"
	"strings"

	"barkeep/market"
)

// profile is how an instrument looks in a body's meta and how its bars behave.
type profile struct {
	kind, exchange, fullExchange, currency string
	price                                  float64 // the level around which generated prices move
	restless                               float64 // how far they do, 1 for an index future
	perMinute                              float64 // mean volume of a minute; 0 where the provider has none
	hint                                   int     // decimals
}

// profileOf describes an instrument by its kind, and by its root where that is known.
func profileOf(i market.Instrument, key uint64) profile {
	switch i.Kind {
	case market.KindFuture, market.KindContract:
		return futureProfile(i, key)
	case market.KindCrypto:
		return profile{"CRYPTOCURRENCY", "CCC", "CCC", "USD", 100 * math.Pow(10, 3*unit(key)), 1.8, 2000, 2}
	case market.KindCurrency:
		return profile{"CURRENCY", "CCY", "CCY", "USD", 0.8 + unit(key), 0.4, 0, 4}
	default:
		price := math.Round(2000*math.Pow(10, 1.5*unit(key))) / 100
		if strings.HasPrefix(i.Name, "^") {
			return profile{"INDEX", "SNP", "SNP", "USD", price * 50, 1, 4e6, 2}
		}
		exchange, full, currency := exchangeOf(i.Calendar.Name)
		return profile{"EQUITY", exchange, full, currency, price, 1.6, 1000 + 50000*unit(mix(key, 1)), 2}
	}
}

// exchangeOf gives an exchange's names and currency at the provider, those of the recordings where there are any.
func exchangeOf(calendar string) (exchange, full, currency string) {
	switch calendar {
	case "XNYS":
		return "NMS", "NasdaqGS", "USD"
	case "XTSE":
		return "TOR", "Toronto", "CAD"
	case "XLON":
		return "LSE", "LSE", "GBp"
	case "XETR":
		return "GER", "XETRA", "EUR"
	case "XMIL":
		return "MIL", "Milan", "EUR"
	case "XJSE":
		return "JNB", "Johannesburg", "ZAc"
	case "XTAE":
		return "TLV", "Tel Aviv", "ILA"
	case "XCSE":
		return "CPH", "Copenhagen", "DKK"
	case "XOSL":
		return "OSL", "Oslo", "NOK"
	case "XASX":
		return "ASX", "ASX", "AUD"
	case "XIDX":
		return "JKT", "Jakarta", "IDR"
	default:
		return calendar, calendar, "EUR"
	}
}

// futureProfile describes a listed root; levels are round figures of recent years.
func futureProfile(i market.Instrument, key uint64) profile {
	p := profile{"FUTURE", "CME", "CME", "USD", 50 * math.Pow(10, unit(key)), 1, 20 + 200*unit(mix(key, 1)), 2}
	switch { // the suffix of a root's contract months names its exchange
	case strings.Contains(" YM MYM ZB ZN ZF ZT UB ZC ZS ZW ZM ZL ZO KE ", " "+i.Root+" "):
		p.exchange, p.fullExchange = "CBT", "CBOT"
	case strings.Contains(" CL MCL NG QG RB HO BZ PL PA ", " "+i.Root+" "):
		p.exchange, p.fullExchange = "NYM", "NY Mercantile"
	case strings.Contains(" GC MGC SI SIL HG MHG ", " "+i.Root+" "):
		p.exchange, p.fullExchange = "CMX", "COMEX"
	case strings.Contains(" DX CC KC CT SB OJ ", " "+i.Root+" "):
		p.exchange, p.fullExchange = "NYB", "ICE Futures"
	}
	if level, ok := levels()[i.Root]; ok {
		p.price = level
	}
	switch i.Root {
	case "ES":
		p.perMinute = 1100
	case "NQ", "MES", "MNQ", "ZN":
		p.perMinute = 500
	case "CL", "GC", "YM", "RTY":
		p.perMinute = 180
	}
	if i.Tick > 0 && i.Tick < 0.01 {
		p.hint = 4
	}
	return p
}

// levels are the prices around which generated futures move.
func levels() map[string]float64 {
	return map[string]float64{
		"ES": 5500, "MES": 5500, "NQ": 19500, "MNQ": 19500, "YM": 41000, "MYM": 41000, "RTY": 2200, "M2K": 2200, "NKD": 38000,
		"CL": 72, "MCL": 72, "BZ": 76, "NG": 3, "QG": 3, "RB": 2.1, "HO": 2.4, "GC": 2600, "MGC": 2600, "SI": 31, "SIL": 31,
		"HG": 4.3, "MHG": 4.3, "PL": 1000, "PA": 1000, "6A": 0.66, "6B": 1.28, "6C": 0.73, "6E": 1.1, "6J": 0.0067, "6M": 0.054,
		"6N": 0.6, "6S": 1.15, "BTC": 65000, "ETH": 2600, "HE": 85, "LE": 190, "GF": 255, "SR3": 95.5, "ZB": 118, "ZN": 110,
		"ZF": 107, "ZT": 103, "UB": 122, "ZC": 430, "ZS": 1050, "ZW": 560, "ZM": 310, "ZL": 45, "ZO": 350, "KE": 570, "DX": 103,
		"CC": 7000, "KC": 250, "CT": 72, "SB": 19, "OJ": 400,
	}
}
