package sqlite

import (
	"context"
	"database/sql"
	"fmt"

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
	from := engine{reader: conn, clock: v.clock, watch: v.files}
	s := &Snapshot{Snapshot: sqlstore.NewSnapshot(from, dialect(nil)), conn: conn, files: v.files}
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
