package yahoo

import (
	"fmt"
	"math"
	"strconv"

	"github.com/go-faster/jx"
)

// latest bounds timestamps to the years that package time prints with four digits.
const latest = 253402300799

// indicators reads the columns of the first quote; adjusted closes are not used.
func (d *decoder) indicators(key string) error {
	if key != "quote" {
		return d.Skip()
	}
	d.clearColumns()
	return d.first(func() error { return d.optional(d.column) })
}

func (d *decoder) clearColumns() {
	c := &d.chart
	c.Open, c.High, c.Low, c.Close, c.Volume = nil, nil, nil, nil, nil
}

func (d *decoder) column(key string) (err error) {
	c := &d.chart
	switch key {
	case "open":
		c.Open, err = column(d, d.price)
	case "high":
		c.High, err = column(d, d.price)
	case "low":
		c.Low, err = column(d, d.price)
	case "close":
		c.Close, err = column(d, d.price)
	case "volume":
		c.Volume, err = column(d, d.volume)
	default:
		return d.Skip()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// timestamps reads the column of Unix seconds.
func (d *decoder) timestamps() (err error) {
	if d.chart.TS, err = column(d, d.timestamp); err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	return nil
}

// column reads an array into a new column, or null as no column. Almost all of a body's time is spent in this loop.
func column[T int64 | float64](d *decoder, value func(text []byte) (T, error)) ([]T, error) {
	if d.Next() == jx.Null {
		return nil, d.Null()
	}
	elements, err := d.ArrIter()
	if err != nil {
		return nil, err
	}
	values := make([]T, 0, min(len(d.chart.TS), mostElements)) // the provider sends the timestamps first
	for elements.Next() {
		if len(values) >= mostElements {
			return nil, errElements()
		}
		raw, err := d.Raw()
		if err != nil {
			return nil, err
		}
		v, err := value(raw)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, elements.Err()
}

// timestamp reads one element of its column, in which nothing may be null.
func (d *decoder) timestamp(text []byte) (int64, error) {
	ts, err := d.whole(text)
	if err == nil && (ts > latest || ts < -latest) {
		err = fmt.Errorf("%d lies beyond the year 9999", ts)
	}
	return ts, err
}

// volume reads one element of its column.
func (d *decoder) volume(text []byte) (int64, error) {
	if isNull(text) {
		return NullVolume, nil
	}
	v, err := d.whole(text)
	if err == nil && v == NullVolume {
		err = strconv.ErrRange
	}
	return v, err
}

// price reads one element of a column of prices; null is NaN, never 0.
func (d *decoder) price(text []byte) (float64, error) {
	if isNull(text) {
		return math.NaN(), nil
	}
	return d.float(text)
}
