package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"barkeep/config"
	"barkeep/doctor"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
	"barkeep/store/postgres"
	"barkeep/store/sqlite"
)

// Archive is what the program needs of a database.
type Archive = store.Archive

// OpenArchive opens the archive that the configuration names, without migrating it. What its ledger keeps shows no secret of the
// configuration. An embedded archive that cannot be opened is a matter of configuration (config.ErrUnusable); a server that does
// not answer is not. The caller calls close.
func OpenArchive(ctx context.Context, c config.Config, now func() time.Time, log *slog.Logger) (Archive, func(), error) {
	engine, target := c.Database()
	hide := config.NewRedactor(c).Text
	if engine == "sqlite" {
		file, err := sqlite.Open(ctx, sqlite.Config{Path: target, Now: now, Clock: machineClock, Hide: hide, Logger: log})
		if err != nil {
			return nil, nil, config.Unusable(fmt.Errorf("DATABASE_URL or DATA_DIR: %w", err))
		}
		return file, file.Close, nil
	}
	server, err := postgres.Open(ctx, postgres.Config{URL: target, Now: now, Hide: hide, Logger: log})
	if err != nil {
		return nil, nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	return server, server.Close, nil
}

// ReadOnly is an archive as commands see it that write nothing.
type ReadOnly interface {
	query.Archive
	doctor.Schema
	store.Clock
	query.Bars
	query.Truth
	query.Past
	store.Stills
	store.CalendarFacts
	Findings(ctx context.Context) ([]store.Finding, error)
	DatasetList(ctx context.Context) ([]store.Dataset, error)
	ProofList(ctx context.Context, filter store.ProofFilter) ([]market.Proof, error)
}

// Calendars are what the archive of a configuration tells of calendars; nothing where there is none yet, or an earlier release's.
func Calendars(ctx context.Context, c config.Config, o Options) (market.Calendars, error) {
	archive, closeArchive, err := OpenExisting(ctx, c, o)
	if errors.Is(err, fs.ErrNotExist) {
		return market.Calendars{}, nil
	}
	if err != nil {
		return market.Calendars{}, err
	}
	defer closeArchive()
	if current, latest, err := archive.SchemaVersion(ctx); err != nil || current < latest {
		return market.Calendars{}, err
	}
	return CalendarsOf(ctx, archive, o)
}

// CalendarsOf are what an open archive tells of calendars.
func CalendarsOf(ctx context.Context, archive store.CalendarFacts, o Options) (market.Calendars, error) {
	settled, wrong, err := store.SettledCalendars(ctx, archive)
	if wrong != nil {
		o.Logger.WarnContext(ctx, "going on without changes of a calendar", "error", wrong)
	}
	return settled, err
}

// OpenExisting opens an archive for commands that read: it makes nothing, and needs no right to write. The error wraps
// fs.ErrNotExist, and is a matter of configuration, when an embedded archive is not there yet.
func OpenExisting(ctx context.Context, c config.Config, o Options) (ReadOnly, func(), error) {
	engine, path := c.Database()
	if engine != "sqlite" {
		return OpenArchive(ctx, c, o.Now, o.Logger)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, config.Unusable(store.AbsentError{Archive: c.DatabaseName()})
	}
	view, err := sqlite.OpenView(ctx, path, machineClock, config.NewRedactor(c).Text)
	if err != nil {
		return nil, nil, config.Unusable(fmt.Errorf("DATABASE_URL or DATA_DIR: %w", err))
	}
	return view, func() {
		if err := view.Close(); err != nil {
			o.Logger.Warn("closing the archive failed", "archive", c.DatabaseName(), "error", err)
		}
	}, nil
}
