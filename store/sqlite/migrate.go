package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"

	"barkeep/migrations"
	"barkeep/store"
	"barkeep/store/sqlstore"
)

// Migrate brings the schema to the newest version and returns the versions before and after. All pending migrations run
// in one transaction that holds the write lock: of several processes that start at once one migrates, the others wait and
// find nothing to do, and one that dies leaves the old schema. A schema newer than this program knows is left as it is.
func (a *Archive) Migrate(ctx context.Context) (from, to int64, err error) {
	current, latest, err := a.SchemaVersion(ctx)
	if err == nil && current == latest {
		err = a.track(ctx)
	}
	if err != nil || current >= latest {
		return current, current, err
	}
	err = a.write(ctx, func(tx *Tx) error {
		if from, _, err = versions(ctx, tx.conn, a.path); err != nil {
			return tx.Fail(err)
		}
		if err := tx.conn.Raw(func(c any) error { return up(ctx, c) }); err != nil {
			return tx.Fail(err)
		}
		to, _, err = versions(ctx, tx.conn, a.path)
		return err
	})
	if err != nil {
		return current, current, fmt.Errorf("migrate %s: %w", a.path, err)
	}
	a.logger.InfoContext(ctx, "archive migrated", "path", a.path, "from", from, "to", to)
	return from, to, a.track(ctx)
}

// track records which bars are there that an earlier release wrote. Where nothing can be written, on a replica say, reading goes on:
// what was known then is refused for these series until it was.
func (a *Archive) track(ctx context.Context) error {
	err := a.Track(ctx, func(ctx context.Context, do func(sqlstore.Tx) error) error {
		return a.write(ctx, func(tx *Tx) error { return do(tx.Tx) })
	})
	if store.Lasting(err) {
		a.logger.WarnContext(ctx, "recording the bars of an earlier release failed", "error", err)
		return nil
	}
	return err
}

// SchemaVersion returns the version of the file's schema, 0 for an empty file, and the newest one this program knows. It
// writes nothing.
func (a *Archive) SchemaVersion(ctx context.Context) (current, latest int64, err error) {
	err = watched(a.file, func() error {
		current, latest, err = versions(ctx, a.reader, a.path)
		return err
	})
	return current, latest, err
}

func versions(ctx context.Context, reader querier, path string) (current, latest int64, err error) {
	current, latest, err = sqlstore.Versions(ctx, engine{reader: reader},
		`SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1`, migrations.SQLite())
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", path, err)
	}
	return current, latest, nil
}

// up runs the pending migrations on a connection that is in a transaction already.
func up(ctx context.Context, c any) error {
	conn, ok := c.(driver.Conn)
	if !ok {
		return fmt.Errorf("%T is no driver.Conn", c)
	}
	db := sql.OpenDB(nested{conn})
	db.SetMaxOpenConns(1)
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.SQLite(), goose.WithDisableGlobalRegistry(true))
	if err == nil {
		_, err = provider.Up(ctx)
	}
	return errors.Join(err, db.Close())
}

// nested is a database of one borrowed connection, whose transactions are savepoints of the one that is open on it:
// goose begins a transaction for each migration, and SQLite knows no transaction within another.
type nested struct{ driver.Conn }

// Connect lends the connection.
func (n nested) Connect(context.Context) (driver.Conn, error) { return n, nil }

// Driver is asked for by nobody who uses the pool.
func (n nested) Driver() driver.Driver { return nil }

// Close leaves the connection to its owner.
func (n nested) Close() error { return nil }

// BeginTx starts a savepoint.
func (n nested) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	return n, n.run(ctx, `SAVEPOINT migration`)
}

// Commit ends the savepoint and keeps its work.
func (n nested) Commit() error { return n.run(context.Background(), `RELEASE migration`) }

// Rollback ends the savepoint and drops its work.
func (n nested) Rollback() error {
	return n.run(context.Background(), `ROLLBACK TO migration; RELEASE migration`)
}

func (n nested) run(ctx context.Context, query string) error {
	conn, ok := n.Conn.(driver.ExecerContext)
	if !ok {
		return fmt.Errorf("%T is no driver.ExecerContext", n.Conn)
	}
	_, err := conn.ExecContext(ctx, query, nil)
	return err
}
