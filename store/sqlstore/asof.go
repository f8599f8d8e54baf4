package sqlstore

import (
	"context"
	"fmt"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// FirstArrival is the instant from which on it is known what the archive held of a base series; false when nothing has arrived,
// and when an earlier release has written it since, until Migrate or the next answer.
func (s *Store) FirstArrival(ctx context.Context, series market.Series) (at time.Time, found bool, err error) {
	row, known, err := seriesRow(ctx, s.db, s.d, series)
	if err == nil && known && row.Tracked {
		at, found, err = firstArrival(ctx, s.db, row)
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("first arrival of %s: %w", series, err)
	}
	return at, found, nil
}

func firstArrival(ctx context.Context, q Querier, row SeriesRow) (at time.Time, found bool, err error) {
	var micros int64
	found, err = one(ctx, q, `SELECT at FROM arrivals WHERE series_id = $1 ORDER BY at LIMIT 1`, []any{row.ID}, []any{&micros})
	if !found {
		return time.Time{}, false, err
	}
	return time.UnixMicro(micros).UTC(), true, err
}

// CandlesAsOf are the bars of a base series that start inside the window as they were known at an instant: what was written by
// then, to the microsecond, with the values and on the scale of then. Beside the bars it holds in memory what was revised and
// what arrived of them. The error wraps store.ErrBeforeArrivals when that is not recorded.
func (s *Store) CandlesAsOf(
	ctx context.Context, series market.Series, w market.Window, at time.Time,
) (bars *market.Candles, err error) {
	err = s.db.Still(ctx, func(q Querier) error {
		bars, err = s.candlesAsOf(ctx, q, series, w, at)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("candles of %s as of %s: %w", series, instant(at), err)
	}
	return bars, nil
}

func (s *Store) candlesAsOf(
	ctx context.Context, q Querier, series market.Series, w market.Window, at time.Time,
) (*market.Candles, error) {
	row, _, err := seriesRow(ctx, q, s.d, series)
	if err == nil {
		err = recordedAt(ctx, q, row, at)
	}
	if err != nil {
		return nil, err
	}
	p, err := readPast(ctx, q, row, w, at)
	if err != nil {
		return nil, err
	}
	first, last := bounds(w)
	err = q.Scan(ctx, BarRows, series, first, last, func(b *Bar) error {
		p.stored(b)
		return nil
	})
	p.removedBefore(market.LastTS + 1)
	return p.bars, err
}

// recordedAt tells, as an error, that it is not known what was known at an instant.
func recordedAt(ctx context.Context, q Querier, row SeriesRow, at time.Time) error {
	switch {
	case row.recorded == 0:
		return fmt.Errorf("%w: no arrival of a bar is recorded; those of base series are", store.ErrBeforeArrivals)
	case !row.Tracked:
		return fmt.Errorf("%w: an earlier release has written bars since; barkeep migrate records which there are",
			store.ErrBeforeArrivals)
	}
	first, found, err := firstArrival(ctx, q, row)
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("%w: no bar is recorded", store.ErrBeforeArrivals)
	case at.Before(first):
		return fmt.Errorf("%w: the first recorded arrival is that of %s", store.ErrBeforeArrivals, instant(first))
	}
	return nil
}

// instant is how errors give a time: to the microsecond, by which arrivals are told apart.
func instant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.999999Z") }

// Arrivals tell when the bars that start in the window arrived, as this transaction sees it. There is none of a series that an
// earlier release has written since: of its bars it is not known.
func (t Tx) Arrivals(ctx context.Context, series market.Series, w market.Window) (all []store.Arrival, err error) {
	row, found, err := seriesRow(ctx, t.q, t.d, series)
	if err == nil && found && row.Tracked {
		all, err = arrivals(ctx, t.q, row.ID, w, `at, first_ts`)
	}
	if err != nil {
		return nil, t.q.Fail(fmt.Errorf("arrivals of %s: %w", series, err))
	}
	return all, nil
}

// RevisionsOf are the earlier values of the bars that start inside the window, by start and then by age, the oldest first.
func (s *Store) RevisionsOf(ctx context.Context, series market.Series, w market.Window) ([]store.Revision, error) {
	var all []store.Revision
	first, last := bounds(w)
	err := s.db.Scan(ctx, ReasonRows, series, first, last, func(b *Bar) error {
		all = append(all, b.revision())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("revisions of %s: %w", series, err)
	}
	return all, nil
}

func (b *Bar) revision() store.Revision {
	return store.Revision{
		Old: b.Candle(), Replaced: time.UnixMicro(b.Replaced).UTC(), RunID: b.RunID, Cause: store.Cause(b.Cause),
	}
}
