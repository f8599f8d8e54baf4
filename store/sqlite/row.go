package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"barkeep/market"
	"barkeep/store/sqlstore"
)

// Scan visits bars on the connections that are read on.
func (e engine) Scan(
	ctx context.Context, query string, series market.Series, first, last int64, visit func(*sqlstore.Bar) error,
) error {
	return watched(e.watch, func() error { return scan(ctx, e.reader, query, series, first, last, visit) })
}

// Scan visits bars as the transaction sees them.
func (t *session) Scan(
	ctx context.Context, query string, series market.Series, first, last int64, visit func(*sqlstore.Bar) error,
) error {
	if err := t.Usable(ctx); err != nil {
		return err
	}
	return scan(ctx, t.conn, query, series, first, last, visit)
}

// scan does what sqlstore.Querier has Scan do.
func scan(
	ctx context.Context, q querier, query string, series market.Series, first, last int64, visit func(*sqlstore.Bar) error,
) error {
	rows, err := q.QueryContext(ctx, query, series.Instrument, string(series.Timeframe), firstSecond(first), lastSecond(last))
	if err != nil {
		return err
	}
	return each(rows, visit)
}

// each visits rows with the columns of sqlstore.BarRows, RevisionRows or ReasonRows, and closes them. It takes the driver's
// values as they are: conversions of database/sql by reflection would double the time of reading a million bars.
func each(rows *sql.Rows, visit func(*sqlstore.Bar) error) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	var bar sqlstore.Bar
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := decode(&bar, values); err != nil {
			return err
		}
		if err := visit(&bar); err != nil {
			return err
		}
	}
	return rows.Err()
}

// decode reads a row of sqlstore.BarRows, RevisionRows or ReasonRows.
func decode(bar *sqlstore.Bar, values []any) error {
	var ok [11]bool
	var ts int64
	ts, ok[0] = values[0].(int64)
	bar.Micros = micros(ts)
	bar.Open, ok[1] = values[1].(float64)
	bar.High, ok[2] = values[2].(float64)
	bar.Low, ok[3] = values[3].(float64)
	bar.Close, ok[4] = values[4].(float64)
	bar.Volume, bar.HasVolume = values[5].(int64)
	ok[5] = bar.HasVolume || values[5] == nil
	bar.Flags, ok[6] = values[6].(int64)
	ok[7], ok[8], ok[9], ok[10] = true, true, true, true
	if len(values) > 7 {
		bar.Revision, ok[7] = values[7].(int64)
		bar.Replaced, ok[8] = values[8].(int64)
	}
	if len(values) > 9 {
		bar.RunID, ok[9] = values[9].(int64)
		bar.Cause, ok[10] = values[10].(int64)
	}
	if ok != [11]bool{true, true, true, true, true, true, true, true, true, true, true} {
		return fmt.Errorf("a stored bar has values of the wrong type: %v", values)
	}
	return nil
}

const microsPerSecond = 1_000_000

// micros is a start in microseconds; beyond what they can hold, the least or the greatest of them.
func micros(seconds int64) int64 {
	switch {
	case seconds > math.MaxInt64/microsPerSecond:
		return math.MaxInt64
	case seconds < math.MinInt64/microsPerSecond:
		return math.MinInt64
	}
	return seconds * microsPerSecond
}

// firstSecond is the first second that is not before the bound.
func firstSecond(micros int64) int64 {
	if micros == math.MinInt64 {
		return micros
	}
	return lastSecond(micros-1) + 1
}

// lastSecond is the last second that is not after the bound.
func lastSecond(micros int64) int64 {
	if micros == math.MaxInt64 {
		return micros
	}
	seconds := micros / microsPerSecond
	if seconds*microsPerSecond > micros {
		seconds--
	}
	return seconds
}
