package api_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server"
	"barkeep/server/api"
	"barkeep/server/servertest"
	"barkeep/tasks"
)

// background is a Starter whose runs take an hour, and the number of those that were begun.
func background(t *testing.T) (b *api.Background, log *servertest.Lines, begun *atomic.Int64) {
	t.Helper()
	log, begun = &servertest.Lines{}, &atomic.Int64{}
	b = &api.Background{
		Ledger: &servertest.Ledger{Slots: map[ledger.SlotID]servertest.SlotRecord{}}, Tasks: tasks.New(t.Context()),
		Logger: slog.New(slog.NewTextHandler(log, nil)),
		Name:   func(r api.RunRequest) string { return fmt.Sprint(r.Slot.Key(), r.Timeframes) },
		Run: func(ctx context.Context, _ api.RunRequest, listen func(ledger.Event)) (api.StartedRun, error) {
			run := ledger.Run{ID: begun.Add(1), State: ledger.StateRunning}
			listen(ledger.Event{Kind: ledger.EventBegun, Run: run})
			select {
			case <-time.After(time.Hour):
			case <-ctx.Done():
			}
			run.State = ledger.StateDone
			return api.StartedRun{Run: run, New: true}, nil
		},
	}
	t.Cleanup(func() {
		b.Tasks.Stop()
		b.Tasks.Wait(context.WithoutCancel(t.Context()))
	})
	return b, log, begun
}

func want(timeframes ...market.Timeframe) api.RunRequest {
	return api.RunRequest{Timeframes: timeframes}
}

// TestTheSameIsAskedForMeanwhile: one request starts it, the others get its run, and when it has ended it may be run again.
func TestTheSameIsAskedForMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, _, begun := background(t)
		for round := range int64(2) {
			var news atomic.Int64
			var group sync.WaitGroup
			for range 300 {
				group.Go(func() {
					got, err := b.Start(t.Context(), want(market.D1))
					if err != nil || got.Run.ID != round+1 || got.Run.State != ledger.StateRunning {
						t.Errorf("%+v, %v", got, err)
					}
					if got.New {
						news.Add(1)
					}
				})
			}
			group.Wait()
			if n := begun.Load(); n != round+1 || news.Load() != 1 {
				t.Errorf("%d runs, %d said to be new", n, news.Load())
			}
			time.Sleep(time.Hour)
			synctest.Wait()
		}
	})
}

// TestManyDifferentRuns: no more than a few go on at once; slots have room of their own.
func TestManyDifferentRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, _, begun := background(t)
		all := []market.Timeframe{market.M1, market.M5, market.M15, market.H1, market.D1, market.W1}
		refused := 0
		for _, timeframe := range all {
			_, err := b.Start(t.Context(), want(timeframe))
			var p *server.Problem
			if errors.As(err, &p) && p.Status == http.StatusServiceUnavailable && strings.Contains(p.Detail, "4 runs") {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		}
		if begun.Load() != 4 || refused != 2 {
			t.Errorf("%d begun, %d refused", begun.Load(), refused)
		}
		slot := api.RunRequest{Slot: servertest.Today()}
		if got, err := b.Start(t.Context(), slot); err != nil || got.Run.ID != 5 {
			t.Errorf("a slot beside them: %+v, %v", got, err)
		}
		if got, err := b.Start(t.Context(), want(market.M1)); err != nil || got.Run.ID != 1 {
			t.Errorf("what is in progress is found when no other may begin: %+v, %v", got, err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got, err := b.Start(t.Context(), want(market.W1)); err != nil || got.Run.ID != 6 {
			t.Errorf("when they have ended: %+v, %v", got, err)
		}
	})
}

// TestARunThatIsRefused: what says why is for the client, and for everybody who asked; it is no failure for the log.
func TestARunThatIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, log, _ := background(t)
		refusal := server.NewProblem(http.StatusConflict, "in-progress", "another process is at it")
		b.Run = func(context.Context, api.RunRequest, func(ledger.Event)) (api.StartedRun, error) {
			time.Sleep(time.Second)
			return api.StartedRun{}, fmt.Errorf("start: %w", refusal)
		}
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				var p *server.Problem
				if got, err := b.Start(t.Context(), want()); !errors.As(err, &p) || p != refusal || errors.Is(err, server.ErrUnavailable) || got.New {
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
		group.Wait()
		if log.String() != "" {
			t.Errorf("the log says %s", log)
		}
	})
}

// TestWhoLeavesEndsNothing: the run goes on for the others.
func TestWhoLeavesEndsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, _, _ := background(t)
		run := b.Run
		b.Run = func(ctx context.Context, r api.RunRequest, listen func(ledger.Event)) (api.StartedRun, error) {
			time.Sleep(time.Second) // the ledger is slow
			return run(ctx, r, listen)
		}
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, leave)
		if _, err := b.Start(ctx, want()); !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
		if got, err := b.Start(t.Context(), want()); err != nil || got.Run.ID != 1 || got.New {
			t.Errorf("who came later: %+v, %v", got, err)
		}
	})
}

// TestBarsAtOnce: the bars of all answers that are being read are bounded, whatever each of them asks for.
func TestBarsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := servertest.New(t)
		b.Archive.Series[market.Series{Instrument: "ES", Timeframe: market.M5}] = servertest.Ramp(servertest.WinterNoon(), 5*time.Minute, 10)
		for _, c := range []struct {
			limit    string
			alone    int64 // answers at once of one client: 150,000 bars
			together int64 // of three: 300,000
		}{{"50000", 3, 6}, {"30000", 5, 10}, {"1", 150, 300}} {
			for clients, most := range []int64{1: c.alone, 3: c.together} {
				if clients == 0 || most == 0 {
					continue
				}
				before := b.Archive.Calls.Load()
				release := b.Archive.Stall(t)
				var group sync.WaitGroup
				for i := range 200 / clients * clients {
					group.Go(func() {
						b.Ask(t, http.MethodGet, "/api/v1/candles?instrument=ES&timeframe=5m&limit="+c.limit, "", "Remote", fmt.Sprintf("10.0.0.%d:1", i%clients))
					})
				}
				synctest.Wait()
				if n := b.Archive.Calls.Load() - before; n != min(most, int64(200/clients*clients)) {
					t.Errorf("%d answers of %s bars at once of %d clients, want %d", n, c.limit, clients, most)
				}
				release()
				group.Wait()
			}
		}
	})
}
