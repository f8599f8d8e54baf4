package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"barkeep/migrations"
	"barkeep/store"
	"barkeep/store/sqlstore"
)

// Migrate brings the schema to the newest version and returns the versions before and after. Of several processes that
// start at once one migrates and the others wait for it, a minute at most. A schema newer than this program knows is left
// as it is.
func (a *Archive) Migrate(ctx context.Context) (from, to int64, err error) {
	current, latest, err := a.SchemaVersion(ctx)
	if err == nil && current == latest {
		err = a.track(ctx)
	}
	if err != nil || current >= latest {
		return current, current, err
	}
	if err := a.up(ctx); err != nil {
		return current, current, fmt.Errorf("migrate the PostgreSQL archive from version %d to %d: %w", current, latest, err)
	}
	a.logger.Info("archive migrated", "from", current, "to", latest)
	return current, latest, a.track(ctx)
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

// up runs the pending migrations.
func (a *Archive) up(ctx context.Context) (err error) {
	// goose tries every five seconds by default, and whoever lost the race would wait that long for nothing.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(a.pool)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Postgres(), goose.WithSessionLocker(locker),
		goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// SchemaVersion returns the version of the database's schema, 0 for an empty database, and the newest one this program
// knows. It writes nothing.
func (a *Archive) SchemaVersion(ctx context.Context) (current, latest int64, err error) {
	return sqlstore.Versions(ctx, engine{q: a.pool}, `SELECT count(to_regclass($1))`, migrations.Postgres())
}
