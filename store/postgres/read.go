package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"barkeep/market"
	"barkeep/store/sqlstore"
)

// Scan visits bars on a connection of the pool, or on that of the transaction.
func (e engine) Scan(
	ctx context.Context, sql string, series market.Series, first, last int64, visit func(*sqlstore.Bar) error,
) error {
	var conn *pgx.Conn
	switch q := e.q.(type) {
	case pgx.Tx:
		conn = q.Conn()
	case *pgxpool.Pool:
		lent, err := q.Acquire(ctx)
		if err != nil {
			return err
		}
		defer lent.Release()
		conn = lent.Conn()
	}
	return e.name.explain(because(ctx, scan(ctx, conn.PgConn(), sql, series, first, last, visit)))
}

// Scan visits bars as the transaction sees them.
func (t *session) Scan(
	ctx context.Context, sql string, series market.Series, first, last int64, visit func(*sqlstore.Bar) error,
) error {
	if err := t.Usable(ctx); err != nil {
		return err
	}
	return engine{q: t.tx, name: t.name}.Scan(ctx, sql, series, first, last, visit)
}

// scan does what sqlstore.Querier has Scan do. It reads the rows off the connection one by one, in binary, so that every bit of a
// price is the stored one, whatever the session's settings and the URL's mode of execution are.
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

// decode reads a row of sqlstore.BarRows, RevisionRows or ReasonRows.
func decode(bar *sqlstore.Bar, row [][]byte) error {
	const volume = 5
	var bits [11]uint64
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
	bar.RunID, bar.Cause = int64(bits[9]), int64(bits[10]) //nolint:gosec // the same
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
