package app

import (
	"context"
	"errors"
	"log/slog"

	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/server"
	"barkeep/server/api"
	syncer "barkeep/sync"
)

// runs starts runs for the API.
type runs struct {
	app        *App
	log        *slog.Logger
	background *background
}

// Start begins a run in the background and returns as soon as the ledger has it, or tells whose the slot is.
func (r *runs) Start(ctx context.Context, request api.RunRequest) (api.StartedRun, error) {
	if request.Slot.Date == "" {
		whole := r.app.Request(syncer.Request{
			Instruments: request.Instruments, Timeframes: request.Timeframes, Backfill: request.Backfill, Deep: request.Deep,
			Maintenance: request.Maintenance,
		})
		return r.start(ctx, func(ctx context.Context, begun gate.Listener) (gate.Result, error) {
			report, err := r.app.RunAdHoc(ctx, "api", whole, begun)
			return gate.Result{Outcome: gate.Ran, Run: report.Run}, err
		})
	}
	before, ok, err := r.app.Archive.Latest(ctx, request.Slot)
	if err != nil {
		return api.StartedRun{}, err
	}
	if ok && (before.State == ledger.StateRunning || (before.State == ledger.StateDone && !request.Force)) {
		return api.StartedRun{Run: before}, nil
	}
	return r.start(ctx, func(ctx context.Context, begun gate.Listener) (gate.Result, error) {
		return r.app.gate.RunSlot(ctx, request.Slot, gate.SlotRequest{Entry: "api", Force: request.Force, NoWait: true, Listen: begun})
	})
}

// start lets run go on in the background, and returns when it has begun or ended. What begun listens to is the run's own, so
// that a run is told from those of others.
func (r *runs) start(
	ctx context.Context, run func(context.Context, gate.Listener) (gate.Result, error),
) (api.StartedRun, error) {
	begun, ended := make(chan ledger.Run, 1), make(chan api.StartedRun, 1)
	failed := make(chan error, 1)
	listen := func(e ledger.Event) {
		if e.Kind == ledger.EventBegun {
			begun <- e.Run
		}
	}
	if !r.background.start(func(ctx context.Context) {
		result, err := run(ctx, listen)
		if err != nil {
			r.log.ErrorContext(ctx, "run failed", "entry", "api", "run", result.Run.ID, "error", err)
			failed <- err
			return
		}
		ended <- api.StartedRun{Run: result.Run, New: result.Outcome == gate.Ran}
	}) {
		return api.StartedRun{}, server.ErrUnavailable
	}
	select {
	case run := <-begun:
		return api.StartedRun{Run: run, New: true}, nil
	case started := <-ended:
		return started, nil
	case err := <-failed:
		return api.StartedRun{}, errors.Join(server.ErrUnavailable, err)
	case <-ctx.Done():
		return api.StartedRun{}, ctx.Err()
	}
}
