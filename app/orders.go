package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"barkeep/ledger"
	"barkeep/scheduler"
	"barkeep/server"
	"barkeep/server/api"
	syncer "barkeep/sync"
)

// orders starts runs for the API. It owns those that HTTP started.
type orders struct {
	app *App
	log *slog.Logger

	ctx    context.Context //nolint:containedctx // the life of what HTTP starts, which outlives its request
	cancel context.CancelFunc
	runs   sync.WaitGroup
	mu     sync.Mutex
	closed bool
}

func newOrders(a *App, log *slog.Logger) *orders {
	ctx, cancel := context.WithCancel(context.Background())
	return &orders{app: a, log: log, ctx: ctx, cancel: cancel}
}

// stop lets nothing more begin and ends what runs.
func (o *orders) stop() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.cancel()
}

func (o *orders) wait() { o.runs.Wait() }

// begin runs do in the background; false when the process is stopping.
func (o *orders) begin(do func(context.Context)) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return false
	}
	o.runs.Go(func() { do(o.ctx) })
	return true
}

// Start begins a run in the background.
func (o *orders) Start(ctx context.Context, request api.RunRequest) (api.StartedRun, error) {
	if request.Slot.Date == "" {
		return o.startAdHoc(ctx, request)
	}
	return o.startSlot(ctx, request)
}

func (o *orders) startAdHoc(ctx context.Context, request api.RunRequest) (api.StartedRun, error) {
	begun := make(chan ledger.Run, 1)
	whole := o.app.Request(syncer.Request{
		Entry: "api", Instruments: request.Instruments, Timeframes: request.Timeframes, Backfill: request.Backfill, Deep: request.Deep,
		Maintenance: request.Maintenance, Begun: func(r ledger.Run) { begun <- r },
	})
	failed := make(chan error, 1)
	if !o.begin(func(ctx context.Context) {
		if _, err := o.app.Engine.RunOnce(ctx, whole); err != nil {
			o.log.ErrorContext(ctx, "run failed", "entry", "api", "error", err)
			failed <- err
		}
	}) {
		return api.StartedRun{}, server.ErrUnavailable
	}
	select {
	case run := <-begun:
		return api.StartedRun{Run: run, New: true}, nil
	case err := <-failed:
		return api.StartedRun{}, errors.Join(server.ErrUnavailable, err)
	case <-ctx.Done():
		return api.StartedRun{}, ctx.Err()
	}
}

// startSlot asks the gate in the background and answers as soon as the ledger tells whose the slot is.
func (o *orders) startSlot(ctx context.Context, request api.RunRequest) (api.StartedRun, error) {
	before, ok, err := o.app.Archive.Latest(ctx, request.Slot)
	if err != nil {
		return api.StartedRun{}, err
	}
	if ok && (before.State == ledger.StateRunning || (before.State == ledger.StateDone && !request.Force)) {
		return api.StartedRun{Run: before}, nil
	}
	ended := make(chan scheduler.Answer, 1)
	if !o.begin(func(ctx context.Context) {
		answer, err := o.app.gate.Ask(ctx, request.Slot, scheduler.Ask{Entry: "api", Force: request.Force, NoWait: true})
		if err != nil {
			o.log.ErrorContext(ctx, "slot not run", "slot", request.Slot.Key(), "error", err)
		}
		ended <- answer
	}) {
		return api.StartedRun{}, server.ErrUnavailable
	}
	for {
		select {
		case answer := <-ended:
			return api.StartedRun{Run: answer.Run, New: answer.Outcome == scheduler.Ran}, nil
		case <-ctx.Done():
			return api.StartedRun{}, ctx.Err()
		case <-time.After(startPoll):
		}
		run, found, err := o.app.Archive.InProgress(ctx, request.Slot.Job)
		if err != nil {
			return api.StartedRun{}, err
		}
		if slot, ok := ledger.SlotOf(run); found && ok && slot == request.Slot {
			return api.StartedRun{Run: run, New: run.ID != before.ID}, nil
		}
	}
}

// startPoll is how often the ledger is asked whether a run that HTTP started has its row.
const startPoll = 50 * time.Millisecond
