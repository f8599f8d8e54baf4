package export

import (
	"fmt"
	"path"
	"strings"

	"barkeep/format"
	"barkeep/market"
)

// escaped is a value as it stands in the name of a folder, as Hive writes it: what file systems or readers of such names would
// take for something else is a % and two hexadecimal digits. Hive escapes <, >, | and spaces on Windows alone; here they are
// escaped everywhere, and a dot at the end too, which Windows drops.
func escaped(value string) string {
	var out strings.Builder
	for i := range len(value) {
		c := value[i]
		if c < ' ' || c == 0x7f || strings.IndexByte("\"#%'*/:=?\\{[]^<>| ", c) >= 0 || c == '.' && i == len(value)-1 {
			fmt.Fprintf(&out, "%%%02X", c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

// seriesPath is the folder of a series below the root, with slashes.
func seriesPath(s market.Series) string {
	return path.Join("instrument="+escaped(s.Instrument), "timeframe="+escaped(string(s.Timeframe)))
}

// filePath is a file below the root, with slashes.
func filePath(s market.Series, p period, kind format.Kind) string {
	return path.Join(seriesPath(s), fmt.Sprintf("year=%04d", p.year), p.name+kind.Ending())
}
