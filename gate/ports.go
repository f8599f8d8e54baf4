package gate

import (
	"context"
	"time"

	"barkeep/ledger"
)

// Markers keeps the marker of each slot (Redis; the value is ledger.Marker as JSON). It may lose everything at any time. Any
// error means that it is down; the ledger then decides alone. Each method touches one key.
type Markers interface {
	// Get reads a marker; false when there is none (GET). One that cannot be read as JSON counts as a lease of nobody: the
	// zero Marker and true.
	Get(ctx context.Context, slot ledger.Slot) (ledger.Marker, bool, error)
	// Claim writes the lease unless the slot has a marker (SET NX PX). If it has one with the token of lease, the reply to an
	// earlier try was lost and the claim is won; else holder is what the marker says.
	Claim(ctx context.Context, slot ledger.Slot, lease ledger.Marker, ttl time.Duration) (won bool, holder ledger.Marker, err error)
	// Extend writes the lease again for another ttl if the marker has its token and does not say done, in one step.
	// Still is false if it has not or is gone.
	Extend(ctx context.Context, slot ledger.Slot, lease ledger.Marker, ttl time.Duration) (still bool, err error)
	// Done writes a marker, whatever is there (SET PX). It is one that says done, after the ledger has the run as done. Only
	// where a done marker names a run that the ledger does not have is it the lease of the process that found that out.
	Done(ctx context.Context, slot ledger.Slot, done ledger.Marker, ttl time.Duration) error
	// Release deletes the marker if it has this token and does not say done, in one step; else it does nothing.
	Release(ctx context.Context, slot ledger.Slot, token string) error
}

// Work carries out a run. It leaves out the series of done, which earlier attempts have committed, and returns a cell for
// every other series of the run; an error means that some have none. A cell that is OK was committed before Work returns,
// fenced by the run's ID and Token. When ctx ends it begins no new cell, ends the one in flight within seconds, and returns.
// Emit tells the listeners of the run what happens; it never waits, and it fills in the event's Run and At.
type Work func(ctx context.Context, run ledger.Run, done []ledger.Cell, emit func(ledger.Event)) ([]ledger.Cell, error)

// Listener follows runs. It gets the events of a run in order, from one goroutine for each run; a slow one gets them late and
// delays nobody.
type Listener func(ledger.Event)
