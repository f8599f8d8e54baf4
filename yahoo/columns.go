package yahoo

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// latest bounds timestamps to the years that package time prints with four digits.
const latest = 253402300799

// room counts the elements of an array of numbers, so that its column is made once and to size. The bound keeps a
// hostile body of commas from reserving more than its own size.
func (d *decoder) room() int {
	end := bytes.IndexByte(d.data[d.pos:], ']')
	if end < 0 {
		return 0
	}
	return min(bytes.Count(d.data[d.pos:d.pos+end], []byte{','})+1, 1<<17)
}

// list reads an array of numbers into a new column, or null as no column. Where an element reads null, null stands in
// the column; without allow that is an error. Every body is mostly this loop, so it bears the fast path: an element
// that s.plain knows costs a few nanoseconds, all others go the general way.
func list[T int64 | float64](
	d *decoder, allow bool, null T, fast func(plain, []byte) (T, bool), slow func(*number) (T, error),
) ([]T, error) {
	if d.null() {
		return nil, nil
	}
	column := make([]T, 0, d.room())
	if err := d.enter('[', "an array"); err != nil {
		return nil, err
	}
	for first := true; ; first = false {
		more, err := d.next(first, ']')
		if err != nil || !more {
			return column, err
		}
		if p, end := d.plain(); end > 0 {
			if v, ok := fast(p, d.data[d.pos:end]); ok {
				column, d.pos = append(column, v), end
				continue
			}
		}
		if allow && d.null() {
			column = append(column, null)
			continue
		}
		n, err := d.number()
		if err != nil {
			return nil, err
		}
		v, err := slow(&n)
		if err != nil {
			return nil, err
		}
		column = append(column, v)
	}
}

// timestamps reads the column of Unix seconds, in which nothing may be null.
func (d *decoder) timestamps() (err error) {
	d.chart.TS, err = list(d, false, 0, plain.whole, func(n *number) (int64, error) {
		ts, err := d.integer(n)
		if err != nil {
			return 0, fmt.Errorf("timestamp: %w", err)
		}
		if ts > latest || ts < -latest {
			return 0, fmt.Errorf("timestamp %d lies beyond the year 9999", ts)
		}
		return ts, nil
	})
	return err
}

// volumes reads the column of volumes.
func (d *decoder) volumes() (err error) {
	d.chart.Volume, err = list(d, true, NullVolume, plain.whole, func(n *number) (int64, error) {
		v, err := d.integer(n)
		if err == nil && v == NullVolume {
			err = strconv.ErrRange
		}
		if err != nil {
			return 0, fmt.Errorf("volume: %w", err)
		}
		return v, nil
	})
	return err
}

// prices reads one column of prices.
func (d *decoder) prices(into *[]float64) (err error) {
	fast := func(p plain, text []byte) (float64, bool) {
		if p.digits < 1<<53 {
			return float64(p.digits) / d.tens[p.fraction], true // exact: see scanner.float
		}
		f, err := strconv.ParseFloat(string(text), 64)
		return f, err == nil
	}
	*into, err = list(d, true, math.NaN(), fast, func(n *number) (float64, error) {
		f, err := d.float(n)
		if err != nil {
			return 0, fmt.Errorf("price: %w", err)
		}
		return f, nil
	})
	return err
}
