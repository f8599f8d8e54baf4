package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"barkeep/ledger"
	"barkeep/scheduler"
	"barkeep/server"
	syncer "barkeep/sync"
)

// orders is the server's way to the ledger and to runs. It owns the runs that HTTP started.
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

// Runs are the newest runs.
func (o *orders) Runs(ctx context.Context, limit int) ([]ledger.Run, error) {
	return o.app.Archive.Runs(ctx, limit)
}

// Run is one run with its cells.
func (o *orders) Run(ctx context.Context, id int64) (ledger.Run, []ledger.Cell, error) {
	run, ok, err := o.app.Archive.Run(ctx, id)
	if err != nil {
		return ledger.Run{}, nil, err
	}
	if !ok {
		return ledger.Run{}, nil, fmt.Errorf("run %d: %w", id, server.ErrNotFound)
	}
	cells, err := o.app.Archive.Cells(ctx, id)
	return run, cells, err
}

// Slot is what the ledger holds of a slot.
func (o *orders) Slot(ctx context.Context, slot ledger.Slot) (server.SlotRecord, error) {
	run, ok, err := o.app.Archive.Latest(ctx, slot)
	if err != nil || !ok {
		return server.SlotRecord{}, err
	}
	cells, err := o.app.Archive.Committed(ctx, slot)
	return server.SlotRecord{Run: run, Cells: cells}, err
}

// Start begins a run in the background.
func (o *orders) Start(ctx context.Context, order server.Order) (server.Started, error) {
	if order.Slot.Date == "" {
		return o.startAdHoc(ctx, order)
	}
	return o.startSlot(ctx, order)
}

func (o *orders) startAdHoc(ctx context.Context, order server.Order) (server.Started, error) {
	begun := make(chan ledger.Run, 1)
	request := o.app.Request(syncer.Request{
		Entry: "api", Instruments: order.Instruments, Timeframes: order.Timeframes, Backfill: order.Backfill, Deep: order.Deep,
		Maintenance: order.Maintenance, Begun: func(r ledger.Run) { begun <- r },
	})
	failed := make(chan error, 1)
	if !o.begin(func(ctx context.Context) {
		if _, err := o.app.Engine.RunOnce(ctx, request); err != nil {
			o.log.ErrorContext(ctx, "run failed", "entry", "api", "error", err)
			failed <- err
		}
	}) {
		return server.Started{}, server.ErrUnavailable
	}
	select {
	case run := <-begun:
		return server.Started{Run: run, New: true}, nil
	case err := <-failed:
		return server.Started{}, errors.Join(server.ErrUnavailable, err)
	case <-ctx.Done():
		return server.Started{}, ctx.Err()
	}
}

// startSlot asks the gate in the background and answers as soon as the ledger tells whose the slot is.
func (o *orders) startSlot(ctx context.Context, order server.Order) (server.Started, error) {
	before, ok, err := o.app.Archive.Latest(ctx, order.Slot)
	if err != nil {
		return server.Started{}, err
	}
	if ok && (before.State == ledger.StateRunning || (before.State == ledger.StateDone && !order.Force)) {
		return server.Started{Run: before}, nil
	}
	ended := make(chan scheduler.Answer, 1)
	if !o.begin(func(ctx context.Context) {
		answer, err := o.app.gate.Ask(ctx, order.Slot, scheduler.Ask{Entry: "api", Force: order.Force, NoWait: true})
		if err != nil {
			o.log.ErrorContext(ctx, "slot not run", "slot", order.Slot.Key(), "error", err)
		}
		ended <- answer
	}) {
		return server.Started{}, server.ErrUnavailable
	}
	for {
		select {
		case answer := <-ended:
			return server.Started{Run: answer.Run, New: answer.Outcome == scheduler.Ran}, nil
		case <-ctx.Done():
			return server.Started{}, ctx.Err()
		case <-time.After(startPoll):
		}
		run, found, err := o.app.Archive.InProgress(ctx, order.Slot.Job)
		if err != nil {
			return server.Started{}, err
		}
		if slot, ok := ledger.SlotOf(run); found && ok && slot == order.Slot {
			return server.Started{Run: run, New: run.ID != before.ID}, nil
		}
	}
}

// startPoll is how often the ledger is asked whether a run that HTTP started has its row.
const startPoll = 50 * time.Millisecond
