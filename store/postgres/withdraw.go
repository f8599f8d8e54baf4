package postgres

import (
	"context"
	"fmt"
	"time"

	"barkeep/store/sqlstore"
)

// Withdraw takes bars out of a series and keeps their values as revisions. It counts those that were there.
func (t *session) Withdraw(ctx context.Context, w sqlstore.Write, starts []int64) (removed int, err error) {
	times := make([]time.Time, len(starts))
	for i, ts := range starts {
		times[i] = time.Unix(ts, 0).UTC()
	}
	kept, err := t.Exec(ctx, `
		INSERT INTO candle_revisions (series_id, ts, revision, replaced_at, run_id, cause, open, high, low, close, volume, flags)
		SELECT c.series_id, c.ts,
		       1 + coalesce((SELECT max(r.revision) FROM candle_revisions r WHERE r.series_id = $1 AND r.ts = c.ts), 0),
		       $3, $4, $5, c.open, c.high, c.low, c.close, c.volume, c.flags
		FROM candles c
		WHERE c.series_id = $1 AND c.ts = ANY ($2::timestamptz[])`, w.Series.ID, times,
		time.UnixMicro(w.Series.At), w.Run(), int(w.Cause))
	if err != nil {
		return 0, because(ctx, err)
	}
	gone, err := t.Exec(ctx, `DELETE FROM candles WHERE series_id = $1 AND ts = ANY ($2::timestamptz[])`, w.Series.ID, times)
	if err != nil {
		return 0, because(ctx, err)
	}
	if gone != kept {
		return 0, fmt.Errorf("%d bars were removed where %d should have been", gone, kept)
	}
	return int(gone), nil
}
