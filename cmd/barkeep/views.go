package main

import (
	"encoding/json"
	"io"
	"time"

	"barkeep/market"
	"barkeep/server/view"
	syncer "barkeep/sync"
	"barkeep/yahoo"
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

// reportView is a run with its evidence as --json shows it.
type reportView struct {
	Outcome  string          `json:"outcome,omitempty"` // of a slot: ran, already ran, waited for, held
	Slot     *view.NamedSlot `json:"slot,omitempty"`
	Run      view.Run        `json:"run"`
	Inserted int             `json:"inserted"`
	Requests int             `json:"requests"`
	Cells    []view.Cell     `json:"cells"`
	Faults   []string        `json:"faults"`
}

func reportJSON(r syncer.Report, names naming) reportView {
	return reportView{
		Run: names.RunWith(r.Run, r.Progress), Inserted: r.Inserted(), Requests: r.Requests, Cells: names.Cells(r.Cells),
		Faults: append([]string{}, r.Faults...),
	}
}

// taskView is a task of a plan as --json shows it.
type taskView struct {
	Instrument string             `json:"instrument"`
	Symbol     string             `json:"symbol"`
	Timeframe  market.Timeframe   `json:"timeframe"`
	Derived    []market.Timeframe `json:"derived"`
	Reason     syncer.Reason      `json:"reason"`
	From       *time.Time         `json:"from"`
	To         *time.Time         `json:"to"`
	Requests   int                `json:"requests"`
}

func planJSON(p syncer.Plan, perMinute float64) any {
	tasks := make([]taskView, len(p.Tasks))
	for i, t := range p.Tasks {
		tasks[i] = taskView{
			Instrument: t.Instrument.Name, Symbol: yahoo.Symbol(t.Instrument), Timeframe: t.Base,
			Derived: append([]market.Timeframe{}, t.Derived...), Reason: t.Reason,
			From: optional(t.Window.From), To: optional(t.Window.To), Requests: len(t.Fetches),
		}
	}
	return struct {
		Made     time.Time  `json:"made"`
		Requests int        `json:"requests"`
		Estimate float64    `json:"estimate_seconds"`
		Tasks    []taskView `json:"tasks"`
	}{p.Made.UTC(), p.Requests(), p.Estimate(perMinute).Seconds(), tasks}
}

// timeframes are the names of all timeframes, shortest first.
func timeframes() []string {
	var names []string
	for _, t := range market.Timeframes() {
		names = append(names, string(t))
	}
	return names
}
