package sqlstore

import (
	"fmt"
	"strconv"
	"strings"

	"barkeep/market"
)

// Noise is SQL that tells whether a given bar differs from a stored one by noise alone: the four prices are not equal, and all of
// them are the same (SamePrices). Both names are those of tables with the columns of candles.
func Noise(given, stored string) string {
	var differ []string
	for _, column := range priceColumns() {
		differ = append(differ, given+"."+column+" <> "+stored+"."+column)
	}
	return "((" + strings.Join(differ, " OR ") + ") AND " + SamePrices(given, stored) + ")"
}

// SamePrices is SQL that tells whether the four prices of two bars are the same by market.SamePrice. A product with
// market.SameRatio is never beyond the range of numbers, which PostgreSQL would refuse.
func SamePrices(given, stored string) string {
	var same []string
	for _, column := range priceColumns() {
		ratio := "CAST(" + strconv.FormatFloat(market.SameRatio, 'g', -1, 64) + " AS double precision)"
		same = append(same, fmt.Sprintf("(%[1]s = %[2]s OR (%[1]s < 0) = (%[2]s < 0) AND abs(%[1]s) > abs(%[2]s) * %[3]s "+
			"AND abs(%[2]s) > abs(%[1]s) * %[3]s)", given+"."+column, stored+"."+column, ratio))
	}
	return "(" + strings.Join(same, " AND ") + ")"
}

// Worse is SQL that tells whether a given bar holds a price that cannot be true, where the stored one is sound and has other
// prices.
func Worse(given, stored string) string {
	return fmt.Sprintf("((%[1]s.flags & ~%[2]s.flags & %[3]d) <> 0 AND NOT %[4]s)", given, stored, market.FlagImpossible,
		SamePrices(given, stored))
}

func priceColumns() []string { return []string{"open", "high", "low", "close"} }
