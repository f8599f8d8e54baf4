package sqlite

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"barkeep/market"
	"barkeep/store/sqlstore"
)

// barRows and revisionRows read the rows of the series ?1, ?2 that start between ?3 and ?4, both included.
const (
	barRows = `
		SELECT c.ts, c.open, c.high, c.low, c.close, c.volume, c.flags
		FROM candles c` + ofSeries + ` ORDER BY c.ts`
	revisionRows = `
		SELECT c.ts, c.open, c.high, c.low, c.close, c.volume, c.flags, c.revision, c.replaced_at
		FROM candle_revisions c` + ofSeries + ` ORDER BY c.ts, c.revision`
	ofSeries = `
		WHERE c.series_id = (SELECT s.id FROM series s WHERE s.instrument = ? AND s.timeframe = ?)
		  AND c.ts >= ? AND c.ts <= ?`
)

// Candles returns the bars of a series that start inside the window, in order; none for a series that is unknown.
func (a *Archive) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	return candles(ctx, a.file, a.reader, barRows, series, w)
}

// Page returns at most limit bars of a series that start inside the window, in order: the first, or with newest the last.
func (a *Archive) Page(
	ctx context.Context, series market.Series, w market.Window, limit int, newest bool,
) (*market.Candles, error) {
	query := barRows
	if newest {
		query += ` DESC`
	}
	bars, err := candles(ctx, a.file, a.reader, query+` LIMIT `+strconv.Itoa(max(0, limit)), series, w)
	if err == nil && newest {
		sqlstore.Reverse(bars)
	}
	return bars, err
}

// Candles returns the bars of a series that start inside the window, as this transaction sees them.
func (t *Tx) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	if err := t.usable(ctx); err != nil {
		return nil, fmt.Errorf("candles of %s: %w", series, err)
	}
	bars, err := candles(ctx, nil, t.conn, barRows, series, w)
	if err != nil {
		return nil, t.fail(err)
	}
	return bars, nil
}

func candles(
	ctx context.Context, files watch, q querier, query string, series market.Series, w market.Window,
) (*market.Candles, error) {
	bars := market.NewCandles(0)
	first, last := sqlstore.Bounds(w)
	err := watched(files, func() error {
		return scan(ctx, q, query, series, first, last, func(b *sqlstore.Bar) error {
			b.AppendTo(bars)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("candles of %s: %w", series, err)
	}
	return bars, nil
}

// Revisions returns the earlier values of the bars of a series that start inside the window, and when each was replaced
// (to the microsecond); ordered by start, then by age, oldest first. A bar that changed twice is there twice.
func (a *Archive) Revisions(ctx context.Context, series market.Series, w market.Window) (
	bars *market.Candles, replaced []time.Time, err error,
) {
	bars = market.NewCandles(0)
	first, last := sqlstore.Bounds(w)
	err = watched(a.file, func() error {
		return scan(ctx, a.reader, revisionRows, series, first, last, func(b *sqlstore.Bar) error {
			b.AppendTo(bars)
			replaced = append(replaced, time.UnixMicro(b.Replaced).UTC())
			return nil
		})
	})
	if err != nil {
		return nil, nil, fmt.Errorf("revisions of %s: %w", series, err)
	}
	return bars, replaced, nil
}
