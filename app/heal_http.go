package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"barkeep/client"
	"barkeep/ledger"
	"barkeep/server"
	"barkeep/server/api"
	"barkeep/server/view"
)

// healOf is a request over HTTP.
func healOf(r api.HealRequest) HealRequest {
	return HealRequest{From: r.From, Token: r.FromToken, Instruments: r.Instruments, Timeframes: r.Timeframes, Window: r.Window}
}

// healName names what a request to heal does. The token is no part of it: the name is seen in Redis and the database.
func healName(r HealRequest) string {
	var names []string
	for _, i := range r.Instruments {
		names = append(names, i.Name)
	}
	for _, t := range r.Timeframes {
		names = append(names, "/"+string(t))
	}
	slices.Sort(names)
	text := fmt.Sprintf("%s: %s, %s to %s", strings.TrimRight(r.From, "/"), strings.Join(slices.Compact(names), " "),
		r.Window.From.Format(time.RFC3339), r.Window.To.Format(time.RFC3339))
	sum := sha256.Sum256([]byte(text))
	return "heal:" + hex.EncodeToString(sum[:12])
}

// WouldHeal implements api.Hand.
func (h hand) WouldHeal(ctx context.Context, r api.HealRequest) (view.Healing, error) {
	request := healOf(r)
	request.DryRun = true
	from, err := addressServer(request)
	if err != nil {
		return view.Healing{}, h.refusedHeal(request, err)
	}
	defer from.close()
	report, err := h.heal(ctx, from, request, "", nil)
	if err != nil {
		return view.Healing{}, h.refusedHeal(request, err)
	}
	return ViewHealing(report, true), nil
}

// heals carries out a request over HTTP, unless another process does the same already, or too many runs are in progress. Without
// a gap to fill there is no run.
func (a *App) heals(ctx context.Context, r api.HealRequest, listen func(ledger.Event)) (api.StartedRun, error) {
	request := healOf(r)
	from, err := addressServer(request)
	if err != nil {
		return api.StartedRun{}, a.refusedHeal(request, err)
	}
	defer from.close()
	give, err := a.alone(ctx, healName(request), ledger.JobImport)
	if err != nil {
		return api.StartedRun{}, err
	}
	defer give()
	report, err := a.heal(ctx, from, request, "api heal", listen)
	if err == nil && report.Run.ID == 0 && len(report.NotJudged) > 0 {
		return api.StartedRun{}, server.NewProblem(http.StatusConflict, "not-judged",
			fmt.Sprintf("%s and %d others: %s", report.NotJudged[0], len(report.NotJudged)-1, notJudgedYet))
	}
	return api.StartedRun{Run: report.Run, New: report.Run.ID != 0}, a.refusedHeal(request, err)
}

// refusedHeal is what a client sees of what kept a heal from beginning. What keeps one from ending is told by its run.
func (a *App) refusedHeal(r HealRequest, err error) error {
	var there otherError
	var refused *client.Problem
	var nothing nothingKnown
	shown := ""
	if r.Token != "" {
		shown = hiddenToken
	}
	asks := errors.As(err, &there) && errors.As(err, &refused) &&
		(refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden)
	switch {
	case errors.Is(err, client.ErrToken):
		return server.BadInput([]server.Invalid{{In: "body", Parameter: "from_token", Value: shown, Accepted: acceptedToken}})
	case errors.Is(err, client.ErrAddress):
		return server.BadInput([]server.Invalid{{In: "body", Parameter: "from", Value: "", Accepted: api.AcceptedHealFrom}})
	case errors.As(err, &nothing):
		return server.NewProblem(http.StatusConflict, "nothing-stored", nothing.Error())
	case asks:
		return server.BadInput([]server.Invalid{{
			In: "body", Parameter: "from_token", Value: shown, Accepted: "the API_READ_TOKEN of the other Barkeep; " + there.Error(),
		}})
	case errors.As(err, &there):
		return fmt.Errorf("%w: %w", server.NewProblem(http.StatusBadGateway, "elsewhere", there.Error()), err)
	}
	return err
}

const (
	hiddenToken   = "xxxxx"
	acceptedToken = "a text of one line, without spaces around it"
)

// ViewHealing shows what came of healing.
func ViewHealing(r HealReport, dryRun bool) view.Healing {
	v := view.Healing{From: r.From, DryRun: dryRun, Run: r.Run.ID, Series: []view.Healed{}}
	for _, s := range r.NotJudged {
		v.NotJudged = append(v.NotJudged, s.String())
	}
	for _, h := range r.Series {
		one := view.Healed{
			Instrument: h.Series.Instrument, Timeframe: h.Series.Timeframe, Gaps: h.Gaps, Absent: h.Bars, Filled: h.Filled, None: h.None,
			Unexpected: h.Unexpected, Already: h.Already, Unfit: h.Unfit, Left: []view.LeftGap{},
		}
		for _, l := range h.Left {
			one.Left = append(one.Left, view.LeftGap{First: l.Gap.First, Last: l.Gap.Last, Reason: l.Gap.Reason, Bars: l.Bars, Why: l.Why})
		}
		v.Filled, v.Left = v.Filled+h.Filled, v.Left+int64(len(h.Left))
		v.Series = append(v.Series, one)
	}
	return v
}
