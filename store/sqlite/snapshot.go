package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"barkeep/market"
	"barkeep/store"
	"barkeep/store/sqlstore"
)

// Snapshot reads one state of an archive as it is stored, and holds one connection until it is closed. Others write on
// meanwhile, and the write-ahead log grows as long. A Snapshot is for one goroutine.
type Snapshot struct {
	sqlstore.Snapshot
	conn  *sql.Conn
	files watch
}

// Snapshot begins to read. The schema must not be 0.
func (v *View) Snapshot(ctx context.Context) (store.Snapshot, error) {
	conn, err := v.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin to read %s: %w", v.path, err)
	}
	s := &Snapshot{Snapshot: sqlstore.NewSnapshot(engine{reader: conn, watch: v.files}), conn: conn, files: v.files}
	// The state is fixed by the first thing that a transaction reads.
	var objects int
	_, err = conn.ExecContext(ctx, `BEGIN`)
	if err == nil {
		err = conn.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&objects)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("begin to read %s: %w", v.path, err)
	}
	return s, nil
}

// Close ends the reading.
func (s *Snapshot) Close() {
	// Outside of a transaction the first one fails; nothing was written that could be lost.
	_, _ = s.conn.ExecContext(context.Background(), `ROLLBACK`)
	_ = s.conn.Close()
}

// ScanBars visits the bars of a series that start between first and last, both included and in Unix microseconds, in order.
// It ends with the first error of visit; the bar belongs to visit until it returns. Memory does not grow with the bars.
func (s *Snapshot) ScanBars(
	ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error,
) error {
	return s.scan(ctx, "bars", barRows, series, first, last, visit)
}

// ScanRevisions is ScanBars for the earlier values of changed bars, ordered by start and then by age, oldest first.
func (s *Snapshot) ScanRevisions(
	ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error,
) error {
	return s.scan(ctx, "revisions", revisionRows, series, first, last, visit)
}

func (s *Snapshot) scan(
	ctx context.Context, what, query string, series market.Series, first, last int64, visit func(*market.StoredBar) error,
) error {
	err := watched(s.files, func() error {
		return scan(ctx, s.conn, query, series, first, last, func(b *sqlstore.Bar) error { return visit(&b.StoredBar) })
	})
	if err != nil {
		return fmt.Errorf("read the %s of %s: %w", what, series, err)
	}
	return nil
}
