package app

import (
	"slices"

	"barkeep/config"
	"barkeep/ledger"
	syncer "barkeep/sync"
)

// hideRun hides the secrets in what is said of a run. The ledger hides them by itself.
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
