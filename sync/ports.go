package syncer

import (
	"context"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
)

// Provider serves closed bars of native series. Its errors are *market.FetchError.
type Provider interface {
	Fetch(ctx context.Context, request market.FetchRequest) (*market.FetchResult, error)
}

// Archive keeps bars and the evidence of runs.
type Archive interface {
	// States tells what the archive holds of every series, in one query.
	States(ctx context.Context) ([]market.SeriesState, error)
	store.CalendarFacts
	// Writable tells whether a write would succeed now; the error wraps a store.Fault when none will.
	Writable(ctx context.Context) error
	// Begin opens a write transaction.
	Begin(ctx context.Context) (Tx, error)
	// State tells what is stored of one series; false when it has no row.
	State(ctx context.Context, series market.Series) (market.SeriesState, bool, error)
	// Page reads at most limit bars that start inside the window, the last ones with newest, in order.
	Page(ctx context.Context, series market.Series, window market.Window, limit int, newest bool) (*market.Candles, error)
	// RecordCell writes a cell that stored nothing, for a run that has the token. The error is ledger.ErrLost when the run was
	// taken over.
	RecordCell(ctx context.Context, run ledger.Run, cell ledger.Cell) error
}

// Tx is one write transaction of the archive.
type Tx = store.Tx

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
