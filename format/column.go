package format

import (
	"fmt"
	"slices"
	"strings"

	"barkeep/market"
)

// Column is a value of a bar by its name.
type Column string

// The columns.
const (
	Instrument Column = "instrument"
	Timeframe  Column = "timeframe"
	TS         Column = "ts" // start of the bar
	Open       Column = "open"
	High       Column = "high"
	Low        Column = "low"
	Close      Column = "close"
	Volume     Column = "volume"    // none where the source gave none
	Flags      Column = "flags"     // what is odd about the bar
	BaseBars   Column = "base_bars" // market.Parts of a derived bar; none where they are not known
	BaseDue    Column = "base_due"
)

// AllColumns are all of them, in the order of a file that has all.
func AllColumns() []Column {
	return []Column{Instrument, Timeframe, TS, Open, High, Low, Close, Volume, Flags, BaseBars, BaseDue}
}

// ColumnsOf are the columns of a file of one series, which may be a derived one, or of several.
func ColumnsOf(derived, several bool) []Column {
	all := AllColumns()
	if !derived {
		all = all[:9]
	}
	if !several {
		all = all[2:]
	}
	return all
}

// ParseColumns reads names with commas between. The error names the first that is unknown or there twice.
func ParseColumns(text string) ([]Column, error) {
	var columns []Column
	for name := range strings.SplitSeq(text, ",") {
		columns = append(columns, Column(strings.TrimSpace(name)))
	}
	return columns, checkColumns(columns)
}

func checkColumns(columns []Column) error {
	for i, c := range columns {
		if !slices.Contains(AllColumns(), c) {
			var names []string
			for _, known := range AllColumns() {
				names = append(names, string(known))
			}
			return fmt.Errorf("column %q: accepted are %s", string(c), strings.Join(names, ", "))
		}
		if slices.Contains(columns[:i], c) {
			return fmt.Errorf("column %q is there twice", string(c))
		}
	}
	return nil
}

// flagNames are the flags as words, in the order of their bits. Those without a word are called by their bit, which no release
// sets: whatever is stored can be read back.
func flagNames() [8]string {
	return [8]string{"outside", "negative", "off_tick", "incomplete", "off_session", "impossible", "bit6", "bit7"}
}

// FlagNames are the flags of a bar as words; nil for none.
func FlagNames(f market.Flag) []string {
	var names []string
	for i, name := range flagNames() {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// parseFlags reads words with | between.
func parseFlags(text string) (market.Flag, error) {
	if text == "" {
		return 0, nil
	}
	return ParseFlags(strings.Split(text, "|"))
}

// ParseFlags is the inverse of FlagNames. The error names a word that is no flag.
func ParseFlags(names []string) (f market.Flag, err error) {
	known := flagNames()
	for _, name := range names {
		i := slices.Index(known[:], name)
		if i < 0 {
			return 0, fmt.Errorf("flag %q: accepted are %s", name, strings.Join(known[:], ", "))
		}
		f |= 1 << i
	}
	return f, nil
}
