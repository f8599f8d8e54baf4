package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"barkeep/market"
)

// csvReader reads what csvWriter writes.
type csvReader struct {
	columns []Column
	line    int // of the file, from 1
	bars    *market.Candles
	series  market.Series // of the bars
	next    market.Series // of the line that is read
	visit   Visit
}

func readCSV(from File, contents *Contents, visit Visit) error {
	lines := bufio.NewReaderSize(from, textBuffer)
	head, err := readLine(lines)
	if err != nil {
		return fmt.Errorf("%w: no header line: %w", ErrForeign, err)
	}
	columns, err := readable(strings.Split(string(head), ","))
	if err != nil {
		return err
	}
	contents.Columns = columns
	r := &csvReader{columns: columns, line: 1, bars: market.NewCandles(0), visit: visit}
	for {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return r.give()
		}
		r.line++
		if err == nil {
			err = r.bar(line)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", r.line, err)
		}
	}
}

// readLine is the next line without its end; the error is io.EOF after the last one, and errShort for a line without an end.
func readLine(lines *bufio.Reader) ([]byte, error) {
	line, err := lines.ReadSlice('\n')
	switch {
	case errors.Is(err, io.EOF) && len(line) > 0:
		return nil, errShort
	case err != nil:
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte{'\r'}), nil
}

// give gives away what was read.
func (r *csvReader) give() error {
	bars := r.bars
	if bars.Len() == 0 {
		return nil
	}
	r.bars = market.NewCandles(min(2*bars.Len(), readBatch))
	return r.visit(r.series, bars)
}

// bar reads a line.
func (r *csvReader) bar(line []byte) error {
	bar := market.Candle{Volume: market.NoVolume}
	have, due := 0, 0
	rest, more := line, true
	for _, c := range r.columns {
		if !more {
			return fmt.Errorf("it has fewer than %d fields", len(r.columns))
		}
		var field []byte
		var err error
		if field, rest, more, err = cutField(rest); err == nil {
			err = r.value(c, string(field), &bar, &have, &due)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c, err)
		}
	}
	if more {
		return fmt.Errorf("it has more than %d fields", len(r.columns))
	}
	bar.Parts = market.PartsOf(have, due)
	if r.next != r.series || r.bars.Len() == readBatch {
		if err := r.give(); err != nil {
			return err
		}
		r.series = r.next
	}
	r.bars.Append(bar)
	return nil
}

// cutField takes the first field of a line off it. more tells whether there is another one.
func cutField(line []byte) (field, rest []byte, more bool, err error) {
	if len(line) == 0 || line[0] != '"' {
		field, rest, more = bytes.Cut(line, []byte{','})
		return field, rest, more, nil
	}
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] != '"':
			field = append(field, line[i])
		case i+1 < len(line) && line[i+1] == '"':
			field = append(field, '"')
			i++
		case i+1 == len(line):
			return field, nil, false, nil
		case line[i+1] == ',':
			return field, line[i+2:], true, nil
		default:
			return nil, nil, false, errors.New("there is text after the closing quote")
		}
	}
	return nil, nil, false, errors.New("the closing quote is missing")
}

// value reads a field into the bar of the line.
func (r *csvReader) value(c Column, text string, bar *market.Candle, have, due *int) (err error) {
	switch c {
	case Instrument:
		r.next.Instrument = text
	case Timeframe:
		r.next.Timeframe = market.Timeframe(text)
	case TS:
		bar.Start, err = parseStart(text)
	case Open:
		bar.Open, err = strconv.ParseFloat(text, 64)
	case High:
		bar.High, err = strconv.ParseFloat(text, 64)
	case Low:
		bar.Low, err = strconv.ParseFloat(text, 64)
	case Close:
		bar.Close, err = strconv.ParseFloat(text, 64)
	case Volume:
		if text != "" {
			bar.Volume, err = parseCount(text, math.MaxInt64)
		}
	case Flags:
		bar.Flags, err = parseFlags(text)
	case BaseBars:
		*have, err = parsePart(text)
	case BaseDue:
		*due, err = parsePart(text)
	}
	return err
}

// parseStart reads RFC 3339 or Unix seconds.
func parseStart(text string) (time.Time, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if n < market.FirstTS || n > market.LastTS {
			return time.Time{}, fmt.Errorf("%q is beyond the years 1 to 9999", text)
		}
		return time.Unix(n, 0).UTC(), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err == nil && at.Nanosecond() != 0 {
		err = fmt.Errorf("%q is no whole second", text)
	}
	return at, err
}

func parseCount(text string, most int64) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && (n < 0 || n > most) {
		err = fmt.Errorf("%q: accepted is 0 to %d", text, most)
	}
	return n, err
}

func parsePart(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := parseCount(text, market.MostParts)
	return int(n), err
}
