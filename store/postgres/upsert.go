package postgres

import (
	"context"
	"fmt"
	"hash/fnv"

	"barkeep/market"
)

// Upsert stores bars of one series and says what was inserted, changed and left alone. They may come in any order; of two
// with the same start the last one counts. Columns of unequal length, prices that are no finite number and volumes below
// market.NoVolume are refused with market.ErrInvalidCandle before anything is written. A changed bar, be it by its flags
// alone, keeps its old values as a revision. A volume of 0 or none never replaces a real one (promise P3). Bars that are
// there already are read only: they cost no WAL. It waits for other writers of the series until ctx ends.
func (t *Tx) Upsert(ctx context.Context, series market.Series, bars *market.Candles) (market.Stored, error) {
	if err := t.usable(ctx); err != nil {
		return market.Stored{}, t.fail(fmt.Errorf("store bars of %s: %w", series, err))
	}
	bars, err := series.Storable(bars)
	if err != nil {
		return market.Stored{}, t.fail(fmt.Errorf("store %w", err))
	}
	if bars.Len() == 0 {
		return market.Stored{}, nil
	}
	stored, err := t.store(ctx, series, bars)
	if err != nil {
		return market.Stored{}, t.fail(fmt.Errorf("store bars of %s: %w", series, because(ctx, err)))
	}
	return stored, nil
}

// store writes rising bars and counts them into the row of the series.
func (t *Tx) store(ctx context.Context, series market.Series, bars *market.Candles) (market.Stored, error) {
	// Every other writer of the series waits until this transaction ends. The lock comes by name and before everything else,
	// so that two processes never make a series at once; it is an advisory one, since a row lock would write WAL.
	if _, err := t.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, lockKey(series)); err != nil {
		return market.Stored{}, err
	}
	row, err := t.OpenSeries(ctx, series)
	if err != nil {
		return market.Stored{}, err
	}
	m := &merger{tx: t, id: int32(row.ID), bars: bars} //nolint:gosec // an integer column
	if err := m.compare(ctx, row); err != nil {
		return market.Stored{}, err
	}
	inserted, err := t.copy(ctx, m.id, bars, m.fresh)
	if err != nil {
		return market.Stored{}, err
	}
	stored := m.stored(inserted)
	return stored, t.CountBars(ctx, row, stored)
}

// lockKey is the number of a series' advisory lock. Two series that share one would wait for each other, no more.
func lockKey(series market.Series) int64 {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "barkeep\x00%s\x00%s", series.Instrument, series.Timeframe)
	return int64(hash.Sum64()) //nolint:gosec // any 64 bits will do
}

// vacant tells whether no bar of the series starts inside the window.
func (t *Tx) vacant(ctx context.Context, id int32, w market.Window) (bool, error) {
	vacant, one := true, 0
	err := t.Query(ctx, `SELECT 1 FROM candles WHERE series_id = $1 AND ts >= $2 AND ts < $3 ORDER BY ts LIMIT 1`,
		[]any{id, w.From, w.To}, []any{&one}, func() error {
			vacant = false
			return nil
		})
	return vacant, err
}
