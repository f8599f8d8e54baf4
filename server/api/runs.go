package api

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"barkeep/ledger"
	"barkeep/query"
	"barkeep/server"
	"barkeep/server/view"
	"barkeep/store"
)

type runsInput struct {
	Job        string `query:"job" enum:"import,maintenance" example:"import" doc:"Of which; of all by default."`
	State      string `query:"state" enum:"running,done,partial,failed,stopped,abandoned,missed" example:"done" doc:"In which; in any by default."`
	Instrument string `query:"instrument" format:"instrument" example:"ES" doc:"Of which a run has evidence; of any by default."`
	Before     int64  `query:"before" minimum:"1" example:"12" doc:"Only runs with a smaller number."`
	Evidence   string `query:"evidence" enum:"0,1" example:"1" default:"0" doc:"With the sums of what each run proves."`
	Limit      int    `query:"limit" minimum:"1" maximum:"500" example:"10" default:"20" doc:"How many runs, at most."`
}

// listedRun is a run in a list.
type listedRun struct {
	view.Run
	Evidence *view.Evidence `json:"evidence,omitempty" doc:"where it was asked for, and a cell was recorded"`
}

type runsAnswer struct {
	Runs []listedRun `json:"runs" doc:"The newest first."`
}

// listRuns shows the newest runs, newest first.
func (a *API) listRuns(c *call, p *runsInput) (runsAnswer, error) {
	filter := store.RunFilter{
		Job: ledger.Job(p.Job), State: ledger.State(p.State), Instrument: p.Instrument, Before: p.Before,
	}
	recent, cells, err := query.ReadRuns(c.r.Context(), a.server.Ledger, filter, p.Limit, p.Evidence == "1")
	views := a.server.Views()
	shown := runsAnswer{make([]listedRun, len(recent.Runs))}
	for i, run := range views.Runs(recent.Runs, recent.Progress) {
		shown.Runs[i] = listedRun{run, views.Evidence(cells[run.ID])}
	}
	return shown, err
}

// runAnswer is a run with its cells.
type runAnswer struct {
	view.Run
	Evidence *view.Evidence `json:"evidence"`
	Cells    []view.Cell    `json:"cells"`
}

type runInput struct {
	ID int64 `path:"id" minimum:"1" example:"12" doc:"Of the run."`
}

// oneRun shows a run with the evidence of each of its series.
func (a *API) oneRun(c *call, p *runInput) (runAnswer, error) {
	read, err := query.ReadLedgerRun(c.r.Context(), a.server.Ledger, p.ID)
	var none query.NoRunError
	if errors.As(err, &none) {
		return runAnswer{}, server.NewProblem(http.StatusNotFound, "not-found", none.Error())
	}
	views := a.server.Views()
	return runAnswer{views.RunWith(read.Run, read.Progress), views.Evidence(read.Cells), views.Cells(read.Cells)}, err
}

// startedView says what came of a request for a run.
type startedView struct {
	New      bool     `json:"new" doc:"this request started it; else it was there"`
	Location string   `json:"location" doc:"where to watch it"`
	Run      view.Run `json:"run"`
}

type startInput struct{ request RunRequest }

// Resolve reads the body.
func (p *startInput) Resolve(ctx huma.Context) []error {
	c := callOf(ctx)
	p.request, c.err = c.api.readRequest(c)
	return nil
}

// startRun starts a run and returns at once: 202 while it runs, also for those who ask for the same meanwhile, and 200 when the
// slot had already been run. Location is the run,
// or its slot while its holder has no number for it yet.
func (a *API) startRun(c *call, p *startInput) error {
	request := p.request
	started, err := a.Starter.Start(c.r.Context(), request)
	if err != nil {
		return err
	}
	location := "/api/v1/runs/" + strconv.FormatInt(started.Run.ID, 10)
	if started.Run.ID == 0 {
		location = "/api/v1/slots/" + ledger.InstantKey(request.Slot.At)
	}
	return a.accepted(c, started, location)
}

// accepted answers with the run that was asked for.
func (a *API) accepted(c *call, started StartedRun, location string) error {
	a.server.Logger.InfoContext(c.r.Context(), "run asked for over http", "run", started.Run.ID, "new", started.New,
		"remote", c.r.RemoteAddr)
	status := http.StatusOK
	if started.New || started.Run.State == ledger.StateRunning {
		status = http.StatusAccepted
	}
	c.w.Header().Set("Location", location)
	a.server.JSONStatus(c.w, status, startedView{started.New, location, a.server.Views().Run(started.Run)})
	return nil
}
