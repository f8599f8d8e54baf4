package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"barkeep/market"
)

// States lists every series with its number of bars and its first and last one, ordered by instrument and timeframe as
// text. It reads three index entries a series, however many bars there are.
func (a *Archive) States(ctx context.Context) ([]market.SeriesState, error) {
	rows, err := a.reader.QueryContext(ctx, `
		SELECT s.instrument, s.timeframe, s.bars,
		       (SELECT c.ts FROM candles c WHERE c.series_id = s.id ORDER BY c.ts LIMIT 1),
		       (SELECT c.ts FROM candles c WHERE c.series_id = s.id ORDER BY c.ts DESC LIMIT 1)
		FROM series s
		ORDER BY s.instrument, s.timeframe`)
	if err != nil {
		return nil, fmt.Errorf("states of %s: %w", a.path, err)
	}
	states, err := collect(rows, scanState)
	if err != nil {
		return nil, fmt.Errorf("states of %s: %w", a.path, err)
	}
	return states, nil
}

func scanState(rows *sql.Rows) (state market.SeriesState, err error) {
	var oldest, newest sql.NullInt64
	err = rows.Scan(&state.Series.Instrument, &state.Series.Timeframe, &state.Count, &oldest, &newest)
	if oldest.Valid {
		state.Oldest, state.Newest = time.Unix(oldest.Int64, 0).UTC(), time.Unix(newest.Int64, 0).UTC()
	}
	return state, err
}

// Candles returns the bars of a series that start inside the window, in order; none for a series that is unknown.
func (a *Archive) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	return candles(ctx, a.reader, series, w)
}

// Candles returns the bars of a series that start inside the window, as this transaction sees them.
func (t *Tx) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	if err := t.usable(ctx); err != nil {
		return nil, fmt.Errorf("candles of %s: %w", series, err)
	}
	bars, err := candles(ctx, t.conn, series, w)
	if err != nil {
		return nil, t.fail(err)
	}
	return bars, nil
}

func candles(ctx context.Context, q querier, series market.Series, w market.Window) (*market.Candles, error) {
	rows, err := q.QueryContext(ctx, `
		SELECT c.ts, c.open, c.high, c.low, c.close, c.volume, c.flags
		FROM candles c
		WHERE c.series_id = (SELECT s.id FROM series s WHERE s.instrument = ? AND s.timeframe = ?)
		  AND c.ts >= ? AND c.ts < ?
		ORDER BY c.ts`, series.Instrument, string(series.Timeframe), ceil(w.From), ceil(w.To))
	if err != nil {
		return nil, fmt.Errorf("candles of %s: %w", series, err)
	}
	bars := market.NewCandles(0)
	if err := each(rows, 7, func(s *scanner) { s.bar.appendTo(bars) }); err != nil {
		return nil, fmt.Errorf("candles of %s: %w", series, err)
	}
	return bars, nil
}

// Newest returns the start of the newest bar of a series as this transaction sees it; false when there is none.
func (t *Tx) Newest(ctx context.Context, series market.Series) (time.Time, bool, error) {
	if err := t.usable(ctx); err != nil {
		return time.Time{}, false, fmt.Errorf("newest bar of %s: %w", series, err)
	}
	var ts int64
	err := t.conn.QueryRowContext(ctx, `
		SELECT c.ts FROM candles c
		WHERE c.series_id = (SELECT s.id FROM series s WHERE s.instrument = ? AND s.timeframe = ?)
		ORDER BY c.ts DESC LIMIT 1`, series.Instrument, string(series.Timeframe)).Scan(&ts)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return time.Time{}, false, nil
	case err != nil:
		return time.Time{}, false, t.fail(fmt.Errorf("newest bar of %s: %w", series, err))
	}
	return time.Unix(ts, 0).UTC(), true, nil
}

// Revisions returns the earlier values of the bars of a series that start inside the window, and when each was replaced
// (to the microsecond); ordered by start, then by age, oldest first. A bar that changed twice is there twice.
func (a *Archive) Revisions(ctx context.Context, series market.Series, w market.Window) (
	bars *market.Candles, replaced []time.Time, err error,
) {
	rows, err := a.reader.QueryContext(ctx, `
		SELECT r.ts, r.open, r.high, r.low, r.close, r.volume, r.flags, r.replaced_at
		FROM candle_revisions r
		WHERE r.series_id = (SELECT s.id FROM series s WHERE s.instrument = ? AND s.timeframe = ?)
		  AND r.ts >= ? AND r.ts < ?
		ORDER BY r.ts, r.revision`, series.Instrument, string(series.Timeframe), ceil(w.From), ceil(w.To))
	if err != nil {
		return nil, nil, fmt.Errorf("revisions of %s: %w", series, err)
	}
	bars = market.NewCandles(0)
	err = each(rows, 8, func(s *scanner) {
		at, _ := s.values[7].(int64) // STRICT and NOT NULL
		s.bar.appendTo(bars)
		replaced = append(replaced, time.UnixMicro(at).UTC())
	})
	if err != nil {
		return nil, nil, fmt.Errorf("revisions of %s: %w", series, err)
	}
	return bars, replaced, nil
}

// ceil is the first whole second at or after t: bars start on whole seconds, so t and ceil bound the same ones.
func ceil(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}
