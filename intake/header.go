package intake

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// known are the headers of each column that need no --columns, in small letters and without what is no letter.
func known(c Column) []string {
	return [columns][]string{
		{"ts", "timestamp", "datetime", "dateandtime", "opentime", "gmttime", "localtime", "unix", "unixtime"},
		{"date", "day"},
		{"time"},
		{"open", "o"},
		{"high", "h"},
		{"low", "l"},
		{"close", "c", "last", "closelast"},
		{"volume", "vol", "v", "tickvol", "totalvolume"},
		{"flags"},
	}[c]
}

// plain is a header in small letters, without what is no letter.
func plain(header string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(header))
}

// positions tell in which field of a row each column is, from 0; -1 for none.
type positions [columns]int

// find finds the columns of a file by its header; nil for a file without one, whose rows have so many fields.
func (l Layout) find(header []string, fields int) (at positions, err error) {
	for c := range at {
		at[c] = -1
	}
	for _, c := range all() {
		if at[c], err = l.position(c, header, fields); err != nil {
			return at, err
		}
	}
	named := func(c Column) bool { return l.Columns[c] != "" }
	switch {
	case at[TS] >= 0:
		if !named(Date) {
			at[Date] = -1
		}
		if !named(Clock) {
			at[Clock] = -1
		}
	case at[Date] >= 0 && at[Clock] < 0:
		at[TS], at[Date] = at[Date], -1
	case at[Clock] >= 0 && at[Date] < 0:
		at[TS], at[Clock] = at[Clock], -1
	}
	var missing []string
	for _, c := range []Column{Open, High, Low, Close} {
		if at[c] < 0 {
			missing = append(missing, c.String())
		}
	}
	if at[TS] < 0 && at[Date] < 0 {
		missing = append([]string{"ts"}, missing...)
	}
	if len(missing) > 0 {
		return at, fmt.Errorf("no column is known for %s: the header is %s; --columns names them, as in ts=Date,open=Open",
			strings.Join(missing, ", "), strings.Join(header, ", "))
	}
	return at, nil
}

// position is where one column is.
func (l Layout) position(c Column, header []string, fields int) (int, error) {
	name := l.Columns[c]
	if name == "-" {
		return -1, nil
	}
	if name == "" {
		return l.guess(c, header)
	}
	matches := indexes(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
	if len(matches) == 1 {
		return matches[0], nil
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= fields {
		return n - 1, nil
	}
	switch {
	case len(matches) > 1:
		return -1, fmt.Errorf("--columns %s=%s: %d columns have that name; give the number of one, from 1", c, name, len(matches))
	case header == nil && c == Volume && l.bare:
		return -1, nil // a file without volumes
	case header == nil:
		return -1, fmt.Errorf("--columns %s=%s: the file has no header, and %d columns; give a number from 1", c, name, fields)
	default:
		return -1, fmt.Errorf("--columns %s=%s: the header is %s", c, name, strings.Join(header, ", "))
	}
}

// guess finds a column by the names that it usually has.
func (l Layout) guess(c Column, header []string) (int, error) {
	matches := indexes(header, func(h string) bool { return slices.Contains(known(c), plain(h)) })
	if len(matches) > 1 {
		return -1, fmt.Errorf("%s may be each of the columns %d and %d: --columns %s= says which", c, matches[0]+1, matches[1]+1, c)
	}
	if len(matches) == 0 {
		return -1, nil
	}
	return matches[0], nil
}

func indexes(header []string, is func(string) bool) (all []int) {
	for i, h := range header {
		if is(h) {
			all = append(all, i)
		}
	}
	return all
}

// texts are fields as strings.
func texts(fields [][]byte) []string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = strings.Trim(string(f), "<>")
	}
	return all
}

// isHeader tells whether a line names columns: a row of bars has numbers, and no word but in its time.
func isHeader(fields [][]byte) bool {
	values := 0
	for _, f := range fields {
		if digits(bytes.TrimLeft(f, "+-.")) > 0 {
			values++
		}
	}
	return values == 0
}

// folded reads the header of several lines that a data frame with columns of two levels has: a line of prices, one of tickers,
// and one that names the index, in any order and perhaps without names. It returns one header, and how many lines that were; 0
// where the file has none such.
func folded(first [][]byte, rest [][]string, ticker string) (header []string, count int, err error) {
	top := texts(first)
	if len(rest) < 2 || len(top) < 2 || len(rest[0]) != len(top) {
		return nil, 0, nil
	}
	prices, tickers := top, rest[0]
	isPrice := func(text string) bool {
		return slices.Contains([]string{"open", "high", "low", "close", "adjclose", "volume"}, plain(text))
	}
	switch {
	case isPrice(top[1]) && !isPrice(rest[0][1]) && isWord(rest[0][1]):
	case isPrice(rest[0][1]) && !isPrice(top[1]) && isWord(top[1]):
		prices, tickers = rest[0], top
	default:
		return nil, 0, nil
	}
	names := slices.Clone(tickers[1:])
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 1 {
		ticker = names[0]
	}
	if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, ticker) }) {
		return nil, 0, fmt.Errorf("the file has columns of %s, and none of %s", strings.Join(names, ", "), ticker)
	}
	header = make([]string, len(top))
	header[0] = "Datetime"
	for i := 1; i < len(top); i++ {
		if strings.EqualFold(tickers[i], ticker) {
			header[i] = prices[i]
		}
	}
	count = 2
	if len(rest[1]) > 0 && digits([]byte(rest[1][0])) == 0 { // it names the index
		count = 3
	}
	return header, count, nil
}

// isWord tells whether a field is a name, and no number and no time.
func isWord(text string) bool {
	return strings.ContainsFunc(text, unicode.IsLetter) && !empty([]byte(text)) && !strings.Contains(text, ":")
}
