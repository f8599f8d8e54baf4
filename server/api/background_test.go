package api_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"

	"barkeep/ledger"
	"barkeep/server"
	"barkeep/server/api"
	"barkeep/server/servertest"
	"barkeep/tasks"
)

func TestRunsGoOnInTheBackground(t *testing.T) {
	t.Parallel()
	slot := servertest.Today()
	running, done := ledger.Run{ID: 4, State: ledger.StateRunning}, ledger.Run{ID: 5, State: ledger.StateDone}
	broken := errors.New("the ledger is gone")
	for _, c := range []struct {
		name    string
		before  ledger.Run // of the slot
		request api.RunRequest
		begins  bool
		err     error
		want    api.StartedRun
		calls   int
	}{
		{name: "ad hoc", begins: true, want: api.StartedRun{Run: ledger.Run{ID: 9}, New: true}, calls: 1},
		{name: "another runs the slot", before: running, request: api.RunRequest{Slot: slot}, want: api.StartedRun{Run: running}},
		{name: "the slot is done", before: done, request: api.RunRequest{Slot: slot}, want: api.StartedRun{Run: done}},
		{
			name: "done, and forced", before: done, request: api.RunRequest{Slot: slot, Force: true}, begins: true,
			want: api.StartedRun{Run: ledger.Run{ID: 9}, New: true}, calls: 1,
		},
		{name: "it ends before it begins", request: api.RunRequest{Slot: slot}, want: api.StartedRun{Run: done}, calls: 1},
		{name: "it fails before it begins", err: broken, calls: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tasks, calls := tasks.New(t.Context()), 0
				history := &servertest.Ledger{Slots: map[ledger.SlotID]servertest.SlotRecord{}}
				if c.before.ID != 0 {
					history.Set(slot, servertest.SlotRecord{Run: c.before})
				}
				b := &api.Background{
					Ledger: history, Tasks: tasks, Logger: slog.New(slog.DiscardHandler),
					Name: func(r api.RunRequest) string { return r.Slot.Key() },
					Run: func(ctx context.Context, _ api.RunRequest, listen func(ledger.Event)) (api.StartedRun, error) {
						calls++
						if c.begins {
							listen(ledger.Event{Kind: ledger.EventBegun, Run: ledger.Run{ID: 9}})
							<-ctx.Done()
						}
						return api.StartedRun{Run: done}, c.err
					},
				}
				got, err := b.Start(t.Context(), c.request)
				if got != c.want || !errors.Is(err, c.err) || (err != nil) != errors.Is(err, server.ErrUnavailable) {
					t.Errorf("%+v, %v; want %+v, %v", got, err, c.want, c.err)
				}
				tasks.Stop()
				if !tasks.Wait(t.Context()) || calls != c.calls {
					t.Errorf("%d runs, want %d", calls, c.calls)
				}
				if _, err := b.Start(t.Context(), api.RunRequest{}); !errors.Is(err, server.ErrUnavailable) {
					t.Errorf("after the stop: %v", err)
				}
			})
		})
	}
}
