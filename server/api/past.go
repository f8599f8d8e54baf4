package api

import (
	"net/http"
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
	"barkeep/store"
)

// The bounds of a list of revisions.
const (
	defaultRevisions = 1_000
	mostRevisions    = 10_000
)

// listActions shows the splits, dividends and capital gains of an instrument, or of all; also those that were taken back.
func (a *API) listActions(w http.ResponseWriter, r *http.Request) error {
	in := newInput(r, "instrument")
	name := ""
	if in.query.Has("instrument") {
		name = in.instrument("instrument", a.Resolve)
	}
	if err := in.err(); err != nil {
		return err
	}
	actions, err := a.Past.Actions(r.Context(), name)
	if err != nil {
		return err
	}
	return a.server.JSON(w, map[string][]view.Action{"actions": a.server.Views().Actions(actions)})
}

// listFindings shows where the bars of exchanges and their calendars disagreed when that was looked at last.
func (a *API) listFindings(w http.ResponseWriter, r *http.Request) error {
	if err := newInput(r).err(); err != nil {
		return err
	}
	found, err := a.Past.Findings(r.Context())
	if err != nil {
		return err
	}
	return a.server.JSON(w, map[string][]view.Finding{"findings": a.server.Views().Findings(found)})
}

// listProofs shows how far the timeframes of instruments agreed with one another when that was looked at last; of all where none
// is named.
func (a *API) listProofs(w http.ResponseWriter, r *http.Request) error {
	in := newInput(r, "instrument")
	filter := store.ProofFilter{Instruments: in.instruments("instrument", a.Resolve)}
	if err := in.err(); err != nil {
		return err
	}
	proofs, err := a.Past.ProofList(r.Context(), filter)
	if err != nil {
		return err
	}
	return a.server.JSON(w, map[string][]view.TimeframeProof{"proofs": a.server.Views().TimeframeProofs(proofs)})
}

// listRevisions shows how the bars of a series changed: before, after, when, by which run and why; and changes of scale, one
// each.
func (a *API) listRevisions(w http.ResponseWriter, r *http.Request) error {
	in := newInput(r, "timeframe", "from", "to", "limit")
	i, err := a.Resolve(r.PathValue("instrument"))
	if err != nil {
		in.refuse("path", "instrument", r.PathValue("instrument"), acceptedInstruments)
	}
	series := market.Series{Instrument: i.Name, Timeframe: in.timeframe("timeframe")}
	window := market.Window{From: in.moment("from"), To: in.moment("to")}
	limit := in.number("limit", defaultRevisions, 1, mostRevisions)
	if in.query.Has("from") && in.query.Has("to") && len(in.wrong) == 0 && window.Empty() {
		in.refuse("query", "to", in.query.Get("to"), "an instant after from, which is "+window.From.Format(time.RFC3339))
	}
	if err := in.err(); err != nil {
		return err
	}
	read, err := query.ReadChanges(r.Context(), a.Past, series, window)
	if err != nil {
		return err
	}
	return a.server.JSON(w, a.server.Views().Changes(series, read, limit))
}
