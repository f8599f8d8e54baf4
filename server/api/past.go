package api

import (
	"barkeep/market"
	"barkeep/server/view"
	"barkeep/store"
)

// listActions shows the splits, dividends and capital gains of an instrument, or of all; also those that were taken back.
func (a *API) listActions(c *call, p *actionsInput) (actionsAnswer, error) {
	actions, err := a.Past.Actions(c.r.Context(), p.Instrument)
	return actionsAnswer{a.server.Views().Actions(actions)}, err
}

type actionsInput struct {
	Instrument string `query:"instrument" format:"instrument" example:"ES" doc:"Of which; of all by default."`
}

type actionsAnswer struct {
	Actions []view.Action `json:"actions"`
}

// listFindings shows where the bars of exchanges and their calendars disagreed when that was looked at last.
func (a *API) listFindings(c *call, _ *nothing) (findingsAnswer, error) {
	found, err := a.Past.Findings(c.r.Context())
	return findingsAnswer{a.server.Views().Findings(found)}, err
}

type findingsAnswer struct {
	Findings []view.Finding `json:"findings"`
}

// listProofs shows how far the timeframes of instruments agreed with one another when that was looked at last; of all where none
// is named.
func (a *API) listProofs(c *call, p *proofsInput) (proofsAnswer, error) {
	proofs, err := a.Past.ProofList(c.r.Context(), store.ProofFilter{Instruments: p.Instruments})
	return proofsAnswer{a.server.Views().TimeframeProofs(proofs)}, err
}

type proofsInput struct {
	Instruments []string `query:"instrument" format:"instrument" example:"ES" doc:"Of which; of all by default."`
}

type proofsAnswer struct {
	Proofs []view.TimeframeProof `json:"proofs"`
}

// listRevisions shows how the bars of a series changed: before, after, when, by which run and why; and changes of scale, one
// each.
func (a *API) listRevisions(c *call, p *revisionsInput) (view.Changes, error) {
	series := market.Series{Instrument: p.Instrument, Timeframe: market.Timeframe(p.Timeframe)}
	read, err := a.Reader.Changes(c.r.Context(), a.Past, series, p.window)
	return a.server.Views().Changes(series, read, p.Limit), err
}

type revisionsInput struct {
	Instrument string `path:"instrument" format:"instrument" example:"ES"`
	Timeframe  string `query:"timeframe" format:"timeframe" example:"1d" required:"true"`
	Span
	Limit int `query:"limit" minimum:"1" maximum:"10000" example:"10" default:"1000" doc:"How many revisions, at most."`
}
