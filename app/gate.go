package app

import (
	"context"
	"fmt"
	"os"

	"barkeep/config"
	"barkeep/gate"
	"barkeep/ledger"
	syncer "barkeep/sync"
)

// openGate wires the run gate: the one way to run anything, whoever asks.
func (a *App) openGate(o Options) error {
	var err error
	if a.imports, a.maintenance, err = schedules(a.Config); err != nil {
		return err
	}
	if err := a.openNotices(o); err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	var markers gate.Markers
	if a.redis != nil {
		markers = a.redis.Markers()
	}
	listeners := []gate.Listener{a.notices.Listen, a.count}
	if o.Watch != nil {
		listeners = append(listeners, o.Watch)
	}
	a.gate, err = gate.New(gate.Config{
		Ledger: a.Archive, Markers: markers, Work: a.slotWork, Listeners: listeners, Now: o.Now, Logger: o.Logger,
		Host: host, PID: os.Getpid(), Lease: a.Config.RunLease, Deadline: a.Config.RunDeadline,
		OnStep: func(step gate.Step, _ ledger.Run) { crashPoint(string(step)) },
	})
	return err
}

// count lets the metrics follow all runs; there are none outside Serve.
func (a *App) count(e ledger.Event) {
	if a.metrics != nil {
		a.metrics.Listen(e)
	}
}

// slotWork carries out the run of a slot with everything that the configuration keeps.
func (a *App) slotWork(
	ctx context.Context, run ledger.Run, done []ledger.Cell, emit func(ledger.Event),
) ([]ledger.Cell, error) {
	report, err := a.carryOut(ctx, run, syncer.Request{
		Instruments: a.instruments, Timeframes: a.timeframes, Maintenance: run.Job == ledger.JobMaintenance,
	}, done, emit)
	return report.Cells, err
}

// carryOut lets the engine do the work of a run.
func (a *App) carryOut(
	ctx context.Context, run ledger.Run, request syncer.Request, done []ledger.Cell, emit func(ledger.Event),
) (syncer.Report, error) {
	return a.Engine.RunOnce(ctx, run, request, done, func(e ledger.Event) {
		emit(e)
		if state, _ := ledger.Outcome(e.Cells); e.Kind == ledger.EventCells && state == ledger.StateDone {
			crashPoint("cell")
		}
	})
}

// SlotRequest asks for the run of a slot.
type SlotRequest struct {
	Entry  string
	Index  int // of today's slots; -1 for the newest that is due
	Force  bool
	NoWait bool
}

// RunSlot sees to it that a slot is run once, whoever asks, and tells what came of it.
func (a *App) RunSlot(ctx context.Context, r SlotRequest) (gate.Result, ledger.Slot, error) {
	slot, err := a.slot(r.Index)
	if err != nil {
		return gate.Result{}, slot, config.Unusable(err)
	}
	result, err := a.gate.RunSlot(ctx, slot, gate.SlotRequest{Entry: r.Entry, Force: r.Force, NoWait: r.NoWait})
	if err != nil {
		return result, slot, fmt.Errorf("run %s: %w", slot, err)
	}
	return result, slot, nil
}

// slot is the newest due slot of the import, or the index-th of today, which must be due.
func (a *App) slot(index int) (ledger.Slot, error) {
	if index < 0 {
		newest, err := a.imports.Newest(a.now())
		return newest.Slot, err
	}
	slot, err := a.imports.Selectable("", index, a.now())
	if err != nil {
		return ledger.Slot{}, fmt.Errorf("--slot %d: %w", index, err)
	}
	return slot.Slot, nil
}

// RunAdHoc carries a request out beside the slots, and tells what came of it. Listen follows this run alone; it may be nil.
func (a *App) RunAdHoc(ctx context.Context, entry string, r syncer.Request, listen gate.Listener) (syncer.Report, error) {
	job := ledger.JobImport
	if r.Maintenance {
		job = ledger.JobMaintenance
	}
	var report syncer.Report
	result, err := a.gate.RunAdHoc(ctx, gate.AdHocRequest{
		Job: job, Entry: entry, Listen: listen,
		Work: func(ctx context.Context, run ledger.Run, done []ledger.Cell, emit func(ledger.Event)) ([]ledger.Cell, error) {
			var err error
			report, err = a.carryOut(ctx, run, r, done, emit)
			return report.Cells, err
		},
	})
	report.Run = result.Run
	return report, err
}
