package redis

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"barkeep/market"
)

// What is wrong with a cache entry.
var (
	// errShape means that another release wrote it: it has no version, or its bars have other columns.
	errShape = errors.New("an entry of another shape")
	// errEntry means that no release wrote it so: it is damaged.
	errEntry = errors.New("not an entry of the cache")
)

// decode reads what encode wrote for the series; anything else is an errShape or an errEntry.
func decode(series market.Series, text []byte) (version int64, candles *market.Candles, err error) {
	var e struct {
		header
		Bars json.RawMessage `json:"bars"`
	}
	switch err := json.Unmarshal(text, &e); {
	case err != nil:
		return 0, nil, fmt.Errorf("%w: %w", errEntry, err)
	case e.Version == nil || string(e.Columns) != columns:
		return 0, nil, errShape
	case *e.Version < 0 || e.Instrument != series.Instrument || e.Timeframe != series.Timeframe:
		return 0, nil, fmt.Errorf("%w: it holds version %d of %.40q %.10q", errEntry, *e.Version, e.Instrument, e.Timeframe)
	}
	candles, err = readBars(e.Bars)
	if err == nil {
		err = candles.Check()
	}
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", errEntry, err)
	}
	return *e.Version, candles, nil
}

// readBars reads an array of rows of eight numbers straight into columns. encoding/json has checked the syntax before, so a
// row that is not flat, or holds anything but numbers, shows itself in a field that is no number.
func readBars(text []byte) (*market.Candles, error) {
	text = bytes.TrimSpace(text)
	if len(text) < 2 || text[0] != '[' {
		return nil, errors.New("bars are no array")
	}
	candles := market.NewCandles(bytes.Count(text, []byte("]")) - 1)
	rows := bytes.TrimSpace(text[1 : len(text)-1])
	for len(rows) > 0 {
		end := bytes.IndexByte(rows, ']')
		if end < 0 || rows[0] != '[' {
			return nil, errors.New("a bar is no array of numbers")
		}
		if err := readBar(candles, rows[1:end]); err != nil {
			return nil, err
		}
		rows = bytes.TrimLeft(rows[end+1:], ", \t\r\n")
	}
	return candles, nil
}

// readBar reads one row without its brackets.
func readBar(c *market.Candles, row []byte) error {
	fields := bytes.Split(row, []byte(","))
	if len(fields) != 8 {
		return fmt.Errorf("a bar has %d fields instead of 8", len(fields))
	}
	text := func(i int) string { return string(bytes.TrimSpace(fields[i])) }
	var prices [4]float64
	for i := range prices {
		var err error
		if prices[i], err = strconv.ParseFloat(text(i+1), 64); err != nil {
			return fmt.Errorf("price %.40q is no number", text(i+1))
		}
	}
	ts, err := strconv.ParseInt(text(0), 10, 64)
	volume := market.NoVolume
	if text(5) != "null" {
		var bad error
		volume, bad = strconv.ParseInt(text(5), 10, 64)
		err = errors.Join(err, bad)
	}
	flags, bad := strconv.ParseUint(text(6), 10, 8)
	parts, odd := strconv.ParseInt(text(7), 10, 16)
	if err = errors.Join(err, bad, odd); err != nil {
		return err
	}
	c.TS, c.Volume, c.Flags = append(c.TS, ts), append(c.Volume, volume), append(c.Flags, market.Flag(flags))
	c.Open, c.High = append(c.Open, prices[0]), append(c.High, prices[1])
	c.Low, c.Close = append(c.Low, prices[2]), append(c.Close, prices[3])
	c.SetParts(c.Len()-1, market.Parts(parts))
	return nil
}
