package market

// pence is how many of the small units of a currency make one of the large one: all that are quoted so have 100.
const pence = 100

// unit is the currency that a provider's code names, and how many of the units of the code make one of that currency. The
// small letter of "GBp" is all that tells it from pounds.
func unit(code string) (currency string, perUnit float64) {
	switch code {
	case "GBp", "GBX":
		return "GBP", pence
	case "ZAc", "ZAC":
		return "ZAR", pence
	case "ILA":
		return "ILS", pence
	default:
		return code, 1
	}
}

// UnitFactor brings prices from one unit of a currency to another: from "GBp" to "GBP" it is 1/100, from "GBP" to "GBp" 100;
// likewise ZAc and ZAR, ILA and ILS. Volumes stay. It is false for two currencies, and for an empty code.
func UnitFactor(from, to string) (Factor, bool) {
	currency, per := unit(from)
	other, perOther := unit(to)
	if currency == "" || currency != other {
		return Factor{}, false
	}
	if per == perOther {
		return Factor{}, true
	}
	return Factor{Price: Ratio{Num: perOther, Den: per}}, true
}

// OtherUnits are the factors by which rows of an instrument with this currency may come in its other unit, whatever their
// meta says. None for a currency that is quoted in one unit only.
func OtherUnits(currency string) []Factor {
	switch name, _ := unit(currency); name {
	case "GBP", "ZAR", "ILS":
		return []Factor{{Price: Ratio{Num: pence, Den: 1}}, {Price: Ratio{Num: 1, Den: pence}}}
	default:
		return nil
	}
}
