package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/config"
	"barkeep/store/postgres"
	"barkeep/store/sqlite"
	"barkeep/verify"
)

// openBound is how long a server may take to answer whoever wants to verify its archive.
const openBound = 15 * time.Second

// Verify digests the archive that the configuration names and compares it with another one, as v says; it fills in how
// archives are opened, and the clock. It writes nothing.
func Verify(ctx context.Context, c config.Config, o Options, v verify.Options) (verify.Report, error) {
	v.Now = o.Now
	v.Archive = func(ctx context.Context) (*verify.Archive, error) {
		a, err := openForReading(ctx, c, o)
		if err != nil {
			return nil, fmt.Errorf("DATABASE_URL or DATA_DIR: %w", err)
		}
		return a, nil
	}
	v.Open = func(ctx context.Context, url string) (*verify.Archive, error) {
		return openForReading(ctx, config.Config{DatabaseURL: url}, o)
	}
	return verify.Run(ctx, v)
}

// Backup copies the embedded archive that the configuration names into a new file, and checks the copy. An archive in
// PostgreSQL is refused with the command that backs it up.
func Backup(ctx context.Context, c config.Config, file string, progress func(verify.Progress)) (verify.Copy, error) {
	engine, target := c.Database()
	if engine != "sqlite" {
		return verify.Copy{}, config.Unusable(
			fmt.Errorf("the archive is in PostgreSQL, which has its own means: %s", verify.DumpCommand(target, file)))
	}
	return verify.Backup(ctx, verify.BackupOptions{
		Name: c.DatabaseName(), Path: target, File: file, Progress: progress,
		Open: func(ctx context.Context, path string) (verify.File, error) {
			view, err := sqlite.OpenView(ctx, path)
			if err != nil {
				return nil, err
			}
			return sqliteFile{view}, nil
		},
	})
}

// sqliteFile gives verify the snapshots of a file as the interface that it knows.
type sqliteFile struct{ *sqlite.View }

// Snapshot fixes the state that is read.
func (f sqliteFile) Snapshot(ctx context.Context) (verify.Snapshot, error) {
	s, err := f.View.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// CopyTo writes a consistent copy into an empty file.
func (f sqliteFile) CopyTo(ctx context.Context, path string) (verify.Snapshot, bool, error) {
	s, moved, err := f.View.CopyTo(ctx, path)
	if err != nil {
		return nil, false, err
	}
	return s, moved, nil
}

// openForReading opens the archive that the configuration names, without making or migrating it, and fixes the state that is
// read. An archive that is not there is a matter of configuration.
func openForReading(ctx context.Context, c config.Config, o Options) (*verify.Archive, error) {
	var opened closers
	a := &verify.Archive{Name: c.DatabaseName(), Close: func() error { return opened.closeAll(stopBound) }}
	engine, target := c.Database()
	open := openPostgresForReading
	if engine == "sqlite" {
		open = openSQLiteForReading
	}
	if err := open(ctx, a, &opened, target, o); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func openSQLiteForReading(ctx context.Context, a *verify.Archive, opened *closers, path string, _ Options) error {
	view, err := sqlite.OpenView(ctx, path)
	if err != nil {
		return config.Unusable(err)
	}
	opened.add(a.Name, view.Close)
	if a.Current, a.Latest, err = view.SchemaVersion(ctx); err != nil {
		return fmt.Errorf("%s: %w", a.Name, err)
	}
	snapshot, err := view.Snapshot(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", a.Name, err)
	}
	opened.add("the snapshot of "+a.Name, func() error { snapshot.Close(); return nil })
	a.File, a.Snapshot = path, snapshot
	return nil
}

func openPostgresForReading(ctx context.Context, a *verify.Archive, opened *closers, target string, o Options) error {
	soon, cancel := context.WithTimeoutCause(ctx, openBound, fmt.Errorf("no answer within %s", openBound))
	defer cancel()
	store, err := postgres.Open(soon, postgres.Config{URL: target, Now: o.Now, Logger: o.Logger, MaxConns: 1})
	if err != nil {
		return fmt.Errorf("%s: %w", a.Name, err)
	}
	opened.add(a.Name, func() error { store.Close(); return nil })
	// All questions come before the snapshot, which takes the one connection.
	if a.Current, a.Latest, err = store.SchemaVersion(soon); err != nil {
		return fmt.Errorf("%s: %w", a.Name, err)
	}
	if a.Identity, err = store.Identity(soon); err != nil {
		return fmt.Errorf("%s: %w", a.Name, err)
	}
	snapshot, err := store.Snapshot(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", a.Name, err)
	}
	opened.add("the snapshot of "+a.Name, func() error { snapshot.Close(); return nil })
	a.Snapshot = snapshot
	return nil
}
