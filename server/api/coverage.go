package api

import (
	"slices"
	"strings"

	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
	"barkeep/store"
)

type coverageInput struct {
	Instruments []string `query:"instrument" format:"instrument" example:"ES" doc:"Of which; of all by default."`
	Timeframes  []string `query:"timeframe" format:"timeframe" example:"1d" doc:"Of which; of all by default."`
	Reasons     []string `query:"reason" format:"gap-reason" example:"late" doc:"Only gaps with these reasons; _ may stand for a space."`
	Span
	Sessions string `query:"sessions" enum:"0,1" example:"1" default:"0" doc:"With each session, too."`
	Gaps     string `query:"gaps" enum:"0,1" example:"1" default:"0" doc:"With the gaps, too."`
	Limit    int    `query:"limit" minimum:"1" maximum:"10000" example:"10" default:"1000" doc:"How many gaps, at most."`
}

type coverageAnswer struct {
	Coverage []view.Coverage `json:"coverage"`
}

// readCoverage shows how much of what is expected of the series is there; with sessions=1 for each session, with gaps=1 the
// gaps, too.
func (a *API) readCoverage(c *call, p *coverageInput) (coverageAnswer, error) {
	request := query.CoverageRequest{
		Window: p.window, Cells: p.Sessions == "1", Gaps: p.Gaps == "1", Instruments: p.Instruments,
		Timeframes: as[market.Timeframe](p.Timeframes), Reasons: as[market.GapReason](p.Reasons),
	}
	settled, _, err := store.SettledCalendars(c.r.Context(), a.Calendars)
	if err != nil {
		return coverageAnswer{}, err
	}
	request.Instrument = func(name string) (market.Instrument, error) {
		i, err := a.Resolve(name)
		return settled.Settle(i), err
	}
	all, err := query.ReadCoverage(c.r.Context(), a.Past, request)
	if err != nil {
		return coverageAnswer{}, err
	}
	views, limit := a.server.Views().Coverages(all, a.Serves), p.Limit // lost_on is of all gaps, also of those that are left out
	for i := range views {
		n := min(limit, len(views[i].Gaps))
		views[i].Gaps, limit = views[i].Gaps[:n], limit-n
	}
	return coverageAnswer{views}, nil
}

// as gives texts another type.
func as[T ~string](texts []string) []T {
	var all []T
	for _, text := range texts {
		all = append(all, T(text))
	}
	return all
}

func acceptedReasons() string {
	var all []string
	for _, r := range market.GapReasons() {
		all = append(all, string(r))
	}
	return strings.Join(slices.Sorted(slices.Values(all)), ", ")
}
