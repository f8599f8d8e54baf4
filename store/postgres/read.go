package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"barkeep/market"
	"barkeep/store/sqlstore"
)

// barRows and revisionRows read the rows of the series $1, $2 that start between $3 and $4, both included. What decode reads
// has eight bytes, hence the casts.
const (
	barRows = `
		SELECT c.ts, c.open, c.high, c.low, c.close, c.volume, c.flags::bigint
		FROM candles c` + ofSeries + ` ORDER BY c.ts`
	revisionRows = `
		SELECT c.ts, c.open, c.high, c.low, c.close, c.volume, c.flags::bigint, c.revision::bigint, c.replaced_at
		FROM candle_revisions c` + ofSeries + ` ORDER BY c.ts, c.revision`
	ofSeries = `
		WHERE c.series_id = (SELECT s.id FROM series s WHERE s.instrument = $1 AND s.timeframe = $2)
		  AND c.ts >= $3 AND c.ts <= $4`
)

// Candles returns the bars of a series that start inside the window, in order; none for a series that is unknown.
func (a *Archive) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	return a.candles(ctx, barRows, series, w)
}

// Page returns at most limit bars of a series that start inside the window, in order: the first, or with newest the last.
func (a *Archive) Page(
	ctx context.Context, series market.Series, w market.Window, limit int, newest bool,
) (*market.Candles, error) {
	rows := barRows
	if newest {
		rows += ` DESC`
	}
	bars, err := a.candles(ctx, rows+` LIMIT `+strconv.Itoa(max(0, limit)), series, w)
	if err == nil && newest {
		sqlstore.Reverse(bars)
	}
	return bars, err
}

func (a *Archive) candles(ctx context.Context, sql string, series market.Series, w market.Window) (*market.Candles, error) {
	bars := market.NewCandles(0)
	err := a.scan(ctx, sql, series, w, func(b *sqlstore.Bar) error {
		b.AppendTo(bars)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("candles of %s: %w", series, err)
	}
	return bars, nil
}

// Candles returns the bars of a series that start inside the window, as this transaction sees them.
func (t *Tx) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	err := t.usable(ctx)
	bars := market.NewCandles(0)
	if err == nil {
		first, last := sqlstore.Bounds(w)
		err = scan(ctx, t.tx.Conn().PgConn(), barRows, series, first, last, func(b *sqlstore.Bar) error {
			b.AppendTo(bars)
			return nil
		})
	}
	if err != nil {
		return nil, t.fail(fmt.Errorf("candles of %s: %w", series, because(ctx, err)))
	}
	return bars, nil
}

// Revisions returns the earlier values of the bars of a series that start inside the window, and when each was replaced
// (to the microsecond); ordered by start, then by age, oldest first. A bar that changed twice is there twice.
func (a *Archive) Revisions(ctx context.Context, series market.Series, w market.Window) (
	bars *market.Candles, replaced []time.Time, err error,
) {
	bars = market.NewCandles(0)
	err = a.scan(ctx, revisionRows, series, w, func(b *sqlstore.Bar) error {
		b.AppendTo(bars)
		replaced = append(replaced, time.UnixMicro(b.Replaced).UTC())
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("revisions of %s: %w", series, err)
	}
	return bars, replaced, nil
}

// scan is scan on a connection of the pool.
func (a *Archive) scan(
	ctx context.Context, sql string, series market.Series, w market.Window, visit func(*sqlstore.Bar) error,
) error {
	conn, err := a.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	first, last := sqlstore.Bounds(w)
	return because(ctx, scan(ctx, conn.Conn().PgConn(), sql, series, first, last, visit))
}

// scan visits the rows of a query of the kind of barRows that start between first and last, in Unix microseconds. It reads
// them off the connection one by one, in binary, so that every bit of a price is the stored one, whatever the session's
// settings and the URL's mode of execution are. It ends with the first error of visit, to which the bar belongs until it
// returns.
func scan(
	ctx context.Context, conn *pgconn.PgConn, sql string, series market.Series, first, last int64,
	visit func(*sqlstore.Bar) error,
) (err error) {
	values := [][]byte{
		[]byte(series.Instrument), []byte(series.Timeframe),
		binary.BigEndian.AppendUint64(nil, fromMicros(first)), binary.BigEndian.AppendUint64(nil, fromMicros(last)),
	}
	types := []uint32{pgtype.TextOID, pgtype.TextOID, pgtype.TimestamptzOID, pgtype.TimestamptzOID}
	result := conn.ExecParams(ctx, sql, values, types, []int16{0, 0, 1, 1}, []int16{1})
	defer func() {
		_, closed := result.Close()
		err = errors.Join(err, closed)
	}()
	var bar sqlstore.Bar
	for result.NextRow() {
		if err := decode(&bar, result.Values()); err != nil {
			return err
		}
		if err := visit(&bar); err != nil {
			return err
		}
	}
	return nil
}

// decode reads a row of barRows, or of revisionRows.
func decode(bar *sqlstore.Bar, row [][]byte) error {
	const volume = 5
	var bits [9]uint64
	for i, value := range row {
		switch {
		case len(value) == 8:
			bits[i] = binary.BigEndian.Uint64(value)
		case i != volume || value != nil:
			return fmt.Errorf("column %d of a stored bar has %d bytes, not 8", i, len(value))
		}
	}
	bar.Micros = toMicros(bits[0])
	bar.Open, bar.High = math.Float64frombits(bits[1]), math.Float64frombits(bits[2])
	bar.Low, bar.Close = math.Float64frombits(bits[3]), math.Float64frombits(bits[4])
	bar.Volume, bar.HasVolume = int64(bits[volume]), row[volume] != nil //nolint:gosec // the same 64 bits
	bar.Flags, bar.Revision = int64(bits[6]), int64(bits[7])            //nolint:gosec // the same
	bar.Replaced = toMicros(bits[8])
	return nil
}

// epochMicros is epoch in microseconds.
const epochMicros = epoch * 1_000_000

// fromMicros is a timestamptz of Unix microseconds; the least and the greatest int64 are the two infinities.
func fromMicros(micros int64) uint64 {
	if micros != math.MinInt64 && micros != math.MaxInt64 {
		micros -= epochMicros
	}
	return uint64(micros) //nolint:gosec // two's complement is meant
}

// toMicros reads a timestamptz. What it can hold and Unix microseconds cannot, the last years before 294277, becomes infinity.
func toMicros(bits uint64) int64 {
	micros := int64(bits) //nolint:gosec // two's complement is meant
	switch {
	case micros == math.MinInt64:
		return micros
	case micros > math.MaxInt64-epochMicros:
		return math.MaxInt64
	}
	return micros + epochMicros
}
