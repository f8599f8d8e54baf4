package app

import (
	"context"

	"barkeep/market"
	"barkeep/server/view"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// RebuildCoverage judges the coverage of series anew, as Engine.RebuildCoverage has it.
func (a *App) RebuildCoverage(
	ctx context.Context, instruments []market.Instrument, timeframes []market.Timeframe,
) (syncer.CoverageReport, error) {
	report, err := a.Engine.RebuildCoverage(ctx, instruments, timeframes, yahoo.Resolve)
	if err != nil {
		return report, a.secrets.Error(err)
	}
	a.Engine.Logger.InfoContext(ctx, "coverage judged anew", "series", len(report.Series), "changed", report.Changed(), "left",
		len(report.Left), "unknown", len(report.Unknown))
	return report, nil
}

// ViewRejudged shows what judging series anew came to.
func ViewRejudged(report syncer.CoverageReport, r view.Renderer) []view.Rejudged {
	views := make([]view.Rejudged, len(report.Series))
	for i, s := range report.Series {
		v := view.Rejudged{
			Instrument: s.After.Series.Instrument, Timeframe: s.After.Series.Timeframe, Changed: s.Changed(),
			After: r.Judged(s.After), Gone: []view.Gap{}, New: []view.Gap{},
		}
		if s.Before != (market.Coverage{}) {
			before := r.Judged(s.Before)
			v.Before = &before
		}
		for _, g := range s.Gone {
			v.Gone = append(v.Gone, r.Gap(g, yahoo.Capabilities()))
		}
		for _, g := range s.New {
			v.New = append(v.New, r.Gap(g, yahoo.Capabilities()))
		}
		views[i] = v
	}
	return views
}
