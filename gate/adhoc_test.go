package gate_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
)

// adHoc is a request for the player's work beside the slots.
func adHoc(p *gatetest.Player) gate.AdHocRequest {
	return gate.AdHocRequest{Job: ledger.JobImport, Entry: "sync", Work: p.Work}
}

// state is how the n-th run of all (from 0) reads.
func state(b *gatetest.Bench, n int) ledger.State {
	if runs := b.Ledger.All(); n < len(runs) {
		return runs[n].State
	}
	return ""
}

func TestARunAdHocIsARunLikeAnyOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		var steps []gate.Step
		p.Config = func(c *gate.Config) { c.OnStep = func(s gate.Step, _ ledger.Run) { steps = append(steps, s) } }
		result, err := p.Gate(t).RunAdHoc(t.Context(), adHoc(p))
		if err != nil || !result.Done() || result.Outcome != gate.Ran || len(result.Cells) != 3 {
			t.Errorf("%+v, %v", result, err)
		}
		run := b.Ledger.All()[0]
		if run.State != ledger.StateDone || run.Token == "" || run.Attempt != 1 || run.Scheduled() || run.Host != "a" ||
			run.Entry != "sync" || run.Finished.IsZero() || len(b.Ledger.CellsOf(run.ID)) != 3 {
			t.Errorf("the ledger has %+v", run)
		}
		if len(steps) != 4 || len(b.Ledger.Effective(b.Slot)) != 0 {
			t.Errorf("steps %v", steps)
		}
		for _, call := range b.Calls() {
			if strings.HasPrefix(call, "redis") {
				t.Errorf("a run ad hoc asked for the marker of a slot: %s", call)
			}
		}
	})
}

// TestALiveRunAdHocIsNeverIdle: it is in progress for as long as it lives, however long that is.
func TestALiveRunAdHocIsNeverIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Takes = 25 * time.Minute
		var over sync.WaitGroup
		over.Go(func() {
			if result, err := p.Gate(t).RunAdHoc(t.Context(), adHoc(p)); err != nil || !result.Done() {
				t.Errorf("%+v, %v", result, err)
			}
		})
		for range 14 {
			time.Sleep(5 * time.Minute)
			if _, busy, _ := b.Ledger.InProgress(t.Context(), ledger.JobImport); !busy {
				t.Error("a live run counts as idle")
			}
		}
		over.Wait()
		if _, busy, _ := b.Ledger.InProgress(t.Context(), ledger.JobImport); busy {
			t.Error("the run has ended and counts as in progress")
		}
	})
}

// TestARunAdHocWhoseProcessDies reads as abandoned after its lease; the next one takes over, in the log and for listeners.
func TestARunAdHocWhoseProcessDies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		ctx, kill := context.WithCancel(t.Context())
		var dead atomic.Bool
		time.AfterFunc(15*time.Second, func() { dead.Store(true); kill() })
		p := b.Player("a")
		p.Hook = func(ctx context.Context, _ string, _ bool) error {
			if dead.Load() {
				return gatetest.ErrDead
			}
			return ctx.Err()
		}
		if result, err := p.Gate(t).RunAdHoc(ctx, adHoc(p)); !errors.Is(err, gatetest.ErrDead) {
			t.Errorf("who died: %+v, %v", result, err)
		}
		if got := state(b, 0); got != ledger.StateRunning {
			t.Errorf("within its lease it reads %s", got)
		}
		time.Sleep(2 * time.Minute)
		if got := state(b, 0); got != ledger.StateAbandoned {
			t.Errorf("after its lease it reads %s", got)
		}
		var log bytes.Buffer
		var seen events
		next := b.Player("b")
		next.Config = func(c *gate.Config) {
			c.Logger = slog.New(slog.NewTextHandler(&log, nil))
			c.Listeners = []gate.Listener{seen.listen}
		}
		if result, err := next.Gate(t).RunAdHoc(t.Context(), adHoc(next)); err != nil || !result.Done() {
			t.Errorf("the next one: %+v, %v", result, err)
		}
		if run := b.Ledger.RunsOf(ledger.Slot{Job: ledger.JobImport})[0]; run.State != ledger.StateAbandoned || run.Reason != "lease ended" {
			t.Errorf("the run that died is written as %+v", run)
		}
		if first := seen.all()[0]; first.Kind != ledger.EventEnded || first.Run.ID != 1 || first.Run.State != ledger.StateAbandoned {
			t.Errorf("listeners got first %+v", first)
		}
		if !strings.Contains(log.String(), "taking over from a process that died") || !strings.Contains(log.String(), "run=1 host=a") {
			t.Errorf("the log does not say so:\n%s", &log)
		}
	})
}

func TestARunAdHocWhoseEndCannotBeRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Hook = gatetest.Down("ledger finish")
		if result, err := p.Gate(t).RunAdHoc(t.Context(), adHoc(p)); !errors.Is(err, gatetest.ErrDown) || result.Run.State != ledger.StateFailed {
			t.Errorf("%+v, %v", result.Run, err)
		}
		time.Sleep(2 * time.Minute)
		if got := state(b, 0); got != ledger.StateAbandoned {
			t.Errorf("it reads %s", got)
		}
	})
}

// TestStoppingARunAdHocIsNoFailure of it, and costs no time.
func TestStoppingARunAdHocIsNoFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(15*time.Second, stop)
		began := time.Now()
		p := b.Player("a")
		result, err := p.Gate(t).RunAdHoc(ctx, adHoc(p))
		if err != nil || result.Run.State != ledger.StateStopped || len(result.Cells) != 1 || time.Since(began) > 16*time.Second {
			t.Errorf("after %s: %+v, %v", time.Since(began), result, err)
		}
		if got := state(b, 0); got != ledger.StateStopped {
			t.Errorf("it reads %s", got)
		}
		if result, err := p.Gate(t).RunAdHoc(ctx, adHoc(p)); !errors.Is(err, context.Canceled) || len(b.Ledger.All()) != 1 {
			t.Errorf("after the stop one began: %+v, %v", result, err)
		}
	})
}

// TestARunAdHocThatWasTakenOver after a long sleep of its process writes nothing more, and its caller is told.
func TestARunAdHocThatWasTakenOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Takes = 10 * time.Minute
		wake := time.Now().Add(115 * time.Second)
		p.Hook = func(context.Context, string, bool) error {
			if left := time.Until(wake); left > 0 && left < 110*time.Second { // suspended from 5 s on
				time.Sleep(left)
			}
			return nil
		}
		var seen events
		p.Config = func(c *gate.Config) { c.Listeners = []gate.Listener{seen.listen} }
		var zombie sync.WaitGroup
		zombie.Go(func() {
			result, err := p.Gate(t).RunAdHoc(t.Context(), adHoc(p))
			if !errors.Is(err, ledger.ErrLost) || len(b.Ledger.CellsOf(1)) != 0 {
				t.Errorf("the zombie was told %+v, %v", result, err)
			}
		})
		time.Sleep(100 * time.Second)
		next := b.Player("b")
		if result, err := next.Gate(t).RunAdHoc(t.Context(), adHoc(next)); err != nil || !result.Done() {
			t.Errorf("who took over: %+v, %v", result, err)
		}
		zombie.Wait()
		if all := seen.all(); all[len(all)-1].Kind != ledger.EventLost || state(b, 0) != ledger.StateAbandoned {
			t.Errorf("events %v, and the run reads %s", seen.kinds(), state(b, 0))
		}
	})
}

func TestARunAdHocNeedsAJobAndWork(t *testing.T) {
	t.Parallel()
	b := gatetest.NewBench(time.Now)
	p := b.Player("a")
	for _, r := range []gate.AdHocRequest{{Job: "cleaning", Work: p.Work}, {Job: ledger.JobImport}} {
		if _, err := p.Gate(t).RunAdHoc(t.Context(), r); err == nil || len(b.Ledger.All()) != 0 {
			t.Errorf("%+v was accepted", r)
		}
	}
}
