package redis

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"barkeep/market"
)

// errEntry means that a cache entry is not one that encode wrote.
var errEntry = errors.New("not an entry of the cache")

// entry is the JSON of encode.
type entry struct {
	header
	Bars bars `json:"bars"`
}

// decode reads what encode wrote for the series; anything else is an errEntry.
func decode(series market.Series, text []byte) (*market.Candles, time.Time, error) {
	var e entry
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, time.Time{}, fmt.Errorf("%w: %w", errEntry, err)
	}
	if e.Instrument != series.Instrument || e.Timeframe != series.Timeframe || string(e.Columns) != columns {
		return nil, time.Time{}, fmt.Errorf("%w: it holds %.40q %.10q with columns %.80s", errEntry, e.Instrument,
			e.Timeframe, e.Columns)
	}
	if e.Bars.Candles == nil {
		return nil, time.Time{}, fmt.Errorf("%w: it has no bars", errEntry)
	}
	asOf, err := time.Parse(asOfLayout, e.AsOf)
	if err = errors.Join(err, e.Bars.Check()); err != nil {
		return nil, time.Time{}, fmt.Errorf("%w: %w", errEntry, err)
	}
	return e.Bars.Candles, asOf, nil
}

// bars are rows read straight into columns.
type bars struct{ *market.Candles }

// UnmarshalJSON reads an array of rows of seven numbers. encoding/json has checked the syntax before, so a row that is
// not flat, or holds anything but numbers, shows itself in a field that is no number.
func (b *bars) UnmarshalJSON(text []byte) error {
	text = bytes.TrimSpace(text)
	if len(text) < 2 || text[0] != '[' {
		return errors.New("bars are no array")
	}
	b.Candles = market.NewCandles(bytes.Count(text, []byte("]")) - 1)
	rest := bytes.TrimSpace(text[1 : len(text)-1])
	for len(rest) > 0 {
		end := bytes.IndexByte(rest, ']')
		if end < 0 || rest[0] != '[' {
			return errors.New("a bar is no array of numbers")
		}
		if err := b.add(rest[1:end]); err != nil {
			return err
		}
		rest = bytes.TrimLeft(rest[end+1:], ", \t\r\n")
	}
	return nil
}

// add reads one row without its brackets.
func (b *bars) add(row []byte) error {
	fields := bytes.Split(row, []byte(","))
	if len(fields) != 7 {
		return fmt.Errorf("a bar has %d fields instead of 7", len(fields))
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
	if err = errors.Join(err, bad); err != nil {
		return err
	}
	c := b.Candles
	c.TS, c.Volume, c.Flags = append(c.TS, ts), append(c.Volume, volume), append(c.Flags, market.Flag(flags))
	c.Open, c.High = append(c.Open, prices[0]), append(c.High, prices[1])
	c.Low, c.Close = append(c.Low, prices[2]), append(c.Close, prices[3])
	return nil
}
