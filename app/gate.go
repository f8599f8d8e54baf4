package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"barkeep/ledger"
	"barkeep/scheduler"
	syncer "barkeep/sync"
)

// openGate wires the run gate: the one way to run a slot, whoever asks.
func (a *App) openGate(o Options) error {
	var err error
	if a.imports, a.maintenance, err = schedules(a.Config); err != nil {
		return err
	}
	if err := a.openTeller(o); err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	var markers scheduler.Markers
	if a.redis != nil {
		markers = a.redis.Markers()
	}
	a.gate, err = scheduler.NewGate(scheduler.GateConfig{
		Ledger: a.Archive, Markers: markers, Work: a.work, Teller: a.teller, Now: o.Now, Logger: o.Logger,
		Host: host, PID: os.Getpid(), Lease: a.Config.RunLease, Deadline: a.Config.RunDeadline,
		OnStep: func(step scheduler.Step, _ ledger.Run) { crashPoint(string(step)) },
	})
	return err
}

// work carries out the run of a slot with everything that the configuration keeps.
func (a *App) work(ctx context.Context, run ledger.Run, done []ledger.Cell) ([]ledger.Cell, error) {
	request := syncer.Request{
		Job: run.Job, Entry: run.Entry, Instruments: a.instruments, Timeframes: a.timeframes,
		Maintenance: run.Job == ledger.JobMaintenance,
	}
	cells, err := a.Engine.Carry(ctx, run, request, done)
	if a.metrics != nil {
		state, _ := ledger.Outcome(ledger.Merge(done, cells))
		run.State = state
		a.metrics.Observe(run, cells)
	}
	return cells, err
}

// SlotRequest asks for the run of a slot.
type SlotRequest struct {
	Entry  string
	Index  int // of today's slots; -1 for the newest that is due
	Force  bool
	NoWait bool
}

// RunSlot sees to it that a slot is run once, whoever asks, and tells what came of it.
func (a *App) RunSlot(ctx context.Context, r SlotRequest) (scheduler.Answer, ledger.Slot, error) {
	slot, err := a.slot(r.Index)
	if err != nil {
		return scheduler.Answer{}, slot, errors.Join(ErrConfiguration, err)
	}
	answer, err := a.gate.Ask(ctx, slot, scheduler.Ask{Entry: r.Entry, Force: r.Force, NoWait: r.NoWait})
	if err != nil {
		return answer, slot, fmt.Errorf("run %s: %w", slot, err)
	}
	return answer, slot, nil
}

// slot is the newest due slot of the import, or the index-th of today, which must be due.
func (a *App) slot(index int) (ledger.Slot, error) {
	now := a.now()
	due, _, ok := a.imports.Due(now)
	if !ok {
		return due, errors.New("no slot of the import is due yet")
	}
	if index < 0 {
		return due, nil
	}
	date := now.In(a.imports.Zone()).Format("2006-01-02")
	at, err := a.imports.At(date, index)
	if err != nil {
		return ledger.Slot{}, fmt.Errorf("--slot %d: slots are counted from 0, and IMPORT_TIMES is %s", index, a.imports)
	}
	if at.After(now) {
		return ledger.Slot{}, fmt.Errorf("--slot %d: it is due at %s, not before", index, at.Format("15:04 MST"))
	}
	return ledger.Slot{Job: ledger.JobImport, Date: date, Index: index}, nil
}

// WaitForImport returns when no import is in progress; maintenance does not run beside one.
func (a *App) WaitForImport(ctx context.Context) error {
	return a.gate.WaitIdle(ctx, ledger.JobImport)
}
