package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"barkeep/store/sqlstore"
)

// querier is what a pool and a single connection have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// engine runs the statements of package sqlstore: reads on the readers' connections, writes in transactions.
type engine struct {
	reader querier
	clock  func() time.Time // nil where no statement asks for the time
	watch  watch            // nil where nothing is watched
	write  func(context.Context, func(*Tx) error) error
}

// watch looks at the files before and after they are read, and explains what the engine says of them.
type watch interface {
	check() error
	explain(error) error
}

// watched reads while the files are what they have to be: what came from others is not passed on.
func watched(w watch, read func() error) error {
	if w == nil {
		return read()
	}
	if err := w.check(); err != nil {
		return err
	}
	if err := read(); err != nil {
		return w.explain(err)
	}
	return w.check()
}

// Exec runs a statement in a transaction of its own.
func (e engine) Exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = e.Write(ctx, func(q sqlstore.Querier) error {
		n, err = q.Exec(ctx, query, args...)
		return err
	})
	return n, err
}

// Query reads.
func (e engine) Query(ctx context.Context, query string, args, into []any, row func() error) error {
	if e.clock != nil {
		args = timed(e.clock, query, args)
	}
	return watched(e.watch, func() error { return rows(ctx, e.reader, query, args, into, row) })
}

// Direct is Write: the file has one writer.
func (e engine) Direct(ctx context.Context, do func(sqlstore.Querier) error) error {
	return e.Write(ctx, do)
}

// Write runs do in a transaction.
func (e engine) Write(ctx context.Context, do func(sqlstore.Querier) error) error {
	return e.write(ctx, func(tx *Tx) error { return do(tx.session) })
}

// Still reads in a transaction, whose state is that of its first statement.
func (e engine) Still(ctx context.Context, do func(sqlstore.Querier) error) (err error) {
	pool, ok := e.reader.(*kept)
	if !ok {
		return do(e) // a connection that is in a transaction
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, `BEGIN`); err != nil {
		return err
	}
	e.reader = conn
	err = do(e)
	_, ended := conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
	return errors.Join(err, ended)
}

// Exec runs a statement of the transaction.
func (t *session) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	n, err := t.exec(ctx, query, timed(t.clock, query, args)...)
	return int64(n), err
}

// Query runs a statement of the transaction and reads its rows. It looks at ctx before and not while it runs, as exec does.
func (t *session) Query(ctx context.Context, query string, args, into []any, row func() error) error {
	if err := t.Usable(ctx); err != nil {
		return err
	}
	if err := rows(context.WithoutCancel(ctx), t.conn, query, timed(t.clock, query, args), into, row); err != nil {
		return t.Fail(err)
	}
	return nil
}

// rows runs a query and reads its rows.
func rows(ctx context.Context, q querier, query string, args, into []any, row func() error) (err error) {
	found, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		if err := found.Scan(into...); err != nil {
			return err
		}
		if err := row(); err != nil {
			return err
		}
	}
	return found.Err()
}

// timed adds the time to the arguments of a statement that asks for it. SQLite has no clock of its own: a lease ends by the
// clock of the machine, which all processes share that share the file.
func timed(clock func() time.Time, query string, args []any) []any {
	if !strings.Contains(query, ":now") {
		return args
	}
	return append(args[:len(args):len(args)], sql.Named("now", clock().UnixMicro()))
}

// dialect is SQLite's. The columns that leases and turns end in hold milliseconds; they are rounded up, and the clock down.
func dialect(hide func(string) string) sqlstore.Dialect {
	return sqlstore.Dialect{
		Now:       "(:now / 1000)",
		NowMicros: ":now",
		After:     func(parameter string) string { return "((:now + " + parameter + " + 999) / 1000)" },
		Time:      func(t time.Time) any { return t.UnixMicro() },
		Seconds:   func(column string) string { return column },
		Start:     func(seconds int64) any { return seconds },
		Duplicate: func(err error, _ string, columns ...string) bool {
			return err != nil && strings.Contains(err.Error(), "UNIQUE constraint failed: "+strings.Join(columns, ", "))
		},
		Hide:      hide,
		Contended: func(error) bool { return false },
	}
}
