package intake

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"barkeep/market"
)

// batchRows is how many rows a batch has.
const batchRows = 8192

// csv reads bars from a text with a row a line.
type csv struct {
	lines   *lines
	layout  Layout
	sep     byte
	at      positions
	need    int    // fields that a row has at least
	format  string // Go's, of times; empty to find out
	numbers numbers
	starter starter

	fields [][]byte
	joined []byte // a date and a time of day
	read   int64  // rows
}

// newCSV reads the header.
func newCSV(in *bufio.Reader, layout Layout, subject Subject) (*csv, error) {
	c := &csv{
		lines: newLines(in), layout: layout, sep: layout.Separator,
		starter: starter{Subject: subject, zone: layout.Zone, barEnd: layout.BarEnd},
		numbers: numbers{decimal: layout.Decimal, thousands: layout.Thousands},
	}
	if c.numbers.decimal == 0 {
		c.numbers.decimal = '.'
	}
	if c.numbers.decimal == c.numbers.thousands {
		return nil, fmt.Errorf("the decimal mark and what stands between thousands are both %q", c.numbers.decimal)
	}
	if layout.TimeFormat != "" {
		var err error
		if c.format, err = formatOf(layout.TimeFormat); err != nil {
			return nil, err
		}
	}
	if err := c.head(); err != nil {
		return nil, err
	}
	return c, nil
}

// head finds the columns.
func (c *csv) head() error {
	ahead, err := c.lines.peek(4)
	if err != nil {
		return err
	}
	if len(ahead) == 0 {
		return errors.New("the file is empty")
	}
	ahead[0] = bytes.TrimPrefix(ahead[0], []byte("\xef\xbb\xbf"))
	if c.sep == 0 {
		if c.sep, err = separatorOf(ahead[0]); err != nil {
			return fmt.Errorf("line 1: %w", err)
		}
	}
	var rows [][]string
	for _, line := range ahead[1:] {
		rows = append(rows, texts(split(bytes.TrimRight(line, "\r\n"), c.sep, nil)))
	}
	first := split(bytes.TrimRight(ahead[0], "\r\n"), c.sep, nil)
	header, count, err := folded(first, rows, c.layout.Ticker)
	switch {
	case err != nil:
		return err
	case count == 0 && isHeader(first) && !c.layout.bare:
		header, count = texts(first), 1
	case count == 0 && len(c.layout.Columns) == 0:
		return fmt.Errorf("line 1 is %q, and names no columns: --columns does, as in ts,open,high,low,close,volume", excerpt(ahead[0]))
	}
	if c.at, err = c.layout.find(header, len(first)); err != nil {
		return err
	}
	for _, at := range c.at {
		c.need = max(c.need, at+1)
	}
	if at := c.at[Volume]; at == c.need-1 { // some leave it out where it is empty
		c.need--
	}
	for range count {
		if _, err := c.lines.next(); err != nil {
			return err
		}
	}
	return nil
}

// Next implements Source.
func (c *csv) Next(ctx context.Context) (Rows, error) {
	rows := Rows{Bars: market.NewCandles(batchRows), Lines: make([]int64, 0, batchRows)}
	for rows.Bars.Len()+len(rows.Left) < batchRows {
		line, err := c.lines.next()
		if errors.Is(err, io.EOF) && rows.Bars.Len()+len(rows.Left) > 0 {
			break
		}
		if err != nil {
			return rows, unended(err)
		}
		bar, found := c.row(line)
		if found.Kind == "" {
			rows.Bars.TS = append(rows.Bars.TS, bar.ts)
			rows.Bars.Open, rows.Bars.High = append(rows.Bars.Open, bar.prices[0]), append(rows.Bars.High, bar.prices[1])
			rows.Bars.Low, rows.Bars.Close = append(rows.Bars.Low, bar.prices[2]), append(rows.Bars.Close, bar.prices[3])
			rows.Bars.Volume, rows.Bars.Flags = append(rows.Bars.Volume, bar.volume), append(rows.Bars.Flags, bar.flags)
			rows.Lines = append(rows.Lines, c.lines.number)
			c.read++
			continue
		}
		if found.Line = c.lines.number; found.Kind == Unreadable && c.read == 0 {
			return rows, fmt.Errorf("line %d: %s", found.Line, found.Says)
		}
		rows.Left = append(rows.Left, found)
	}
	return rows, ctx.Err()
}

// unended says what is wrong with a file that ends in the middle.
func unended(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file ends in the middle: %w", err)
	}
	return err
}

// record is a row.
type record struct {
	ts     int64
	prices [4]float64
	volume int64
	flags  market.Flag
}

// row reads one line; a Finding with a kind where it is no bar.
func (c *csv) row(line []byte) (r record, found Finding) {
	c.fields = split(line, c.sep, c.fields)
	unreadable := func(err error) (record, Finding) { return r, Finding{Kind: Unreadable, Says: err.Error()} }
	if len(c.fields) < c.need {
		return unreadable(fmt.Errorf("it has %d columns, and %d are needed: %q", len(c.fields), c.need, excerpt(line)))
	}
	at, err := c.stamp()
	if err != nil {
		return unreadable(err)
	}
	if r.ts, err = c.starter.start(at); err != nil {
		return unreadable(err)
	}
	if r.ts < market.FirstTS || r.ts > market.LastTS {
		return unreadable(errors.New("no bar starts outside of the years 1 to 9999"))
	}
	start := time.Unix(r.ts, 0).UTC()
	for i := range r.prices {
		field := c.fields[c.at[int(Open)+i]]
		if empty(field) {
			return r, Finding{Kind: Unpriced, Start: start}
		}
		if r.prices[i], err = c.numbers.read(field); err != nil {
			return r, Finding{Kind: Unreadable, Start: start, Says: fmt.Sprintf("%s: %s", Open+Column(i), err)}
		}
	}
	if r.volume, err = c.volume(); err != nil {
		return r, Finding{Kind: Unreadable, Start: start, Says: "volume: " + err.Error()}
	}
	if at := c.at[Flags]; at >= 0 && len(c.fields[at]) > 0 {
		r.flags = flagsOf(c.fields[at])
	}
	return r, found
}

// stamp is the time of a row.
func (c *csv) stamp() (stamp, error) {
	text := c.joined
	if at := c.at[TS]; at >= 0 {
		text = c.fields[at]
	} else {
		text = append(append(append(text[:0], c.fields[c.at[Date]]...), ' '), c.fields[c.at[Clock]]...)
		c.joined = text
	}
	if c.format != "" {
		return parseAs(c.format, text)
	}
	return parseStamp(text)
}

// volume is that of a row; NoVolume where there is none.
func (c *csv) volume() (int64, error) {
	at := c.at[Volume]
	if at < 0 || at >= len(c.fields) || empty(c.fields[at]) {
		return market.NoVolume, nil
	}
	v, err := c.numbers.read(c.fields[at])
	switch {
	case err != nil:
		return 0, err
	case v < 0 || v >= 1<<63:
		return 0, fmt.Errorf("%q is no volume: accepted is 0 or more", excerpt(c.fields[at]))
	}
	return int64(math.Round(v)), nil
}

// flagsOf reads those flags of an exported bar that its values alone do not tell.
func flagsOf(field []byte) (f market.Flag) {
	if bytes.Contains(field, []byte("impossible")) {
		f |= market.FlagImpossible
	}
	if bytes.Contains(field, []byte("outside")) {
		f |= market.FlagOutside
	}
	return f
}
