package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"barkeep/market"
)

// beginSnapshot starts a transaction that sees one state of the database however long it reads. No time-out of the server, the
// role or the URL ends it: reading a large archive takes minutes. Its SELECT fixes the state, and lifts the bound that only
// PostgreSQL 17 and later have. The planner is not left the choice to sort a whole series, which takes the server's disk: bars
// come off the primary key from the first one on.
const beginSnapshot = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0;
	SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL enable_sort = off;
	SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout'`

// Snapshot reads one state of an archive as it is stored, and holds one connection until it is closed. The server keeps
// dead rows as long; it locks nobody out. A Snapshot is for one goroutine.
type Snapshot struct {
	tx pgx.Tx
}

// Snapshot begins to read. The schema must not be 0.
func (a *Archive) Snapshot(ctx context.Context) (*Snapshot, error) {
	tx, err := a.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: beginSnapshot})
	if err != nil {
		return nil, fmt.Errorf("begin to read: %w", err)
	}
	return &Snapshot{tx: tx}, nil
}

// Close ends the reading.
func (s *Snapshot) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), rollbackWait)
	defer cancel()
	_ = s.tx.Rollback(ctx) // a rollback that fails closes the connection; there is nothing to lose
}

// Identity tells databases apart: two archives with the same one are the same. It names the running server, so that a
// replica differs from its primary.
func (a *Archive) Identity(ctx context.Context) (identity string, err error) {
	err = a.pool.QueryRow(ctx, `
		SELECT extract(epoch FROM pg_postmaster_start_time())::text || ' ' || d.oid::text || ' ' ||
		       coalesce(to_regclass('candles')::oid::text, '')
		FROM pg_database d
		WHERE d.datname = current_database()`).Scan(&identity)
	if err != nil {
		return "", fmt.Errorf("ask the server who it is: %w", err)
	}
	return identity, nil
}

// Counters is how many bars the row of each series says there are.
func (s *Snapshot) Counters(ctx context.Context) (map[market.Series]int64, error) {
	rows, err := s.tx.Query(ctx, `SELECT instrument, timeframe, bars FROM series`)
	if err != nil {
		return nil, fmt.Errorf("list the series: %w", err)
	}
	counters := map[market.Series]int64{}
	var series market.Series
	var bars int64
	_, err = pgx.ForEachRow(rows, []any{&series.Instrument, &series.Timeframe, &bars}, func() error {
		counters[series] = bars
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the series: %w", err)
	}
	return counters, nil
}

// Strays are the numbers of series that bars or revisions bear and no row of series has. It probes an index once a series.
func (s *Snapshot) Strays(ctx context.Context) ([]int64, error) {
	rows, err := s.tx.Query(ctx, `
		WITH RECURSIVE
		bars (id) AS (
			SELECT (SELECT c.series_id FROM candles c ORDER BY c.series_id LIMIT 1)
			UNION ALL
			SELECT (SELECT c.series_id FROM candles c WHERE c.series_id > b.id ORDER BY c.series_id LIMIT 1)
			FROM bars b WHERE b.id IS NOT NULL
		),
		revisions (id) AS (
			SELECT (SELECT r.series_id FROM candle_revisions r ORDER BY r.series_id LIMIT 1)
			UNION ALL
			SELECT (SELECT r.series_id FROM candle_revisions r WHERE r.series_id > v.id ORDER BY r.series_id LIMIT 1)
			FROM revisions v WHERE v.id IS NOT NULL
		)
		SELECT f.id::bigint
		FROM (SELECT id FROM bars UNION SELECT id FROM revisions) f
		WHERE f.id IS NOT NULL AND NOT EXISTS (SELECT FROM series s WHERE s.id = f.id)`)
	if err != nil {
		return nil, fmt.Errorf("look for bars without a series: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("look for bars without a series: %w", err)
	}
	return ids, nil
}

// ScanBars visits the bars of a series that start between first and last, both included and in Unix microseconds, in order.
// It ends with the first error of visit; the bar belongs to visit until it returns. Memory does not grow with the bars.
func (s *Snapshot) ScanBars(
	ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error,
) error {
	err := s.scan(ctx, `
		SELECT c.ts, c.open, c.high, c.low, c.close, c.volume, c.flags::bigint, 0::bigint
		FROM candles c
		WHERE c.series_id = (SELECT s.id FROM series s WHERE s.instrument = $1 AND s.timeframe = $2)
		  AND c.ts >= $3 AND c.ts <= $4
		ORDER BY c.ts`, series, first, last, visit)
	if err != nil {
		return fmt.Errorf("read the bars of %s: %w", series, because(ctx, err))
	}
	return nil
}

// ScanRevisions is ScanBars for the earlier values of changed bars, ordered by start and then by age, oldest first.
func (s *Snapshot) ScanRevisions(
	ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error,
) error {
	err := s.scan(ctx, `
		SELECT r.ts, r.open, r.high, r.low, r.close, r.volume, r.flags::bigint, r.revision::bigint
		FROM candle_revisions r
		WHERE r.series_id = (SELECT s.id FROM series s WHERE s.instrument = $1 AND s.timeframe = $2)
		  AND r.ts >= $3 AND r.ts <= $4
		ORDER BY r.ts, r.revision`, series, first, last, visit)
	if err != nil {
		return fmt.Errorf("read the revisions of %s: %w", series, because(ctx, err))
	}
	return nil
}

// scan reads rows off the connection one by one, in binary, so that every bit of a price is the stored one, whatever the
// session's settings and the URL's mode of execution are.
func (s *Snapshot) scan(
	ctx context.Context, sql string, series market.Series, first, last int64, visit func(*market.StoredBar) error,
) (err error) {
	values := [][]byte{
		[]byte(series.Instrument), []byte(series.Timeframe),
		binary.BigEndian.AppendUint64(nil, fromMicros(first)), binary.BigEndian.AppendUint64(nil, fromMicros(last)),
	}
	types := []uint32{pgtype.TextOID, pgtype.TextOID, pgtype.TimestamptzOID, pgtype.TimestamptzOID}
	formats := []int16{0, 0, 1, 1}
	result := s.tx.Conn().PgConn().ExecParams(ctx, sql, values, types, formats, []int16{1})
	defer func() {
		_, closed := result.Close()
		err = errors.Join(err, closed)
	}()
	var bar market.StoredBar
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

// decode reads a row of scan.
func decode(bar *market.StoredBar, row [][]byte) error {
	const volume = 5
	var bits [8]uint64
	for i, value := range row {
		switch {
		case len(value) == 8:
			bits[i] = binary.BigEndian.Uint64(value)
		case i != volume || value != nil:
			return fmt.Errorf("column %d of a stored bar has %d bytes, not 8", i, len(value))
		}
	}
	bar.HasVolume = row[volume] != nil
	bar.Micros = toMicros(bits[0])
	bar.Open, bar.High = math.Float64frombits(bits[1]), math.Float64frombits(bits[2])
	bar.Low, bar.Close = math.Float64frombits(bits[3]), math.Float64frombits(bits[4])
	bar.Volume, bar.Flags, bar.Revision = int64(bits[volume]), int64(bits[6]), int64(bits[7]) //nolint:gosec // the same 64 bits
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
