package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"barkeep/migrations"
)

// Migrate brings the schema to the newest version and returns the versions before and after. Of several processes that
// start at once one migrates and the others wait for it, a minute at most. A schema newer than this program knows is left
// as it is.
func (a *Archive) Migrate(ctx context.Context) (from, to int64, err error) {
	current, latest, err := a.SchemaVersion(ctx)
	if err != nil || current >= latest {
		return current, current, err
	}
	if err := a.up(ctx); err != nil {
		return current, current, fmt.Errorf("migrate the PostgreSQL archive from version %d to %d: %w", current, latest, err)
	}
	a.logger.Info("archive migrated", "from", current, "to", latest)
	return current, latest, nil
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
	provider, err := gooseOn(db, goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// SchemaVersion returns the version of the database's schema, 0 for an empty database, and the newest one this program
// knows. It writes nothing.
func (a *Archive) SchemaVersion(ctx context.Context) (current, latest int64, err error) {
	if current, err = a.schemaVersion(ctx); err != nil {
		return 0, 0, fmt.Errorf("schema version of the PostgreSQL archive: %w", err)
	}
	db := stdlib.OpenDBFromPool(a.pool)
	provider, err := gooseOn(db)
	if err := errors.Join(err, db.Close()); err != nil {
		return 0, 0, fmt.Errorf("schema version of the PostgreSQL archive: %w", err)
	}
	for _, source := range provider.ListSources() {
		latest = max(latest, source.Version)
	}
	return current, latest, nil
}

// schemaVersion reads goose's table itself, since goose would create it.
func (a *Archive) schemaVersion(ctx context.Context) (version int64, err error) {
	var migrated bool
	err = a.pool.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, goose.DefaultTablename).Scan(&migrated)
	if err != nil || !migrated {
		return 0, err
	}
	err = a.pool.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM `+goose.DefaultTablename).Scan(&version)
	return version, err
}

func gooseOn(db *sql.DB, options ...goose.ProviderOption) (*goose.Provider, error) {
	options = append(options, goose.WithDisableGlobalRegistry(true))
	return goose.NewProvider(goose.DialectPostgres, db, migrations.Postgres(), options...)
}
