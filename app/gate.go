package app

import (
	"context"
	"os"

	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

// openGate wires the run gate: the one way to run anything, whoever asks.
func (a *App) openGate(o Options) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	var markers gate.Markers
	if a.redis != nil {
		markers = a.redis.Markers()
	}
	listeners := []gate.Listener{a.listener(a.notices.Listen), a.listener(a.metrics.Listen)}
	if o.Watch != nil {
		listeners = append(listeners, a.listener(o.Watch))
	}
	a.Gate, err = gate.New(gate.Config{
		Ledger: a.Archive, Markers: markers, Work: a.slotWork, Listeners: listeners,
		Kept: a.kept, May: a.clock.May, Now: o.Now, Logger: o.Logger,
		Host: host, PID: os.Getpid(), Lease: a.Config.RunLease, Deadline: a.Config.RunDeadline,
		OnStep: func(step gate.Step, _ ledger.Run) { crashPoint(string(step)) },
	})
	return err
}

// slotWork carries out the run of a slot with everything that the configuration keeps.
func (a *App) slotWork(
	ctx context.Context, run ledger.Run, done []ledger.Cell, emit func(ledger.Event),
) ([]ledger.Cell, error) {
	ctx, err := a.retrying(ctx, run)
	if err != nil {
		return nil, err
	}
	report, err := a.carryOut(ctx, run, syncer.Request{
		Instruments: a.instruments, Timeframes: a.timeframes, Maintenance: run.Job == ledger.JobMaintenance,
	}, done, emit)
	return report.Cells, err
}

// listener lets somebody follow runs who shows people what they say.
func (a *App) listener(listen gate.Listener) gate.Listener {
	if listen == nil {
		return nil
	}
	return func(e ledger.Event) { listen(hideEvent(a.secrets, e)) }
}

// carryOut lets the engine do the work of a run. What it says of errors shows no secret.
func (a *App) carryOut(
	ctx context.Context, run ledger.Run, request syncer.Request, done []ledger.Cell, emit func(ledger.Event),
) (syncer.Report, error) {
	request.Heal = a.healing()
	report, err := a.Engine.RunOnce(ctx, run, request, done, func(e ledger.Event) {
		emit(hideEvent(a.secrets, e))
		if state, _ := ledger.Outcome(e.Cells); e.Kind == ledger.EventCells && state == ledger.StateDone {
			crashPoint("cell")
		}
	})
	if run.Job == ledger.JobMaintenance && !request.Rebuild && err == nil {
		report.Faults = append(report.Faults, a.examine(ctx, request.Instruments)...)
	}
	if wrong := a.tellHeld(ctx); wrong != nil {
		a.Engine.Logger.WarnContext(ctx, "people are not told of what is held back, the next run tells",
			"error", a.secrets.Error(wrong))
	}
	return hideReport(a.secrets, report), a.secrets.Error(err)
}

// examine holds what is stored against itself, against the calendars and against what it was, after maintenance, and returns the
// faults that it found. What fails is done by the next one.
func (a *App) examine(ctx context.Context, instruments []market.Instrument) []string {
	if wrong := a.prove(ctx, instruments); wrong != nil {
		a.Engine.Logger.WarnContext(ctx, "the timeframes are not proved against each other", "error", a.secrets.Error(wrong))
	}
	if _, wrong := a.CheckFindings(ctx); wrong != nil {
		a.Engine.Logger.WarnContext(ctx, "bars and calendars are not held against each other", "error", a.secrets.Error(wrong))
	}
	return a.examineMonth(ctx)
}

// healing is how many requests a run may spend on gaps that no other request reaches: a tenth of the daily budget.
func (a *App) healing() int {
	const unlimited = 500 // where there is no budget
	if a.Config.YahooDailyBudget == 0 {
		return unlimited
	}
	return max(1, a.Config.YahooDailyBudget/10)
}

// RunAdHoc carries a request out beside the slots, and tells what came of it. Nothing is in its way, but while it goes on nobody
// begins the same over HTTP. Listen follows this run alone; it may be nil.
func (a *App) RunAdHoc(ctx context.Context, entry string, r syncer.Request, listen gate.Listener) (syncer.Report, error) {
	give, _ := a.holdSelection(ctx, r)
	defer give()
	return a.runAdHoc(ctx, entry, r, listen)
}

func (a *App) runAdHoc(ctx context.Context, entry string, r syncer.Request, listen gate.Listener) (syncer.Report, error) {
	var report syncer.Report
	result, err := a.Gate.RunAdHoc(ctx, gate.AdHocRequest{
		Job: jobOf(r), Entry: entry, Listen: a.listener(listen),
		Work: func(ctx context.Context, run ledger.Run, done []ledger.Cell, emit func(ledger.Event)) ([]ledger.Cell, error) {
			var err error
			report, err = a.carryOut(ctx, run, r, done, emit)
			return report.Cells, err
		},
	})
	report.Run = hideRun(a.secrets, result.Run)
	return report, err
}
