package postgres

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"barkeep/market"
	"barkeep/store/sqlstore"
)

// Lock lets every other writer of the series wait until this transaction ends. It is an advisory lock, since that of a row would
// write WAL.
func (t *session) Lock(ctx context.Context, series market.Series) error {
	_, err := t.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, lockKey(series))
	return err
}

// namesKey is the first half of the keys of LockName: the locks of two halves are others than those of one number, as Lock has
// them.
const namesKey int32 = 0x6261_726b

// LockName lets every other transaction wait that locks the name until this one ends. Two names that share a lock would wait for
// each other, no more.
func (t *session) LockName(ctx context.Context, name string) error {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(name))
	key := int32(hash.Sum32()) //nolint:gosec // any 32 bits will do
	_, err := t.Exec(ctx, `SELECT pg_advisory_xact_lock($1, $2)`, namesKey, key)
	return err
}

// Now is the clock at the beginning of the transaction.
func (t *session) Now() time.Time { return t.now }

// Merge stores rising bars. Bars that are there already are read only: they cost no WAL.
func (t *session) Merge(
	ctx context.Context, w sqlstore.Write, bars *market.Candles,
) (market.Stored, []sqlstore.Span, error) {
	m := &merger{tx: t, id: int32(w.Series.ID), write: w, bars: bars, sql: mergeBars(w.Exact)} //nolint:gosec // an integer column
	err := m.compare(ctx, w.Series)
	if err != nil {
		return market.Stored{}, nil, because(ctx, err)
	}
	var arrived []sqlstore.Span
	if w.Series.Tracked {
		if arrived, err = m.arrived(ctx); err != nil {
			return market.Stored{}, nil, because(ctx, err)
		}
	}
	inserted, err := t.copy(ctx, m.id, bars, m.fresh)
	if err != nil {
		return market.Stored{}, nil, because(ctx, err)
	}
	return m.stored(inserted), arrived, nil
}

// lockKey is the number of a series' advisory lock. Two series that share one would wait for each other, no more.
func lockKey(series market.Series) int64 {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "barkeep\x00%s\x00%s", series.Instrument, series.Timeframe)
	return int64(hash.Sum64()) //nolint:gosec // any 64 bits will do
}

// vacant tells whether no bar of the series starts inside the window.
func (t *session) vacant(ctx context.Context, id int32, w market.Window) (bool, error) {
	vacant, one := true, 0
	err := t.Query(ctx, `SELECT 1 FROM candles WHERE series_id = $1 AND ts >= $2 AND ts < $3 ORDER BY ts LIMIT 1`,
		[]any{id, w.From, w.To}, []any{&one}, func() error {
			vacant = false
			return nil
		})
	return vacant, err
}
