package api

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// mostGaps bounds the gaps of one answer.
const (
	defaultGaps = 1_000
	mostGaps    = 10_000
)

// readCoverage shows how much of what is expected of the series is there; with sessions=1 for each session, with gaps=1 the
// gaps, too.
func (a *API) readCoverage(w http.ResponseWriter, r *http.Request) error {
	in := newInput(r, "instrument", "timeframe", "reason", "from", "to", "sessions", "gaps", "limit")
	request := query.CoverageRequest{
		Window: market.Window{From: in.moment("from"), To: in.moment("to")}, Cells: in.flag("sessions"), Gaps: in.flag("gaps"),
	}
	request.Instruments = in.instruments("instrument", a.Resolve)
	for _, text := range in.texts("timeframe") {
		t, err := market.ParseTimeframe(text)
		if err != nil {
			in.refuse("query", "timeframe", text, acceptedTimeframes())
			continue
		}
		request.Timeframes = append(request.Timeframes, t)
	}
	for _, text := range in.texts("reason") {
		reason := market.GapReason(strings.ReplaceAll(text, "_", " "))
		if !reason.Known() {
			in.refuse("query", "reason", text, acceptedReasons())
			continue
		}
		request.Reasons = append(request.Reasons, reason)
	}
	limit := in.number("limit", defaultGaps, 1, mostGaps)
	if in.query.Has("from") && in.query.Has("to") && len(in.wrong) == 0 && request.Window.Empty() {
		in.refuse("query", "to", in.query.Get("to"), "an instant after from, which is "+request.Window.From.Format(time.RFC3339))
	}
	if err := in.err(); err != nil {
		return err
	}
	settled, _, err := store.SettledCalendars(r.Context(), a.Calendars)
	if err != nil {
		return err
	}
	request.Instrument = func(name string) (market.Instrument, error) {
		i, err := a.Resolve(name)
		return settled.Settle(i), err
	}
	all, err := query.ReadCoverage(r.Context(), a.Past, request)
	if err != nil {
		return err
	}
	for i := range all {
		n := min(limit, len(all[i].Gaps))
		all[i].Gaps, limit = all[i].Gaps[:n], limit-n
	}
	return a.server.JSON(w, map[string]any{"coverage": a.server.Views().Coverages(all, a.Serves)})
}

func acceptedReasons() string {
	var all []string
	for _, r := range market.GapReasons() {
		all = append(all, string(r))
	}
	return strings.Join(slices.Sorted(slices.Values(all)), ", ")
}
