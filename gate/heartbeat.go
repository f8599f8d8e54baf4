package gate

import (
	"context"
	"errors"

	"barkeep/ledger"
	"barkeep/tasks"
)

// beat keeps the run alive in the ledger and in its marker until ctx ends. When the ledger says that the run was taken over,
// it stops the work. A ledger that does not answer is no reason to: whatever the work commits is fenced.
func (a *attempt) beat(ctx context.Context, run ledger.Run, stop context.CancelCauseFunc) {
	a.marker.extend(ctx, run)
	for tasks.Sleep(ctx, a.Heartbeat) == nil {
		still, err := a.heartbeat(ctx, run)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			a.Logger.WarnContext(ctx, "the ledger missed a heartbeat", "slot", run.Name(), "run", run.ID, "error", err)
		case !still:
			stop(ledger.ErrLost)
			return
		}
		a.marker.extend(ctx, run)
	}
}

func (g *Gate) heartbeat(ctx context.Context, run ledger.Run) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, g.Heartbeat)
	defer cancel()
	return g.Ledger.Heartbeat(ctx, run, g.Lease)
}

// reportProgress writes what the run is doing into the ledger, at most once every Progress, until ctx ends. A word that cannot
// be written is no failure: the next one says more.
func (a *attempt) reportProgress(ctx context.Context, run ledger.Run) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.events.changed:
		}
		err := a.recordProgress(ctx, run)
		if errors.Is(err, ledger.ErrLost) {
			return
		}
		if err != nil && ctx.Err() == nil {
			a.Logger.DebugContext(ctx, "progress not recorded", "slot", run.Name(), "run", run.ID, "error", err)
		}
		if tasks.Sleep(ctx, a.Progress) != nil {
			return
		}
	}
}

func (a *attempt) recordProgress(ctx context.Context, run ledger.Run) error {
	ctx, cancel := context.WithTimeout(ctx, a.LedgerTimeout)
	defer cancel()
	return a.Ledger.RecordProgress(ctx, run, a.events.now())
}
