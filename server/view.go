package server

import (
	"time"

	"barkeep/ledger"
	"barkeep/market"
)

// instant is one moment for people in two zones. The Pacific one bears the offset that holds then: -08:00 in winter, -07:00
// in summer.
type instant struct {
	UTC     string `json:"utc"`
	Pacific string `json:"pacific"`
}

// instant is nil for the zero time, so that JSON shows null.
func (s *Server) instant(t time.Time) *instant {
	if t.IsZero() {
		return nil
	}
	return &instant{UTC: t.UTC().Format(time.RFC3339), Pacific: t.In(s.Pacific).Format(time.RFC3339)}
}

// runView is a run. Its token is a secret of its process and is not there.
type runView struct {
	ID       int64        `json:"id"`
	Job      ledger.Job   `json:"job"`
	Date     string       `json:"date,omitempty"` // of its slot; absent for a run ad hoc
	Slot     *int         `json:"slot,omitempty"`
	Attempt  int          `json:"attempt"`
	Forced   bool         `json:"forced"`
	Entry    string       `json:"entry"`
	Host     string       `json:"host"`
	PID      int          `json:"pid"`
	State    ledger.State `json:"state"`
	Reason   string       `json:"reason,omitempty"`
	Started  *instant     `json:"started"`
	Finished *instant     `json:"finished"`
	Took     *float64     `json:"took_seconds"`
}

func (s *Server) viewRun(r ledger.Run) runView {
	v := runView{
		ID: r.ID, Job: r.Job, Attempt: r.Attempt, Forced: r.Forced, Entry: r.Entry, Host: r.Host, PID: r.PID, State: r.State,
		Reason: r.Reason, Started: s.instant(r.Started), Finished: s.instant(r.Finished),
	}
	if slot, ok := ledger.SlotOf(r); ok {
		v.Date, v.Slot = slot.Date, &slot.Index
	}
	if !r.Started.IsZero() && !r.Finished.IsZero() {
		took := r.Finished.Sub(r.Started).Round(time.Millisecond).Seconds()
		v.Took = &took
	}
	return v
}

func (s *Server) viewRuns(runs []ledger.Run) []runView {
	views := make([]runView, len(runs))
	for i, r := range runs {
		views[i] = s.viewRun(r)
	}
	return views
}

// cellView is the evidence of one series.
type cellView struct {
	Instrument string           `json:"instrument"`
	Timeframe  string           `json:"timeframe"`
	State      ledger.CellState `json:"state"`
	Reason     string           `json:"reason,omitempty"`
	From       *instant         `json:"from"`
	To         *instant         `json:"to"`
	Requests   int              `json:"requests"`
	Fetched    int              `json:"fetched"`
	Inserted   int              `json:"inserted"`
	Changed    int              `json:"changed"`
	Unchanged  int              `json:"unchanged"`
	Newest     *instant         `json:"newest"`
	Finished   *instant         `json:"finished"`
}

func (s *Server) viewCells(cells []ledger.Cell) []cellView {
	views := make([]cellView, len(cells))
	for i, c := range cells {
		views[i] = cellView{
			Instrument: c.Instrument, Timeframe: c.Timeframe, State: c.State, Reason: c.Reason,
			From: s.instant(c.From), To: s.instant(c.To), Requests: c.Requests, Fetched: c.Fetched, Inserted: c.Inserted,
			Changed: c.Changed, Unchanged: c.Unchanged, Newest: s.instant(c.Newest), Finished: s.instant(c.Finished),
		}
	}
	return views
}

// seriesView is what the archive holds of one series.
type seriesView struct {
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	Bars       int64            `json:"bars"`
	Oldest     *instant         `json:"oldest"`
	Newest     *instant         `json:"newest"`
	Age        *float64         `json:"newest_age_seconds"` // since the newest bar's start
}

func (s *Server) viewSeries(states []market.SeriesState, now time.Time) []seriesView {
	views := make([]seriesView, len(states))
	for i, state := range states {
		views[i] = seriesView{
			Instrument: state.Series.Instrument, Timeframe: state.Series.Timeframe, Bars: state.Count,
			Oldest: s.instant(state.Oldest), Newest: s.instant(state.Newest),
		}
		if !state.Newest.IsZero() {
			age := now.Sub(state.Newest).Round(time.Second).Seconds()
			views[i].Age = &age
		}
	}
	return views
}
