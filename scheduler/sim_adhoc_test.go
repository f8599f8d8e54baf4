package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"barkeep/gate"
	"barkeep/ledger"
)

// selections are people who sync a selection beside the slots, imports and maintenance, each in a process of its own that
// sometimes dies and sometimes is stopped.
func (w *world) selections(ctx context.Context) {
	d := newDice(w.seed, 4)
	var calls sync.WaitGroup
	defer calls.Wait()
	for n := uint64(0); ; n++ {
		if rest(ctx, d.between(time.Hour, 30*24*time.Hour)) != nil || w.over() {
			return
		}
		p := newProcess(w, fmt.Sprintf("hand-%d", n), config{w.plan, universe[:3]}, 2e6+n)
		calls.Go(func() { p.runAdHoc(ctx) })
	}
}

// runAdHoc is `barkeep sync --instrument` in a process of its own. What it is told must be true.
func (p *process) runAdHoc(ctx context.Context) {
	p.ctx, p.crash = context.WithTimeout(ctx, 6*time.Hour)
	defer p.crash()
	p.w.born(p)
	d := p.dice("fate")
	working, stop := context.WithCancel(p.ctx)
	defer stop()
	switch {
	case d.chance(0.3):
		p.fuse = 1 + d.int(20)
	case d.chance(0.3):
		time.AfterFunc(d.between(time.Second, 10*time.Minute), stop)
	}
	job := ledger.JobImport
	if d.chance(0.3) {
		job = ledger.JobMaintenance
	}
	result, err := p.gate().RunAdHoc(working, gate.AdHocRequest{Job: job, Entry: "sync", Work: p.work})
	if p.burn() || (err != nil && !errors.Is(err, ledger.ErrLost)) {
		return
	}
	written := p.w.adHoc(result.Run)
	if err == nil && written.State != result.Run.State || err != nil && written.State == ledger.StateDone {
		p.w.violate("a caller was told of the run ad hoc %+v (%v), but the ledger has %+v", result.Run, err, written)
	}
}

// adHoc finds a run ad hoc in the ledger by its token; the number alone may be another's after a restore. A database that was
// replaced meanwhile has forgotten it, and that is no fault.
func (w *world) adHoc(run ledger.Run) ledger.Run {
	for _, r := range w.ledger.All() {
		if r.Token == run.Token {
			return r
		}
	}
	return run
}

// judgeAdHoc tells what is wrong with the runs ad hoc of the year. It is called when all processes have ended, long ago.
func (w *world) judgeAdHoc() {
	for _, job := range []ledger.Job{ledger.JobImport, ledger.JobMaintenance} {
		runs := w.ledger.RunsOf(ledger.Slot{Job: job})
		for i, run := range runs {
			switch {
			case run.State == ledger.StateRunning && i+1 < len(runs) && runs[i+1].Started.Sub(run.Started) > 12*time.Hour:
				w.violate("run %d ad hoc died, and the next one, run %d, left it running", run.ID, runs[i+1].ID)
			case run.State == ledger.StateAbandoned && run.Reason == "":
				w.violate("run %d ad hoc is abandoned without a reason", run.ID)
			}
		}
	}
	for _, run := range w.ledger.All() {
		if run.Scheduled() {
			continue
		}
		if run.State == ledger.StateRunning {
			w.violate("run %d ad hoc reads as running though nobody lives", run.ID)
		}
	}
}
