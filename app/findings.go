package app

import (
	"context"

	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// CheckFindings holds all stored bars against the calendars of their exchanges, as Engine.Findings has it, and keeps what it
// found. Maintenance calls it after its import.
func (a *App) CheckFindings(ctx context.Context) (syncer.FindingsReport, error) {
	report, err := a.Engine.Findings(ctx, a.Archive, yahoo.Resolve)
	if err != nil {
		return report, a.secrets.Error(err)
	}
	a.Engine.Logger.InfoContext(ctx, "bars held against their calendars", "findings", len(report.Findings), "gone", report.Gone,
		"closed", report.Closed, "unknown", len(report.Unknown))
	return report, nil
}
