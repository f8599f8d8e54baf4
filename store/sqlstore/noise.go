package sqlstore

import (
	"fmt"
	"strconv"
	"strings"

	"barkeep/market"
)

// Noise is SQL that tells whether a given bar differs from a stored one by noise alone: the four prices are not equal, and all of
// them are the same by market.SamePrice. Both names are those of tables with the columns of candles. A product with
// market.SameRatio is never beyond the range of numbers, which PostgreSQL would refuse.
func Noise(given, stored string) string {
	var differ, same []string
	for _, column := range []string{"open", "high", "low", "close"} {
		g, s := given+"."+column, stored+"."+column
		ratio := "CAST(" + strconv.FormatFloat(market.SameRatio, 'g', -1, 64) + " AS double precision)"
		differ = append(differ, g+" <> "+s)
		same = append(same, fmt.Sprintf("(%[1]s = %[2]s OR (%[1]s < 0) = (%[2]s < 0) AND abs(%[1]s) > abs(%[2]s) * %[3]s "+
			"AND abs(%[2]s) > abs(%[1]s) * %[3]s)", g, s, ratio))
	}
	return "((" + strings.Join(differ, " OR ") + ") AND " + strings.Join(same, " AND ") + ")"
}
