package view

import (
	"time"

	"barkeep/ledger"
)

// Run is a run. Its token is a secret of its process and is left out.
type Run struct {
	ID        int64        `json:"id"`
	Job       ledger.Job   `json:"job"`
	*SlotName              // nil, and its fields absent, for a run ad hoc
	Attempt   int          `json:"attempt"`
	Forced    bool         `json:"forced"`
	Entry     string       `json:"entry"`
	Host      string       `json:"host"`
	PID       int          `json:"pid"`
	State     ledger.State `json:"state"`
	Reason    string       `json:"reason,omitempty"`
	Started   *Instant     `json:"started"`
	Finished  *Instant     `json:"finished"`
	Took      *float64     `json:"took_seconds"`

	Progress *Progress `json:"progress,omitempty" doc:"of a run in progress that has said something"`
}

// Progress is what a run in progress was doing when it said so last.
type Progress struct {
	Tasks    int      `json:"tasks" doc:"base series, each with what derives from it"`
	Ended    int      `json:"ended"`
	Failed   int      `json:"failed"`
	Requests int      `json:"requests"`
	Inserted int      `json:"inserted"`
	Now      string   `json:"now,omitempty" doc:"the series that began last"`
	Waiting  string   `json:"waiting,omitempty" doc:"what is waited for"`
	Until    *Instant `json:"until,omitempty"`
	At       *Instant `json:"at"`
}

// Progress shows a progress.
func (r Renderer) Progress(p ledger.Progress) *Progress {
	return &Progress{
		Tasks: p.Tasks, Ended: p.Ended, Failed: p.Failed, Requests: p.Requests, Inserted: p.Inserted, Now: p.Now,
		Waiting: p.Waiting, Until: r.Instant(p.Until), At: r.Instant(p.At),
	}
}

// Run shows a run.
func (r Renderer) Run(run ledger.Run) Run {
	v := Run{
		ID: run.ID, Job: run.Job, Attempt: run.Attempt, Forced: run.Forced, Entry: run.Entry, Host: run.Host, PID: run.PID,
		State: run.State, Reason: run.Reason, Started: r.Instant(run.Started), Finished: r.Instant(run.Finished),
	}
	if run.Scheduled() {
		slot := r.NamedSlot(run.Slot)
		v.SlotName = &slot.SlotName
	}
	if !run.Started.IsZero() && !run.Finished.IsZero() {
		took := run.Finished.Sub(run.Started).Round(time.Millisecond).Seconds()
		v.Took = &took
	}
	return v
}

// RunWith shows a run with its progress; nil for none.
func (r Renderer) RunWith(run ledger.Run, progress *ledger.Progress) Run {
	v := r.Run(run)
	if progress != nil {
		v.Progress = r.Progress(*progress)
	}
	return v
}

// Runs shows runs, in the order given, with the progress of those that are running, by their number.
func (r Renderer) Runs(runs []ledger.Run, progress map[int64]ledger.Progress) []Run {
	views := make([]Run, len(runs))
	for i, run := range runs {
		views[i] = r.Run(run)
		if said, ok := progress[run.ID]; ok {
			views[i].Progress = r.Progress(said)
		}
	}
	return views
}

// LastEnded is the first of runs, newest first, that ended; nil when none did.
func (r Renderer) LastEnded(runs []ledger.Run) *Run {
	for _, run := range runs {
		if !run.Finished.IsZero() {
			v := r.Run(run)
			return &v
		}
	}
	return nil
}

// Cell is the evidence of one series.
type Cell struct {
	Instrument string           `json:"instrument"`
	Timeframe  string           `json:"timeframe"`
	State      ledger.CellState `json:"state"`
	Reason     string           `json:"reason,omitempty"`
	From       *Instant         `json:"from"`
	To         *Instant         `json:"to"`
	Requests   int              `json:"requests"`
	Fetched    int              `json:"fetched"`
	Inserted   int              `json:"inserted"`
	Changed    int              `json:"changed"`
	Unchanged  int              `json:"unchanged"`
	Newest     *Instant         `json:"newest"`
	Finished   *Instant         `json:"finished"`
}

// Cells shows cells, in the order given.
func (r Renderer) Cells(cells []ledger.Cell) []Cell {
	views := make([]Cell, len(cells))
	for i, c := range cells {
		views[i] = Cell{
			Instrument: c.Instrument, Timeframe: c.Timeframe, State: c.State, Reason: c.Reason,
			From: r.Instant(c.From), To: r.Instant(c.To), Requests: c.Requests, Fetched: c.Fetched, Inserted: c.Inserted,
			Changed: c.Changed, Unchanged: c.Unchanged, Newest: r.Instant(c.Newest), Finished: r.Instant(c.Finished),
		}
	}
	return views
}
