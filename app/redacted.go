package app

import (
	"context"
	"slices"

	"barkeep/config"
	"barkeep/ledger"
	"barkeep/store"
	syncer "barkeep/sync"
)

// redactedArchive hides the secrets of the configuration in the reasons that the ledger keeps, on their way in and, since an
// earlier release may have written them, on their way out.
type redactedArchive struct {
	store.Archive
	secrets *config.Redactor
}

func (a redactedArchive) Begin(ctx context.Context) (store.Tx, error) {
	tx, err := a.Archive.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return redactedTx{tx, a.secrets}, nil
}

// redactedTx hides secrets in the evidence that it writes.
type redactedTx struct {
	store.Tx
	secrets *config.Redactor
}

func (tx redactedTx) RecordCell(ctx context.Context, cell ledger.Cell) error {
	return tx.Tx.RecordCell(ctx, hideCell(tx.secrets, cell))
}

func (a redactedArchive) RecordCell(ctx context.Context, run ledger.Run, cell ledger.Cell) error {
	return a.Archive.RecordCell(ctx, run, hideCell(a.secrets, cell))
}

func (a redactedArchive) Finish(ctx context.Context, run ledger.Run) (ok bool, err error) {
	return a.Archive.Finish(ctx, hideRun(a.secrets, run))
}

func (a redactedArchive) RecordProgress(ctx context.Context, run ledger.Run, progress ledger.Progress) error {
	progress.Waiting = a.secrets.Text(progress.Waiting)
	return a.Archive.RecordProgress(ctx, run, progress)
}

func (a redactedArchive) Latest(ctx context.Context, slot ledger.Slot) (ledger.Run, bool, error) {
	run, found, err := a.Archive.Latest(ctx, slot)
	return hideRun(a.secrets, run), found, err
}

func (a redactedArchive) Standing(ctx context.Context, job ledger.Job, from, to string) ([]ledger.Run, error) {
	runs, err := a.Archive.Standing(ctx, job, from, to)
	return a.hideRuns(runs), err
}

func (a redactedArchive) Runs(ctx context.Context, limit int) ([]ledger.Run, error) {
	runs, err := a.Archive.Runs(ctx, limit)
	return a.hideRuns(runs), err
}

func (a redactedArchive) Run(ctx context.Context, id int64) (ledger.Run, bool, error) {
	run, found, err := a.Archive.Run(ctx, id)
	return hideRun(a.secrets, run), found, err
}

func (a redactedArchive) Cells(ctx context.Context, runID int64) ([]ledger.Cell, error) {
	cells, err := a.Archive.Cells(ctx, runID)
	return hideCells(a.secrets, cells), err
}

func (a redactedArchive) Committed(ctx context.Context, slot ledger.Slot) ([]ledger.Cell, error) {
	cells, err := a.Archive.Committed(ctx, slot)
	return hideCells(a.secrets, cells), err
}

func (a redactedArchive) hideRuns(runs []ledger.Run) []ledger.Run {
	for i := range runs {
		runs[i] = hideRun(a.secrets, runs[i])
	}
	return runs
}

func hideRun(secrets *config.Redactor, run ledger.Run) ledger.Run {
	run.Reason = secrets.Text(run.Reason)
	return run
}

func hideCell(secrets *config.Redactor, cell ledger.Cell) ledger.Cell {
	cell.Reason = secrets.Text(cell.Reason)
	return cell
}

// hideCells returns a copy: the cells of an event are shared by all who listen.
func hideCells(secrets *config.Redactor, cells []ledger.Cell) []ledger.Cell {
	cells = slices.Clone(cells)
	for i := range cells {
		cells[i] = hideCell(secrets, cells[i])
	}
	return cells
}

// hideEvent hides the secrets in what a run says of itself.
func hideEvent(secrets *config.Redactor, e ledger.Event) ledger.Event {
	e.Run, e.Waiting, e.Cells = hideRun(secrets, e.Run), secrets.Text(e.Waiting), hideCells(secrets, e.Cells)
	return e
}

// hideReport hides the secrets in what came of a run.
func hideReport(secrets *config.Redactor, report syncer.Report) syncer.Report {
	report.Run, report.Cells = hideRun(secrets, report.Run), hideCells(secrets, report.Cells)
	report.Faults = slices.Clone(report.Faults)
	for i := range report.Faults {
		report.Faults[i] = secrets.Text(report.Faults[i])
	}
	return report
}
