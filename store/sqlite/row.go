package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	"barkeep/market"
)

// bar is one row of candles, with the columns ts, open, high, low, close, volume, flags in this order.
type bar struct {
	ts                     int64
	open, high, low, close float64
	volume                 int64 // market.NoVolume for NULL
	flags                  market.Flag
}

// scanner reads rows that begin with the columns of a bar into one place, again and again. It takes the driver's values
// as they are: conversions of database/sql by reflection would double the time of reading a million bars.
type scanner struct {
	rows   *sql.Rows
	values []any
	into   []any // pointers to values
	bar    bar
}

// read reads the present row into bar.
func (s *scanner) read() error {
	if err := s.rows.Scan(s.into...); err != nil {
		return err
	}
	var ok [7]bool
	s.bar.ts, ok[0] = s.values[0].(int64)
	s.bar.open, ok[1] = s.values[1].(float64)
	s.bar.high, ok[2] = s.values[2].(float64)
	s.bar.low, ok[3] = s.values[3].(float64)
	s.bar.close, ok[4] = s.values[4].(float64)
	s.bar.volume, ok[5] = s.values[5].(int64)
	if s.values[5] == nil {
		s.bar.volume, ok[5] = market.NoVolume, true
	}
	flags, known := s.values[6].(int64)
	s.bar.flags, ok[6] = market.Flag(flags), known
	if ok != [7]bool{true, true, true, true, true, true, true} {
		return fmt.Errorf("a stored bar has values of the wrong type: %v", s.values)
	}
	return nil
}

// each calls do for every row of so many columns that begin with those of a bar, and closes the rows.
func each(rows *sql.Rows, columns int, do func(*scanner)) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	s := &scanner{rows: rows, values: make([]any, columns), into: make([]any, columns)}
	for i := range s.values {
		s.into[i] = &s.values[i]
	}
	for rows.Next() {
		if err := s.read(); err != nil {
			return err
		}
		do(s)
	}
	return rows.Err()
}

func (b *bar) appendTo(bars *market.Candles) {
	bars.TS = append(bars.TS, b.ts)
	bars.Open = append(bars.Open, b.open)
	bars.High = append(bars.High, b.high)
	bars.Low = append(bars.Low, b.low)
	bars.Close = append(bars.Close, b.close)
	bars.Volume = append(bars.Volume, b.volume)
	bars.Flags = append(bars.Flags, b.flags)
}

// collect reads all rows with scan and closes them; never nil without an error.
func collect[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) ([]T, error) {
	all := []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		all = append(all, one)
	}
	return all, errors.Join(rows.Err(), rows.Close())
}
