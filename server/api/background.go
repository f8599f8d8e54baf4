package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"barkeep/ledger"
	"barkeep/query"
	"barkeep/server"
	"barkeep/tasks"
)

// mostRunning is how many runs of slots, and as many beside them, may be in progress that were asked for here.
const mostRunning = 4

// Background is a Starter whose runs go on when the request that started them has been answered. Of several requests for the
// same, the first starts it and the others get its run. Kept
// may be zero; all other fields are required.
type Background struct {
	Ledger query.Ledger
	Kept   ledger.Kept  // the series for which a slot is judged
	Tasks  *tasks.Group // the runs
	Logger *slog.Logger
	// Run carries a request out and returns when its run has ended. Of the events of that run alone it tells listen. An error
	// that is a server.Problem is for the client.
	Run func(ctx context.Context, request RunRequest, listen func(ledger.Event)) (StartedRun, error)
	// Name names what a request asks for: two that come to the same have one name.
	Name func(RunRequest) string

	mu      sync.Mutex
	ongoing map[string]*ongoing
}

// ongoing is a run that was asked for, from before it begins until it has ended.
type ongoing struct {
	slot  bool
	once  sync.Once
	known chan struct{} // closed when the ledger has the run, or it cannot begin
	run   StartedRun
	err   error
}

// tell makes known what came of the request; what comes later is no news.
func (o *ongoing) tell(run StartedRun, err error) {
	o.once.Do(func() {
		o.run, o.err = run, err
		close(o.known)
	})
}

// TooManyRuns says that no further run can be begun now.
func TooManyRuns(running int) *server.Problem {
	return server.Crowded(fmt.Sprintf("%d runs that were asked for are in progress", running), 30*time.Second)
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
	o, first, err := b.join(request)
	if err != nil {
		return StartedRun{}, err
	}
	select {
	case <-o.known:
	case <-ctx.Done():
		return StartedRun{}, ctx.Err()
	}
	run := o.run
	run.New = run.New && first
	return run, o.err
}

// join finds the run in progress that a request asks for, or starts it.
func (b *Background) join(request RunRequest) (o *ongoing, first bool, err error) {
	name, slot := b.Name(request), request.Slot.Date != ""
	b.mu.Lock()
	defer b.mu.Unlock()
	if o, found := b.ongoing[name]; found {
		return o, false, nil
	}
	alike := 0
	for _, other := range b.ongoing {
		if other.slot == slot {
			alike++
		}
	}
	if alike >= mostRunning {
		return nil, false, TooManyRuns(alike)
	}
	o = &ongoing{slot: slot, known: make(chan struct{})}
	if !b.Tasks.Start(func(ctx context.Context) { b.carryOut(ctx, name, o, request) }) {
		return nil, false, server.ErrUnavailable
	}
	if b.ongoing == nil {
		b.ongoing = map[string]*ongoing{}
	}
	b.ongoing[name] = o
	return o, true, nil
}

// carryOut lives through a run and tells those who asked for it once it is known.
func (b *Background) carryOut(ctx context.Context, name string, o *ongoing, request RunRequest) {
	run, err := b.Run(ctx, request, func(e ledger.Event) {
		if e.Kind == ledger.EventBegun {
			o.tell(StartedRun{Run: e.Run, New: true}, nil)
		}
	})
	b.mu.Lock()
	delete(b.ongoing, name)
	b.mu.Unlock()
	var refused *server.Problem
	switch {
	case err == nil:
		o.tell(run, nil)
	case errors.As(err, &refused):
		o.tell(StartedRun{}, refused)
	default:
		b.Logger.ErrorContext(ctx, "run failed", "entry", "api", "run", run.Run.ID, "error", err)
		o.tell(StartedRun{}, errors.Join(server.ErrUnavailable, err))
	}
}
