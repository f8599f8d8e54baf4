package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"barkeep/store/sqlstore"
)

// querier is what a pool and a transaction have in common.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// engine runs the statements of package sqlstore, each by itself.
type engine struct {
	q       querier
	name    name
	archive *Archive // nil where nothing is written
}

// Exec runs a statement.
func (e engine) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	tag, err := e.q.Exec(ctx, sql, args...)
	return tag.RowsAffected(), e.name.explain(err)
}

// Query runs a statement and reads its rows.
func (e engine) Query(ctx context.Context, sql string, args, into []any, row func() error) error {
	rows, err := e.q.Query(ctx, sql, args...)
	if err != nil {
		return e.name.explain(err)
	}
	_, err = pgx.ForEachRow(rows, into, row)
	return e.name.explain(err)
}

// Exec runs a statement of the transaction.
func (t *session) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if err := t.Usable(ctx); err != nil {
		return 0, t.Fail(err)
	}
	n, err := engine{q: t.tx, name: t.name}.Exec(ctx, sql, args...)
	if err != nil {
		return 0, t.Fail(because(ctx, err))
	}
	return n, nil
}

// Query runs a statement of the transaction and reads its rows.
func (t *session) Query(ctx context.Context, sql string, args, into []any, row func() error) error {
	if err := t.Usable(ctx); err != nil {
		return t.Fail(err)
	}
	if err := (engine{q: t.tx, name: t.name}).Query(ctx, sql, args, into, row); err != nil {
		return t.Fail(because(ctx, err))
	}
	return nil
}

// Direct commits each statement by itself.
func (e engine) Direct(_ context.Context, do func(sqlstore.Querier) error) error { return do(e) }

// Write runs do in a transaction.
func (e engine) Write(ctx context.Context, do func(sqlstore.Querier) error) error {
	return e.archive.write(ctx, func(tx *Tx) error { return do(tx.session) })
}

// Still reads in a transaction, whose state is that of its first statement.
func (e engine) Still(ctx context.Context, do func(sqlstore.Querier) error) error {
	pool, ok := e.q.(*pgxpool.Pool)
	if !ok {
		return do(e) // a transaction
	}
	tx, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return e.name.explain(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // one that fails closes the connection
	return do(engine{q: tx, name: e.name})
}

// dialect is PostgreSQL's.
func dialect(hide func(string) string) sqlstore.Dialect {
	return sqlstore.Dialect{
		Now:       "clock_timestamp()",
		NowMicros: "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
		After: func(p string) string {
			return "clock_timestamp() + CAST(" + p + " AS bigint) * interval '1 microsecond'"
		},
		Time:        func(t time.Time) any { return t },
		ForUpdate:   " FOR UPDATE",
		ForKeyShare: " FOR KEY SHARE",
		Seconds:     func(column string) string { return "CAST(extract(epoch FROM " + column + ") AS bigint)" },
		Start:       func(seconds int64) any { return time.Unix(seconds, 0).UTC() },
		Bytewise:    ` COLLATE "C"`,
		Duplicate: func(err error, index string, _ ...string) bool {
			var e *pgconn.PgError
			return errors.As(err, &e) && e.Code == "23505" && e.ConstraintName == index
		},
		Hide: hide,
		// A server whose transactions are serializable by default refuses a statement that lost to another one.
		Contended: func(err error) bool {
			var e *pgconn.PgError
			return errors.As(err, &e) && e.Code == "40001"
		},
	}
}
