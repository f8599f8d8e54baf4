package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"barkeep/market"
)

// States lists every series with its number of bars and its first and last one, ordered by instrument and timeframe as
// text. It probes the index twice a series, however many bars there are.
func (a *Archive) States(ctx context.Context) ([]market.SeriesState, error) {
	rows, err := a.pool.Query(ctx, `
		SELECT s.instrument, s.timeframe, s.bars, first.ts, last.ts
		FROM series s
		LEFT JOIN LATERAL (SELECT c.ts FROM candles c WHERE c.series_id = s.id ORDER BY c.ts LIMIT 1) first ON true
		LEFT JOIN LATERAL (SELECT c.ts FROM candles c WHERE c.series_id = s.id ORDER BY c.ts DESC LIMIT 1) last ON true
		ORDER BY s.instrument COLLATE "C", s.timeframe COLLATE "C"`)
	if err != nil {
		return nil, fmt.Errorf("states of all series: %w", err)
	}
	states, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (state market.SeriesState, err error) {
		var oldest, newest *time.Time
		err = row.Scan(&state.Series.Instrument, &state.Series.Timeframe, &state.Count, &oldest, &newest)
		state.Oldest, state.Newest = moment(oldest), moment(newest)
		return state, err
	})
	if err != nil {
		return nil, fmt.Errorf("states of all series: %w", err)
	}
	return states, nil
}

// Candles returns the bars of a series that start inside the window, in order; none for a series that is unknown.
func (a *Archive) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	return candles(ctx, a.pool, series, w)
}

// Candles returns the bars of a series that start inside the window, as this transaction sees them.
func (t *Tx) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	if err := t.usable(ctx); err != nil {
		return nil, fmt.Errorf("candles of %s: %w", series, err)
	}
	bars, err := candles(ctx, t.tx, series, w)
	if err != nil {
		return nil, t.fail(err)
	}
	return bars, nil
}

func candles(ctx context.Context, q querier, series market.Series, w market.Window) (*market.Candles, error) {
	rows, err := q.Query(ctx, `
		SELECT c.ts, c.open, c.high, c.low, c.close, coalesce(c.volume, -1), c.flags
		FROM candles c
		WHERE c.series_id = (SELECT s.id FROM series s WHERE s.instrument = $1 AND s.timeframe = $2)
		  AND c.ts >= $3 AND c.ts < $4
		ORDER BY c.ts`, series.Instrument, string(series.Timeframe), bound(w.From), bound(w.To))
	if err != nil {
		return nil, fmt.Errorf("candles of %s: %w", series, err)
	}
	bars := market.NewCandles(0)
	var b market.Candle
	_, err = pgx.ForEachRow(rows, []any{&b.Start, &b.Open, &b.High, &b.Low, &b.Close, &b.Volume, &b.Flags}, func() error {
		bars.Append(b)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("candles of %s: %w", series, err)
	}
	return bars, nil
}

// Newest returns the start of the newest bar of a series as this transaction sees it; false when there is none.
func (t *Tx) Newest(ctx context.Context, series market.Series) (newest time.Time, found bool, err error) {
	if err := t.usable(ctx); err != nil {
		return time.Time{}, false, fmt.Errorf("newest bar of %s: %w", series, err)
	}
	err = t.tx.QueryRow(ctx, `
		SELECT c.ts
		FROM candles c
		WHERE c.series_id = (SELECT s.id FROM series s WHERE s.instrument = $1 AND s.timeframe = $2)
		ORDER BY c.ts DESC
		LIMIT 1`, series.Instrument, string(series.Timeframe)).Scan(&newest)
	switch {
	case missing(err):
		return time.Time{}, false, nil
	case err != nil:
		return time.Time{}, false, t.fail(fmt.Errorf("newest bar of %s: %w", series, err))
	}
	return newest.UTC(), true, nil
}

// Revisions returns the earlier values of the bars of a series that start inside the window, and when each was replaced
// (to the microsecond); ordered by start, then by age, oldest first. A bar that changed twice is there twice.
func (a *Archive) Revisions(ctx context.Context, series market.Series, w market.Window) (
	bars *market.Candles, replaced []time.Time, err error,
) {
	rows, err := a.pool.Query(ctx, `
		SELECT r.ts, r.open, r.high, r.low, r.close, coalesce(r.volume, -1), r.flags, r.replaced_at
		FROM candle_revisions r
		WHERE r.series_id = (SELECT s.id FROM series s WHERE s.instrument = $1 AND s.timeframe = $2)
		  AND r.ts >= $3 AND r.ts < $4
		ORDER BY r.ts, r.revision`, series.Instrument, string(series.Timeframe), bound(w.From), bound(w.To))
	if err != nil {
		return nil, nil, fmt.Errorf("revisions of %s: %w", series, err)
	}
	bars = market.NewCandles(0)
	var b market.Candle
	var at time.Time
	into := []any{&b.Start, &b.Open, &b.High, &b.Low, &b.Close, &b.Volume, &b.Flags, &at}
	_, err = pgx.ForEachRow(rows, into, func() error {
		bars.Append(b)
		replaced = append(replaced, at.UTC())
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("revisions of %s: %w", series, err)
	}
	return bars, replaced, nil
}

// bound is a bound of a window as the database can hold it: every bar lies in the years 1 to 9999, so a bound beyond them
// may be moved there.
func bound(t time.Time) time.Time {
	switch {
	case t.Unix() < market.FirstTS:
		return time.Unix(market.FirstTS, 0).UTC()
	case t.Unix() > market.LastTS:
		return time.Unix(market.LastTS+1, 0).UTC()
	}
	if t.Nanosecond() > 0 { // rounded up, since the database would cut it to microseconds
		return time.Unix(t.Unix()+1, 0).UTC()
	}
	return t.UTC()
}
