package syncer

import (
	"context"
	"time"

	"barkeep/ledger"
	"barkeep/market"
)

// Provider serves closed bars of native series. Its errors are *market.FetchError.
type Provider interface {
	Fetch(ctx context.Context, request market.FetchRequest) (*market.FetchResult, error)
}

// Archive keeps bars and the ledger of runs.
type Archive interface {
	// States tells what the archive holds of every series, in one query.
	States(ctx context.Context) ([]market.SeriesState, error)
	// Begin opens a write transaction.
	Begin(ctx context.Context) (Tx, error)
	// Candles reads the stored bars that start inside the window.
	Candles(ctx context.Context, series market.Series, window market.Window) (*market.Candles, error)
	// StartRun writes a new run and returns its id.
	StartRun(ctx context.Context, run ledger.Run) (int64, error)
	// FinishRun writes a run's state, reason and end.
	FinishRun(ctx context.Context, run ledger.Run) error
	// RecordCellOf writes the evidence of a cell that stored nothing. The error is ledger.ErrLost when the run has a token
	// and was taken over.
	RecordCellOf(ctx context.Context, run ledger.Run, cell ledger.Cell) error
}

// Tx is one write transaction of the archive; nothing of it is visible before Commit, and all of it after.
type Tx interface {
	// Fence fails with ledger.ErrLost unless the run is running and bears the token, and keeps it so until the transaction
	// ends: a process whose run was taken over commits nothing more.
	Fence(ctx context.Context, runID int64, token string) error
	// Upsert writes bars idempotently and counts what it really did.
	Upsert(ctx context.Context, series market.Series, bars *market.Candles) (market.Stored, error)
	// Candles reads bars as this transaction sees them.
	Candles(ctx context.Context, series market.Series, window market.Window) (*market.Candles, error)
	// Newest is the start of the last bar of a series; false when it has none.
	Newest(ctx context.Context, series market.Series) (time.Time, bool, error)
	// RecordCell writes the evidence of a cell together with its bars.
	RecordCell(ctx context.Context, cell ledger.Cell) error
	Commit(ctx context.Context) error
	// Rollback undoes what was not committed; it is safe after Commit.
	Rollback()
}

// Cache keeps the newest bars of each series where scripts find them quickly. Losing it costs speed, never data.
type Cache interface {
	PutNewest(ctx context.Context, series market.Series, bars *market.Candles) error
}

// Leases let one process at a time work on a series. An error means that they cannot be had at all; the archive's own locks keep
// writes correct without them.
type Leases interface {
	// Acquire takes the lease of a name for ttl unless another token has it.
	Acquire(ctx context.Context, name, token string, ttl time.Duration) (won bool, err error)
	// Extend lets a lease that has this token live for another ttl; false when it is gone or another's.
	Extend(ctx context.Context, name, token string, ttl time.Duration) (still bool, err error)
	// Release gives the lease back if it has this token; else it does nothing.
	Release(ctx context.Context, name, token string) error
}
