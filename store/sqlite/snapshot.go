package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"barkeep/market"
)

// Snapshot reads one state of an archive as it is stored, and holds one connection until it is closed. Others write on
// meanwhile, and the write-ahead log grows as long. A Snapshot is for one goroutine.
type Snapshot struct {
	path string
	conn *sql.Conn
}

// Snapshot begins to read. The schema must not be 0.
func (v *View) Snapshot(ctx context.Context) (*Snapshot, error) {
	conn, err := v.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin to read %s: %w", v.path, err)
	}
	s := &Snapshot{path: v.path, conn: conn}
	// The state is fixed by the first thing that a transaction reads.
	var objects int
	_, err = conn.ExecContext(ctx, `BEGIN`)
	if err == nil {
		err = conn.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&objects)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("begin to read %s: %w", v.path, err)
	}
	return s, nil
}

// Close ends the reading.
func (s *Snapshot) Close() {
	// Outside of a transaction the first one fails; nothing was written that could be lost.
	_, _ = s.conn.ExecContext(context.Background(), `ROLLBACK`)
	_ = s.conn.Close()
}

// Counters is how many bars the row of each series says there are.
func (s *Snapshot) Counters(ctx context.Context) (map[market.Series]int64, error) {
	rows, err := s.conn.QueryContext(ctx, `SELECT instrument, timeframe, bars FROM series`)
	if err != nil {
		return nil, fmt.Errorf("list the series of %s: %w", s.path, err)
	}
	states, err := collect(rows, func(rows *sql.Rows) (state market.SeriesState, err error) {
		err = rows.Scan(&state.Series.Instrument, &state.Series.Timeframe, &state.Count)
		return state, err
	})
	if err != nil {
		return nil, fmt.Errorf("list the series of %s: %w", s.path, err)
	}
	counters := make(map[market.Series]int64, len(states))
	for _, state := range states {
		counters[state.Series] = state.Count
	}
	return counters, nil
}

// Strays are the numbers of series that bars or revisions bear and no row of series has. It probes an index once a series.
func (s *Snapshot) Strays(ctx context.Context) ([]int64, error) {
	rows, err := s.conn.QueryContext(ctx, `
		WITH RECURSIVE
		bars (id) AS (
			SELECT min(c.series_id) FROM candles c
			UNION ALL
			SELECT (SELECT min(c.series_id) FROM candles c WHERE c.series_id > b.id) FROM bars b WHERE b.id IS NOT NULL
		),
		revisions (id) AS (
			SELECT min(r.series_id) FROM candle_revisions r
			UNION ALL
			SELECT (SELECT min(r.series_id) FROM candle_revisions r WHERE r.series_id > v.id)
			FROM revisions v WHERE v.id IS NOT NULL
		)
		SELECT f.id
		FROM (SELECT id FROM bars UNION SELECT id FROM revisions) f
		WHERE f.id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM series s WHERE s.id = f.id)`)
	if err != nil {
		return nil, fmt.Errorf("look for bars without a series in %s: %w", s.path, err)
	}
	ids, err := collect(rows, func(rows *sql.Rows) (id int64, err error) {
		err = rows.Scan(&id)
		return id, err
	})
	if err != nil {
		return nil, fmt.Errorf("look for bars without a series in %s: %w", s.path, err)
	}
	return ids, nil
}

// ScanBars visits the bars of a series that start between first and last, both included and in Unix microseconds, in order.
// It ends with the first error of visit; the bar belongs to visit until it returns. Memory does not grow with the bars.
func (s *Snapshot) ScanBars(
	ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error,
) error {
	err := s.scan(ctx, `
		SELECT c.ts, c.open, c.high, c.low, c.close, c.volume, c.flags, 0
		FROM candles c
		WHERE c.series_id = (SELECT s.id FROM series s WHERE s.instrument = ? AND s.timeframe = ?)
		  AND c.ts >= ? AND c.ts <= ?
		ORDER BY c.ts`, series, first, last, visit)
	if err != nil {
		return fmt.Errorf("read the bars of %s: %w", series, err)
	}
	return nil
}

// ScanRevisions is ScanBars for the earlier values of changed bars, ordered by start and then by age, oldest first.
func (s *Snapshot) ScanRevisions(
	ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error,
) error {
	err := s.scan(ctx, `
		SELECT r.ts, r.open, r.high, r.low, r.close, r.volume, r.flags, r.revision
		FROM candle_revisions r
		WHERE r.series_id = (SELECT s.id FROM series s WHERE s.instrument = ? AND s.timeframe = ?)
		  AND r.ts >= ? AND r.ts <= ?
		ORDER BY r.ts, r.revision`, series, first, last, visit)
	if err != nil {
		return fmt.Errorf("read the revisions of %s: %w", series, err)
	}
	return nil
}

func (s *Snapshot) scan(
	ctx context.Context, query string, series market.Series, first, last int64, visit func(*market.StoredBar) error,
) (err error) {
	rows, err := s.conn.QueryContext(ctx, query, series.Instrument, string(series.Timeframe), firstSecond(first), lastSecond(last))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var values [8]any
	var into [8]any
	for i := range values {
		into[i] = &values[i]
	}
	var bar market.StoredBar
	for rows.Next() {
		if err := rows.Scan(into[:]...); err != nil {
			return err
		}
		if err := decode(&bar, &values); err != nil {
			return err
		}
		if err := visit(&bar); err != nil {
			return err
		}
	}
	return rows.Err()
}

// decode takes the driver's values as they are, as scanner does, but loses nothing of them.
func decode(bar *market.StoredBar, values *[8]any) error {
	var ok [8]bool
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
	bar.Revision, ok[7] = values[7].(int64)
	if ok != [8]bool{true, true, true, true, true, true, true, true} {
		return fmt.Errorf("a stored bar has values of the wrong type: %v", *values)
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
	seconds := lastSecond(micros)
	if seconds*microsPerSecond < micros {
		seconds++
	}
	return seconds
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
