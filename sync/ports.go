package syncer

import (
	"context"

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
	// Gaps are the gaps that the filter lets through, by series and start.
	Gaps(ctx context.Context, filter store.GapFilter) ([]market.Gap, error)
	// Writable tells whether a write would succeed now; the error wraps a store.Fault when none will.
	Writable(ctx context.Context) error
	// Begin opens a write transaction.
	Begin(ctx context.Context) (Tx, error)
	// State tells what is stored of one series; false when it has no row.
	State(ctx context.Context, series market.Series) (market.SeriesState, bool, error)
	// Candles reads the bars of a series that start inside the window, in order.
	Candles(ctx context.Context, series market.Series, window market.Window) (*market.Candles, error)
	// Page reads at most limit bars that start inside the window, the last ones with newest, in order.
	Page(ctx context.Context, series market.Series, window market.Window, limit int, newest bool) (*market.Candles, error)
	// RecordCell writes a cell that stored nothing, for a run that has the token. The error is ledger.ErrLost when the run was
	// taken over.
	RecordCell(ctx context.Context, run ledger.Run, cell ledger.Cell) error
}

// Tx is one write transaction of the archive.
type Tx = store.Tx
