package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"barkeep/store"
	"barkeep/store/sqlstore"
)

// beginSnapshot starts a transaction that sees one state of the database however long it reads. No time-out of the server, the
// role or the URL ends it: reading a large archive takes minutes. Its SELECT fixes the state, and lifts the bound that only
// PostgreSQL 17 and later have. The planner is not left the choice to sort a whole series, which takes the server's disk: bars
// come off the primary key from the first one on. A sort of few rows then looks costly, and the server would compile each such
// statement for a part of a second.
const beginSnapshot = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0;
	SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL enable_sort = off; SET LOCAL jit = off;
	SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout'`

// Snapshot reads one state of an archive as it is stored, and holds one connection until it is closed. The server keeps
// dead rows as long; it locks nobody out. A Snapshot is for one goroutine.
type Snapshot struct {
	sqlstore.Snapshot
	tx pgx.Tx
}

// Snapshot begins to read. The schema must not be 0.
func (a *Archive) Snapshot(ctx context.Context) (store.Snapshot, error) {
	tx, err := a.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: beginSnapshot})
	if err != nil {
		return nil, fmt.Errorf("begin to read: %w", err)
	}
	return &Snapshot{Snapshot: sqlstore.NewSnapshot(engine{q: tx}, dialect(nil)), tx: tx}, nil
}

// Close ends the reading.
func (s *Snapshot) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), rollbackWait)
	defer cancel()
	_ = s.tx.Rollback(ctx) // a rollback that fails closes the connection; there is nothing to lose
}

// Identity tells databases apart: two archives with the same one are the same. It names the running server, so that a
// replica differs from its primary.
func (a *Archive) Identity(ctx context.Context) (identity string, err error) {
	err = a.pool.QueryRow(ctx, `
		SELECT extract(epoch FROM pg_postmaster_start_time())::text || ' ' || d.oid::text || ' ' ||
		       coalesce(to_regclass('candles')::oid::text, '')
		FROM pg_database d
		WHERE d.datname = current_database()`).Scan(&identity)
	if err != nil {
		return "", fmt.Errorf("ask the server who it is: %w", err)
	}
	return identity, nil
}
