package sqlite

import (
	"context"
	"fmt"

	"barkeep/market"
)

// Remove takes the bars of these starts (Unix seconds) out of a series and keeps their values as revisions. It counts those that
// were there. After an error the transaction can only be rolled back.
func (t *Tx) Remove(ctx context.Context, series market.Series, starts []int64) (removed int, err error) {
	if err := t.usable(ctx); err != nil {
		return 0, fmt.Errorf("remove bars of %s: %w", series, err)
	}
	if len(starts) == 0 {
		return 0, nil
	}
	row, err := t.OpenSeries(ctx, series)
	if err == nil {
		removed, err = t.remove(ctx, statementsOf(row.ID), starts)
	}
	if err == nil && removed > 0 {
		err = t.CountRemoved(ctx, row, removed)
	}
	if err != nil {
		return 0, t.fail(fmt.Errorf("remove bars of %s: %w", series, err))
	}
	return removed, nil
}

func (t *Tx) remove(ctx context.Context, sql statements, starts []int64) (removed int, err error) {
	for len(starts) > 0 {
		n := min(rowsPerStatement, len(starts))
		args := []any{t.now.UnixMicro()}
		for _, ts := range starts[:n] {
			args = append(args, ts)
		}
		kept, err := t.exec(ctx, sql.keep(n), args...)
		if err != nil {
			return 0, err
		}
		gone, err := t.exec(ctx, sql.remove(n), args[1:]...)
		if err != nil {
			return 0, err
		}
		if err := expect(gone, kept, "removed"); err != nil {
			return 0, err
		}
		removed, starts = removed+gone, starts[n:]
	}
	return removed, nil
}
