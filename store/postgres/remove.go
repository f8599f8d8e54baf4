package postgres

import (
	"context"
	"fmt"
	"time"

	"barkeep/market"
)

// Remove takes the bars of these starts (Unix seconds) out of a series and keeps their values as revisions. It counts those that
// were there. It waits for other writers of the series until ctx ends. After an error the transaction can only be rolled back.
func (t *Tx) Remove(ctx context.Context, series market.Series, starts []int64) (removed int, err error) {
	if err := t.usable(ctx); err != nil {
		return 0, t.fail(fmt.Errorf("remove bars of %s: %w", series, err))
	}
	if len(starts) == 0 {
		return 0, nil
	}
	if removed, err = t.remove(ctx, series, starts); err != nil {
		return 0, t.fail(fmt.Errorf("remove bars of %s: %w", series, because(ctx, err)))
	}
	return removed, nil
}

func (t *Tx) remove(ctx context.Context, series market.Series, starts []int64) (int, error) {
	if _, err := t.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, lockKey(series)); err != nil {
		return 0, err
	}
	row, err := t.OpenSeries(ctx, series)
	if err != nil {
		return 0, err
	}
	times := make([]time.Time, len(starts))
	for i, ts := range starts {
		times[i] = time.Unix(ts, 0).UTC()
	}
	kept, err := t.Exec(ctx, `
		INSERT INTO candle_revisions (series_id, ts, revision, replaced_at, open, high, low, close, volume, flags)
		SELECT c.series_id, c.ts,
		       1 + coalesce((SELECT max(r.revision) FROM candle_revisions r WHERE r.series_id = $1 AND r.ts = c.ts), 0),
		       $3, c.open, c.high, c.low, c.close, c.volume, c.flags
		FROM candles c
		WHERE c.series_id = $1 AND c.ts = ANY ($2::timestamptz[])`, row.ID, times, t.now)
	if err != nil {
		return 0, err
	}
	removed, err := t.Exec(ctx, `DELETE FROM candles WHERE series_id = $1 AND ts = ANY ($2::timestamptz[])`, row.ID, times)
	switch {
	case err != nil:
		return 0, err
	case removed != kept:
		return 0, fmt.Errorf("%d bars were removed where %d should have been", removed, kept)
	case removed == 0:
		return 0, nil
	}
	return int(removed), t.CountRemoved(ctx, row, int(removed))
}
