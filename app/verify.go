package app

import (
	"context"
	"fmt"

	"barkeep/config"
	"barkeep/store/postgres"
	"barkeep/store/sqlite"
	"barkeep/verify"
	"barkeep/yahoo"
)

// Verify digests the archive that the configuration names and compares it with another one, as v says; it fills in how
// archives are opened, the clock, and what is derived from what. It writes nothing.
func Verify(ctx context.Context, c config.Config, o Options, v verify.Options) (verify.Report, error) {
	v.Now, v.Capabilities, v.Resolve = o.Now, yahoo.Capabilities(), yahoo.Resolve
	v.Archive = func(ctx context.Context) (*verify.Archive, error) { return openForReading(ctx, c, o) }
	v.Open = func(ctx context.Context, url string) (*verify.Archive, error) {
		if err := config.CheckDatabaseURL(url); err != nil {
			return nil, config.Unusable(err)
		}
		there := config.Config{DatabaseURL: url}
		archive, err := openForReading(ctx, there, o)
		return archive, config.NewRedactor(there).Error(err)
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
			return sqlite.OpenView(ctx, path, machineClock, nil)
		},
	})
}

// openForReading opens the archive that the configuration names, without making or migrating it. An embedded archive that is
// not there is a matter of configuration.
func openForReading(ctx context.Context, c config.Config, o Options) (*verify.Archive, error) {
	engine, target := c.Database()
	if engine == "sqlite" {
		view, err := sqlite.OpenView(ctx, target, machineClock, nil)
		if err != nil {
			return nil, config.Unusable(err)
		}
		return &verify.Archive{Source: view, Name: c.DatabaseName(), File: target, Close: view.Close}, nil
	}
	server, err := postgres.Open(ctx, postgres.Config{URL: target, Now: o.Now, Logger: o.Logger, MaxConns: 1})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.DatabaseName(), err)
	}
	return &verify.Archive{
		Source: server, Name: c.DatabaseName(), Close: func() error { server.Close(); return nil },
	}, nil
}
