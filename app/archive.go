package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"barkeep/config"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/scheduler"
	"barkeep/store"
	"barkeep/store/postgres"
	"barkeep/store/sqlite"
	syncer "barkeep/sync"
)

// Archive is what the program needs of a store: the engine's side of it, and what is shown to people.
type Archive interface {
	syncer.Archive
	scheduler.RunLedger
	scheduler.SlotBook
	scheduler.NoticeBook
	store.Leases
	store.Budgets
	Ping(ctx context.Context) error
	Migrate(ctx context.Context) (from, to int64, err error)
	SchemaVersion(ctx context.Context) (current, latest int64, err error)
	Runs(ctx context.Context, limit int) ([]ledger.Run, error)
	// Run is one run by its id; false when there is none.
	Run(ctx context.Context, id int64) (ledger.Run, bool, error)
	Cells(ctx context.Context, runID int64) ([]ledger.Cell, error)
	// Revisions are the earlier values of changed bars, and when each was replaced.
	Revisions(ctx context.Context, series market.Series, window market.Window) (*market.Candles, []time.Time, error)
}

// The stores return their own transaction types, so that they need not know the engine; these give them the engine's.
type (
	postgresArchive struct{ *postgres.Archive }
	sqliteArchive   struct{ *sqlite.Archive }
)

// Begin opens a write transaction.
func (a postgresArchive) Begin(ctx context.Context) (syncer.Tx, error) {
	return asTx(a.Archive.Begin(ctx))
}

// Begin opens a write transaction.
func (a sqliteArchive) Begin(ctx context.Context) (syncer.Tx, error) {
	return asTx(a.Archive.Begin(ctx))
}

// asTx keeps a failed Begin from becoming a non-nil interface around a nil transaction.
func asTx[T syncer.Tx](tx T, err error) (syncer.Tx, error) {
	if err != nil {
		return nil, err
	}
	return tx, nil
}

// OpenArchive opens the archive that the configuration names, without migrating it. An embedded archive that cannot be
// opened is a matter of configuration (ErrConfiguration); a server that does not answer is not. The caller calls close.
func OpenArchive(ctx context.Context, c config.Config, now func() time.Time, log *slog.Logger) (Archive, func(), error) {
	engine, target := c.Database()
	if engine == "sqlite" {
		file, err := sqlite.Open(ctx, sqlite.Config{Path: target, Now: now, Clock: Clock(time.Time{}), Logger: log})
		if err != nil {
			return nil, nil, errors.Join(ErrConfiguration, fmt.Errorf("DATABASE_URL or DATA_DIR: %w", err))
		}
		return sqliteArchive{file}, file.Close, nil
	}
	server, err := postgres.Open(ctx, postgres.Config{URL: target, Now: now, Logger: log})
	if err != nil {
		return nil, nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	return postgresArchive{server}, server.Close, nil
}
