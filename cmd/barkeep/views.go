package main

import (
	"encoding/json"
	"io"
	"slices"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// optional is nil for a zero time, so that JSON shows null rather than the year 1.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

// runView is a run as --json shows it.
type runView struct {
	ID int64 `json:"id"`
	ledger.SlotView
	Attempt  int        `json:"attempt"`
	Forced   bool       `json:"forced"`
	Entry    string     `json:"entry"`
	State    string     `json:"state"`
	Reason   string     `json:"reason,omitempty"`
	Host     string     `json:"host"`
	Started  *time.Time `json:"started"`
	Finished *time.Time `json:"finished"`

	Progress *ledger.Progress `json:"progress,omitempty"` // of a run in progress that has said something
}

func viewRun(r ledger.Run, names naming) runView {
	return runView{
		ID: r.ID, SlotView: r.SlotView(names.pacific), Attempt: r.Attempt, Forced: r.Forced, Entry: r.Entry,
		State: string(r.State), Reason: r.Reason, Host: r.Host, Started: optional(r.Started), Finished: optional(r.Finished),
	}
}

func viewRuns(runs []ledger.Run, progress map[int64]ledger.Progress, names naming) []runView {
	views := make([]runView, len(runs))
	for i, r := range runs {
		views[i] = viewRun(r, names)
		if said, ok := progress[r.ID]; ok {
			views[i].Progress = &said
		}
	}
	return views
}

// cellView is the evidence of a series as --json shows it.
type cellView struct {
	Instrument string     `json:"instrument"`
	Timeframe  string     `json:"timeframe"`
	State      string     `json:"state"`
	Reason     string     `json:"reason"`
	From       *time.Time `json:"from"`
	To         *time.Time `json:"to"`
	Requests   int        `json:"requests"`
	Fetched    int        `json:"fetched"`
	Inserted   int        `json:"inserted"`
	Changed    int        `json:"changed"`
	Unchanged  int        `json:"unchanged"`
	Newest     *time.Time `json:"newest"`
}

// reportView is a run with its evidence as --json shows it.
type reportView struct {
	Outcome  string           `json:"outcome,omitempty"` // of a slot: ran, already ran, waited for, held
	Slot     *ledger.SlotView `json:"slot,omitempty"`
	Run      runView          `json:"run"`
	Inserted int              `json:"inserted"`
	Requests int              `json:"requests"`
	Cells    []cellView       `json:"cells"`
	Faults   []string         `json:"faults"`
}

func reportJSON(r syncer.Report, names naming) reportView {
	cells := make([]cellView, len(r.Cells))
	for i, c := range r.Cells {
		cells[i] = cellView{
			Instrument: c.Instrument, Timeframe: c.Timeframe, State: string(c.State), Reason: c.Reason,
			From: optional(c.From), To: optional(c.To), Requests: c.Requests, Fetched: c.Fetched,
			Inserted: c.Inserted, Changed: c.Changed, Unchanged: c.Unchanged, Newest: optional(c.Newest),
		}
	}
	run := viewRun(r.Run, names)
	run.Progress = r.Progress
	return reportView{
		Run: run, Inserted: r.Inserted(), Requests: r.Requests, Cells: cells, Faults: append([]string{}, r.Faults...),
	}
}

// timeframes are the names of all timeframes, shortest first.
func timeframes() []string {
	var names []string
	for _, t := range market.Timeframes() {
		names = append(names, string(t))
	}
	return names
}

// orderOf is the rank of a timeframe among all, shortest first; -1 for none.
func orderOf(timeframe string) int {
	return slices.Index(market.Timeframes(), market.Timeframe(timeframe))
}
