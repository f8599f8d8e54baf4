package app

import (
	"context"
	"slices"
	"time"

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

// Settle looks for the cell as RecordCell wrote it.
func (tx redactedTx) Settle(ctx context.Context, cell ledger.Cell) (bool, error) {
	return tx.Tx.Settle(ctx, hideCell(tx.secrets, cell))
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

func (a redactedArchive) Missed(ctx context.Context, slot ledger.Slot, reason string, now time.Time) (bool, error) {
	return a.Archive.Missed(ctx, slot, a.secrets.Text(reason), now)
}

func (a redactedArchive) Standing(
	ctx context.Context, job ledger.Job, from, to time.Time, kept ledger.Kept,
) ([]ledger.Run, error) {
	runs, err := a.Archive.Standing(ctx, job, from, to, kept)
	return hideRuns(a.secrets, runs), err
}

func (a redactedArchive) Latest(ctx context.Context, slot ledger.Slot, kept ledger.Kept) (ledger.Run, bool, error) {
	return redactedReading{a.Archive, a.secrets}.Latest(ctx, slot, kept)
}

func (a redactedArchive) Runs(ctx context.Context, limit int) ([]ledger.Run, error) {
	return redactedReading{a.Archive, a.secrets}.Runs(ctx, limit)
}

func (a redactedArchive) Run(ctx context.Context, id int64) (ledger.Run, bool, error) {
	return redactedReading{a.Archive, a.secrets}.Run(ctx, id)
}

func (a redactedArchive) Cells(ctx context.Context, runID int64) ([]ledger.Cell, error) {
	return redactedReading{a.Archive, a.secrets}.Cells(ctx, runID)
}

func (a redactedArchive) Committed(ctx context.Context, slot ledger.Slot) ([]ledger.Cell, error) {
	return redactedReading{a.Archive, a.secrets}.Committed(ctx, slot)
}

// redactedReading is the part of it that reads the ledger.
type redactedReading struct {
	Reading
	secrets *config.Redactor
}

func (r redactedReading) Latest(ctx context.Context, slot ledger.Slot, kept ledger.Kept) (ledger.Run, bool, error) {
	run, found, err := r.Reading.Latest(ctx, slot, kept)
	return hideRun(r.secrets, run), found, err
}

func (r redactedReading) Runs(ctx context.Context, limit int) ([]ledger.Run, error) {
	runs, err := r.Reading.Runs(ctx, limit)
	return hideRuns(r.secrets, runs), err
}

func (r redactedReading) Run(ctx context.Context, id int64) (ledger.Run, bool, error) {
	run, found, err := r.Reading.Run(ctx, id)
	return hideRun(r.secrets, run), found, err
}

func (r redactedReading) Cells(ctx context.Context, runID int64) ([]ledger.Cell, error) {
	cells, err := r.Reading.Cells(ctx, runID)
	return hideCells(r.secrets, cells), err
}

func (r redactedReading) Committed(ctx context.Context, slot ledger.Slot) ([]ledger.Cell, error) {
	cells, err := r.Reading.Committed(ctx, slot)
	return hideCells(r.secrets, cells), err
}

func hideRuns(secrets *config.Redactor, runs []ledger.Run) []ledger.Run {
	for i := range runs {
		runs[i] = hideRun(secrets, runs[i])
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
