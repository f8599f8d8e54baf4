package main

import (
	"encoding/json"
	"io"
	"time"

	"barkeep/market"
	"barkeep/server/view"
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

// timeframes are the names of all timeframes, shortest first.
func timeframes() []string {
	var names []string
	for _, t := range market.Timeframes() {
		names = append(names, string(t))
	}
	return names
}
