package api

import (
	"context"
	"errors"
	"log/slog"

	"barkeep/ledger"
	"barkeep/query"
	"barkeep/server"
)

// Background is a Starter whose runs go on when the request that started them has been answered. Kept
// may be zero; all other fields are required.
type Background struct {
	Ledger query.Ledger
	Kept   ledger.Kept   // the series for which a slot is judged
	Tasks  *server.Tasks // the runs
	Logger *slog.Logger
	// Run carries a request out and returns when its run has ended. Of the events of that run alone it tells listen.
	Run func(ctx context.Context, request RunRequest, listen func(ledger.Event)) (StartedRun, error)
}

// Start begins a run and returns as soon as the ledger has it, or tells whose the slot is.
func (b *Background) Start(ctx context.Context, request RunRequest) (StartedRun, error) {
	if request.Slot.Date != "" {
		before, ok, err := b.Ledger.Latest(ctx, request.Slot, b.Kept)
		if err != nil {
			return StartedRun{}, err
		}
		if ok && (before.State == ledger.StateRunning || (before.State == ledger.StateDone && !request.Force)) {
			return StartedRun{Run: before}, nil
		}
	}
	begun, ended, failed := make(chan ledger.Run, 1), make(chan StartedRun, 1), make(chan error, 1)
	listen := func(e ledger.Event) {
		if e.Kind == ledger.EventBegun {
			begun <- e.Run
		}
	}
	if !b.Tasks.Start(func(ctx context.Context) {
		run, err := b.Run(ctx, request, listen)
		if err != nil {
			b.Logger.ErrorContext(ctx, "run failed", "entry", "api", "run", run.Run.ID, "error", err)
			failed <- err
			return
		}
		ended <- run
	}) {
		return StartedRun{}, server.ErrUnavailable
	}
	select {
	case run := <-begun:
		return StartedRun{Run: run, New: true}, nil
	case run := <-ended:
		return run, nil
	case err := <-failed:
		return StartedRun{}, errors.Join(server.ErrUnavailable, err)
	case <-ctx.Done():
		return StartedRun{}, ctx.Err()
	}
}
