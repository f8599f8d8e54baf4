package sqlite

import (
	"context"

	"barkeep/store/sqlstore"
)

// Withdraw takes bars out of a series and keeps their values as revisions. It counts those that were there.
func (t *session) Withdraw(ctx context.Context, w sqlstore.Write, starts []int64) (removed int, err error) {
	sql := statementsOf(w.Series.ID)
	for len(starts) > 0 {
		n := min(rowsPerStatement, len(starts))
		args := []any{w.Series.At, w.Run(), int(w.Cause)}
		for _, ts := range starts[:n] {
			args = append(args, ts)
		}
		kept, err := t.exec(ctx, sql.keep(n), args...)
		if err != nil {
			return 0, err
		}
		gone, err := t.exec(ctx, sql.remove(n), args[3:]...)
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
