package market

import (
	"regexp"
	"slices"
	"strings"

	"barkeep/calendar"
)

// american is the form of a symbol of the US: up to five letters, with a class, a preferred series, a unit or a warrant after a
// dash (BRK-B, BAC-PL, ABC-WT); or the symbol of an option (AAPL261218C00200000).
var american = regexp.MustCompile(`^(?:[A-Z]{1,5}(?:-[A-Z]{1,2})?|[A-Z]{1,5}\d?\d{6}[CP]\d{8})$`)

// former is a name that people give to what had the name before it: FB-OLD, and FB-OLD2 for another one.
var former = regexp.MustCompile(`^([^.]+)-OLD\d?$`)

// exchangeOf is the exchange of an equity, a fund or an index, by its name in package calendar. An ending tells it, also of an
// index (^TA125.TA). A name without one is of the US if it has the form of a symbol there. What tells no exchange, as an index or
// an ending that is not listed, digits (7203) or a pair (EURUSD), is calendar.Unknown: no exchange's holidays are taken for it.
func exchangeOf(name string) string {
	if before := former.FindStringSubmatch(name); before != nil {
		if _, future := futureOf(before[1]); future {
			return calendar.Unknown
		}
		name = before[1]
	}
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		return known(suffixes()[name[dot:]])
	}
	switch {
	case strings.HasPrefix(name, "^"):
		return known(indices()[name])
	case american.MatchString(name):
		return "XNYS"
	default:
		return calendar.Unknown
	}
}

func known(exchange string) string {
	if exchange == "" {
		return calendar.Unknown
	}
	return exchange
}

// crypto tells whether a name is a pair of a cryptocurrency and what it is quoted in, as BTC-USD and BTC-INR are. Classes of
// shares (BRK-B, BAC-PL) have shorter endings than currencies.
func crypto(name string) bool {
	dash := strings.LastIndexByte(name, '-')
	return dash > 0 && !strings.ContainsAny(name, "^.") && slices.Contains(quotes(), name[dash+1:])
}

// quotes are what cryptocurrencies are quoted in: the currencies of ISO 4217 that have a country, and coins.
func quotes() []string {
	return strings.Fields(`
		AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNH CNY
		COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR
		IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
		MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE
		SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR
		ZMW ZWL USDT USDC BUSD DAI BTC ETH BNB SOL XRP`)
}

// suffixes gives the exchange that the end of a name stands for, as in OCDO.L.
func suffixes() map[string]string {
	return map[string]string{
		".TO": "XTSE", ".V": "XTSE", ".NE": "XTSE", ".CN": "XTSE", // all in Toronto, and closed on the same days
		".L": "XLON", ".IL": "XLON", ".XC": "XLON", ".IR": "XDUB",
		".DE": "XETR", ".F": "XFRA", ".BE": "XFRA", ".DU": "XFRA", ".HM": "XFRA", ".HA": "XFRA", ".MU": "XFRA", ".SG": "XFRA",
		".BM": "XFRA",
		".PA": "XPAR", ".NX": "XPAR", ".AS": "XAMS", ".BR": "XBRU", ".LS": "XLIS", ".MI": "XMIL", ".TI": "XMIL", ".MC": "XMAD",
		".SW": "XSWX", ".VX": "XSWX", ".VI": "XWBO", ".ST": "XSTO", ".CO": "XCSE", ".OL": "XOSL", ".HE": "XHEL", ".IC": "XICE",
		".WA": "XWAR", ".PR": "XPRA", ".BD": "XBUD", ".AT": "XATH", ".IS": "XIST", ".RO": "XBSE",
		".TL": "XTAL", ".RG": "XRIS", ".VS": "XLIT", ".ME": "MISX",
		".T": "XTKS", ".HK": "XHKG", ".SS": "XSHG", ".SZ": "XSHG", ".KS": "XKRX", ".KQ": "XKRX", ".TW": "XTAI", ".TWO": "XTAI",
		".SI": "XSES", ".KL": "XKLS", ".BK": "XBKK", ".JK": "XIDX", ".PS": "XPHS", ".NS": "XBOM", ".BO": "XBOM",
		".VN": "XSTC", ".CM": "XCOL", ".AX": "XASX", ".XA": "XASX", ".NZ": "XNZE",
		".TA": "XTAE", ".SR": "XSAU", ".SAU": "XSAU", ".QA": "XQAT", ".KW": "XKUW", ".AE": "XDFM", ".CA": "XCAI", ".JO": "XJSE",
		".MX": "XMEX", ".SA": "BVMF", ".BA": "XBUE", ".SN": "XSGO", ".CR": "XCAR", ".CL": "XBOG",
		// What is no contract month there, such as the dollar index DX-Y.NYB: dated by New York, with hours that are not known.
		".CME": calendar.UnknownFuture, ".CBT": calendar.UnknownFuture, ".NYM": calendar.UnknownFuture, ".CMX": calendar.UnknownFuture,
		".NYB": calendar.UnknownFuture,
	}
}

// indices gives the exchange of the indices that people look for.
func indices() map[string]string {
	of := map[string]string{}
	for exchange, names := range map[string]string{
		"XNYS": "GSPC SPX DJI DJA DJT DJU IXIC NDX NDXT COMP RUT RUI RUA NYA XAX VIX VXN VXD RVX OVX GVZ VVIX VIX3M VIX9D SKEW " +
			"TNX TYX FVX IRX OEX XEO MID SML SP400 SP500TR SP600 SOX XAU BKX OSX HGX XOI BTK DRG XMI W5000 GSPTR DWCF VXAPL " +
			"VIX1D VIX6M VIX1Y XSP RLV RLG NBI",
		"XTSE": "GSPTSE TX60", "XLON": "FTSE FTMC FTAS FTLC", "XETR": "GDAXI DAXI MDAXI SDAXI TECDAX V1X",
		"XPAR": "FCHI SBF120 N100 CACMD N150 STOXX50E STOXX", "XAMS": "AEX AMX ASCX", "XBRU": "BFX", "XLIS": "PSI20", "XMIL": "FTSEMIB",
		"XMAD": "IBEX", "XSWX": "SSMI SSHI", "XWBO": "ATX", "XSTO": "OMX OMXSPI OMXS30", "XCSE": "OMXC20 OMXC25", "XOSL": "OSEAX OBX",
		"XHEL": "OMXH25 OMXHPI", "XTKS": "N225 N300 TOPX TPX", "XHKG": "HSI HSCE HSCC", "XSHG": "SSEC", "XKRX": "KS11 KQ11 KS200",
		"XTAI": "TWII TWOII", "XSES": "STI", "XKLS": "KLSE", "XIDX": "JKSE JKLQ45", "XBKK": "SET", "XPHS": "PSEI",
		"XBOM": "NSEI NSEBANK BSESN CNXIT CNX100 CNX200 CRSLDX INDIAVIX NSMIDCP BSE500", "XASX": "AXJO AORD AXKO ATLI AXVI",
		"XNZE": "NZ50", "XDUB": "ISEQ", "XTAE": "TA125", "XMEX": "MXX", "BVMF": "BVSP", "XBUE": "MERV", "XSGO": "IPSA",
		"XCAI": "CASE30", "XJSE": "J203 JN0U", "XIST": "XU100",
	} {
		for name := range strings.FieldsSeq(names) {
			of["^"+name] = exchange
		}
	}
	return of
}
