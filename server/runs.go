package server

import (
	"net/http"
	"strconv"

	"barkeep/ledger"
)

// The bounds of a list of runs.
const (
	defaultRuns = 20
	mostRuns    = 500
)

// listRuns shows the newest runs of all jobs, newest first.
func (s *Server) listRuns(w http.ResponseWriter, r *http.Request) error {
	in := newInput(r, "limit")
	limit := in.number("limit", defaultRuns, 1, mostRuns)
	if err := in.err(); err != nil {
		return err
	}
	runs, err := s.Runs.Runs(r.Context(), limit)
	if err != nil {
		return err
	}
	return s.json(w, map[string][]runView{"runs": s.viewRuns(runs)})
}

// runAnswer is a run with its cells.
type runAnswer struct {
	runView
	Evidence *evidence  `json:"evidence"`
	Cells    []cellView `json:"cells"`
}

// oneRun shows a run with the evidence of each of its series.
func (s *Server) oneRun(w http.ResponseWriter, r *http.Request) error {
	in := newInput(r)
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		in.refuse("path", "id", r.PathValue("id"), "the number of a run, from 1")
	}
	if err := in.err(); err != nil {
		return err
	}
	run, cells, err := s.Runs.Run(r.Context(), id)
	if err != nil {
		return err
	}
	return s.json(w, runAnswer{s.viewRun(run), s.evidence(cells), s.viewCells(cells)})
}

// startedView says what came of an order.
type startedView struct {
	New      bool    `json:"new"`      // this request started it; else it was there
	Location string  `json:"location"` // where to watch it
	Run      runView `json:"run"`
}

// startRun starts a run and returns at once: 202 while it runs, 200 when the slot had already been run. Location is the run,
// or its slot while its holder has no number for it yet.
func (s *Server) startRun(w http.ResponseWriter, r *http.Request) error {
	if err := s.authorized(r); err != nil {
		return err
	}
	order, err := s.readOrder(w, r)
	if err != nil {
		return err
	}
	started, err := s.Runs.Start(r.Context(), order)
	if err != nil {
		return err
	}
	location := "/api/v1/runs/" + strconv.FormatInt(started.Run.ID, 10)
	if started.Run.ID == 0 {
		location = "/api/v1/slots/" + order.Slot.Date + "/" + strconv.Itoa(order.Slot.Index)
	}
	s.Logger.InfoContext(r.Context(), "run asked for over http", "run", started.Run.ID, "new", started.New, "remote", r.RemoteAddr)
	status := http.StatusOK
	if started.New || started.Run.State == ledger.StateRunning {
		status = http.StatusAccepted
	}
	w.Header().Set("Location", location)
	s.write(w, status, "application/json", startedView{started.New, location, s.viewRun(started.Run)})
	return nil
}
