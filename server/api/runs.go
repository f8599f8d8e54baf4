package api

import (
	"errors"
	"net/http"
	"strconv"

	"barkeep/ledger"
	"barkeep/query"
	"barkeep/server"
	"barkeep/server/view"
)

// The bounds of a list of runs.
const (
	defaultRuns = 20
	mostRuns    = 500
)

// listRuns shows the newest runs of all jobs, newest first.
func (a *API) listRuns(w http.ResponseWriter, r *http.Request) error {
	in := newInput(r, "limit")
	limit := in.number("limit", defaultRuns, 1, mostRuns)
	if err := in.err(); err != nil {
		return err
	}
	recent, err := query.ReadRecent(r.Context(), a.server.Ledger, limit)
	if err != nil {
		return err
	}
	return a.server.JSON(w, map[string][]view.Run{"runs": a.server.Views().Runs(recent.Runs, recent.Progress)})
}

// runAnswer is a run with its cells.
type runAnswer struct {
	view.Run
	Evidence *view.Evidence `json:"evidence"`
	Cells    []view.Cell    `json:"cells"`
}

// oneRun shows a run with the evidence of each of its series.
func (a *API) oneRun(w http.ResponseWriter, r *http.Request) error {
	in := newInput(r)
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		in.refuse("path", "id", r.PathValue("id"), "the number of a run, from 1")
	}
	if err := in.err(); err != nil {
		return err
	}
	read, err := query.ReadLedgerRun(r.Context(), a.server.Ledger, id)
	var none query.NoRunError
	if errors.As(err, &none) {
		return server.NewProblem(http.StatusNotFound, "not-found", none.Error())
	}
	if err != nil {
		return err
	}
	views := a.server.Views()
	return a.server.JSON(w, runAnswer{views.RunWith(read.Run, read.Progress), views.Evidence(read.Cells), views.Cells(read.Cells)})
}

// startedView says what came of a request for a run.
type startedView struct {
	New      bool     `json:"new"`      // this request started it; else it was there
	Location string   `json:"location"` // where to watch it
	Run      view.Run `json:"run"`
}

// startRun starts a run and returns at once: 202 while it runs, also for those who ask for the same meanwhile, and 200 when the
// slot had already been run. Location is the run,
// or its slot while its holder has no number for it yet.
func (a *API) startRun(w http.ResponseWriter, r *http.Request) error {
	if err := a.server.Authorized(r); err != nil {
		return err
	}
	request, err := a.readRequest(w, r)
	if err != nil {
		return err
	}
	started, err := a.Starter.Start(r.Context(), request)
	if err != nil {
		return err
	}
	location := "/api/v1/runs/" + strconv.FormatInt(started.Run.ID, 10)
	if started.Run.ID == 0 {
		location = "/api/v1/slots/" + ledger.InstantKey(request.Slot.At)
	}
	a.server.Logger.InfoContext(r.Context(), "run asked for over http", "run", started.Run.ID, "new", started.New,
		"remote", r.RemoteAddr)
	status := http.StatusOK
	if started.New || started.Run.State == ledger.StateRunning {
		status = http.StatusAccepted
	}
	w.Header().Set("Location", location)
	a.server.JSONStatus(w, status, startedView{started.New, location, a.server.Views().Run(started.Run)})
	return nil
}
