package server

import (
	"context"
	"errors"
	"time"

	"barkeep/ledger"
	"barkeep/market"
)

// The errors by which the ports tell what a client may know. Any other error is shown as an internal one, without its text.
var (
	// ErrNotFound tells that what was asked for is not there.
	ErrNotFound = errors.New("not found")
	// ErrHeld tells that a run cannot start now, because another works on the same series.
	ErrHeld = errors.New("held by another run")
	// ErrUnavailable tells that a part cannot be reached, or that the process is stopping; asking later may help.
	ErrUnavailable = errors.New("unavailable")
)

// Public is an error whose text may be shown to any client, such as "schema 3 of 4: run barkeep migrate". It must hold no
// secret and no internals.
type Public string

// Error is the text for the client.
func (p Public) Error() string { return string(p) }

// Check is one thing that Barkeep depends on.
type Check struct {
	Name   string // "database", "redis", "provider"; a lower-case word, distinct
	Needed bool   // without it the process cannot do its work: /readyz answers 503
	// Probe asks whether it answers. It is called at most once at a time and obeys its context; a probe that does not is
	// left hanging and shown as unanswered. An error that is a Public is shown, any other is only logged.
	Probe func(ctx context.Context) error
}

// Runs is the ledger, and the way to start what it records.
type Runs interface {
	// Runs are the newest runs of all jobs, newest first, at most limit of them.
	Runs(ctx context.Context, limit int) ([]ledger.Run, error)
	// Run is one run with its cells; the error wraps ErrNotFound when there is none.
	Run(ctx context.Context, id int64) (ledger.Run, []ledger.Cell, error)
	// Slot is what the ledger holds of a slot; the zero SlotRecord when nothing was run for it.
	Slot(ctx context.Context, slot ledger.Slot) (SlotRecord, error)
	// Start begins a run, or finds the one that the slot has, and returns at once; the run goes on when ctx has ended.
	// Errors that clients may see are ErrHeld and ErrUnavailable.
	Start(ctx context.Context, order Order) (Started, error)
}

// Archive is what is read of the stored bars. Both archives have these methods.
type Archive interface {
	// States tells what the archive holds of every series, in one query.
	States(ctx context.Context) ([]market.SeriesState, error)
	// Candles reads the stored bars that start inside the window, in order.
	Candles(ctx context.Context, series market.Series, window market.Window) (*market.Candles, error)
}

// Provider tells how this process stands with the provider. It sends no request to it.
type Provider interface {
	Provider(ctx context.Context) (ProviderState, error)
}

// ProviderState is how this process stands with the provider.
type ProviderState struct {
	Breaker     string        // "closed", "open" or "half-open"
	Since       time.Time     // when Breaker became so
	RetryAfter  time.Duration // how long requests are held back; 0 when they are not
	LastSuccess time.Time     // the newest answer that was no fault; zero when there was none
	PerMinute   float64       // requests a minute, of all processes together
	Daily       int           // requests a UTC day; 0 for no bound
	Left        int           // of Daily; -1 when there is no bound or it cannot be known now
}

// SlotRecord is what the ledger holds of a slot.
type SlotRecord struct {
	// Run is the run that speaks for the slot: the one that is done, else the newest attempt; its ID is 0 when there is none.
	Run ledger.Run
	// Cells are the newest cell of each series over all attempts (ledger.Merge).
	Cells []ledger.Cell
}

// Order asks for one run: of a slot, or ad hoc over series when Slot.Date is empty. Everything in it was checked.
type Order struct {
	Slot  ledger.Slot
	Force bool // with a slot: run it although it is done

	Maintenance bool                // ad hoc: fetch the whole window again, to fill holes
	Backfill    bool                // ad hoc: fetch the whole backfill window also of series that have records
	Deep        bool                // ad hoc: as far back as the provider serves; Backfill is set too
	Instruments []market.Instrument // ad hoc: nil for those of the configuration
	Timeframes  []market.Timeframe  // ad hoc: nil for those of the configuration
}

// Started is what came of an Order.
type Started struct {
	Run ledger.Run // the new run, or the slot's that is running or done; its ID may be 0 while its holder begins
	New bool       // this order started it
}
