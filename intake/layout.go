package intake

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Column is what a column of a file holds.
type Column int

// The columns. Of TS, Date and Clock a file has the first, or the other two.
const (
	TS    Column = iota // when a bar starts, or with BarEnd ends
	Date                // the date of it
	Clock               // the time of day of it
	Open
	High
	Low
	Close
	Volume
	Flags // of an exported file
	columns
)

// names are those by which --columns calls them.
func (c Column) String() string {
	return [columns]string{"ts", "date", "time", "open", "high", "low", "close", "volume", "flags"}[c]
}

// Layout says how a file is written. Its zero value is for files that say so themselves: a header with names that are known, and
// stamps with an offset.
type Layout struct {
	// Columns name for a column its header, or its number from 1; "-" for one that is not to be read.
	Columns    map[Column]string
	Separator  byte           // between columns; 0 to find out
	Decimal    byte           // of numbers: '.' or ','; 0 is '.'
	Thousands  byte           // between the digits of numbers; 0 for none
	Zone       *time.Location // of stamps that name none; nil to refuse such
	BarEnd     bool           // stamps are those of a bar's end
	TimeFormat string         // yyyy-MM-dd HH:mm:ss and the like; empty to find out
	Ticker     string         // whose columns are to be read where a file has those of several
	bare       bool           // it has no header whatever its first line looks like
}

// Presets are the layouts of programs that people export from, by name.
func Presets() []string { return []string{"yfinance", "ninjatrader", "tradingview"} }

// Preset is the layout of a program. What others set of over counts.
func Preset(name string, over Layout) (Layout, error) {
	base := Layout{Columns: map[Column]string{}}
	switch name {
	case "":
	case "yfinance":
		base.Separator = ','
	case "ninjatrader":
		base = Layout{Separator: ';', BarEnd: true, bare: true, Columns: map[Column]string{
			TS: "1", Open: "2", High: "3", Low: "4", Close: "5", Volume: "6",
		}}
	case "tradingview":
		base.Separator = ','
		base.Columns[TS] = "time"
	default:
		return over, fmt.Errorf("%q is no preset: accepted are %s", name, strings.Join(Presets(), ", "))
	}
	for column, name := range over.Columns {
		base.Columns[column] = name
	}
	over.Columns, over.bare = base.Columns, base.bare
	if over.Separator == 0 {
		over.Separator = base.Separator
	}
	over.BarEnd = over.BarEnd || base.BarEnd
	return over, nil
}

// ParseColumns reads "ts=Date,open=Open": what --columns takes. Columns in order, "ts,open,high,low,close,volume", are those
// of a file without a header.
func ParseColumns(text string) (map[Column]string, error) {
	const accepted = "accepted is ts=Date,open=Open,high=High,low=Low,close=Close,volume=Volume with the names or numbers of the " +
		"file's columns (date= and time= where they are two, volume=- for none), or ts,open,high,low,close,volume in the order in " +
		"which they stand in a file without a header"
	found, parts := map[Column]string{}, strings.Split(text, ",")
	for i, part := range parts {
		name, header, named := strings.Cut(strings.TrimSpace(part), "=")
		if !named {
			header = fmt.Sprint(i + 1)
		}
		if !named && name == "-" {
			continue
		}
		at := slices.IndexFunc(all(), func(c Column) bool { return c.String() == strings.ToLower(name) })
		if at < 0 || strings.TrimSpace(header) == "" {
			return nil, fmt.Errorf("%q: %s", part, accepted)
		}
		column := all()[at]
		if _, twice := found[column]; twice {
			return nil, fmt.Errorf("%s is there twice: %s", column, accepted)
		}
		found[column] = strings.TrimSpace(header)
	}
	return found, nil
}

// all are the columns.
func all() []Column { return []Column{TS, Date, Clock, Open, High, Low, Close, Volume, Flags} }
