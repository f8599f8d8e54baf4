package view

import (
	"time"

	"barkeep/ledger"
	"barkeep/query"
)

// SlotName names a slot of a job, among the fields of what belongs to it.
type SlotName struct {
	Date string   `json:"date"`
	Time string   `json:"time,omitempty" doc:"of day, in zone; absent, as zone and at, of a release that did not write it"`
	Zone string   `json:"zone,omitempty"`
	Slot int      `json:"slot" doc:"the number of the time among the date's, from 0"`
	At   *Instant `json:"at,omitempty"`
}

// NamedSlot is a slot by itself.
type NamedSlot struct {
	Job ledger.Job `json:"job"`
	SlotName
}

// NamedSlot shows which slot it is.
func (r Renderer) NamedSlot(s ledger.Slot) NamedSlot {
	return NamedSlot{s.Job, SlotName{Date: s.Date, Time: s.Time, Zone: s.Zone, Slot: s.Index, At: r.Instant(s.At)}}
}

// Slot is a slot with the evidence for its state.
type Slot struct {
	NamedSlot
	State ledger.State `json:"state"`
	Done  bool         `json:"done" doc:"the date's data is there: every cell was committed"`
	Ended bool         `json:"ended" doc:"nothing will change any more by itself"`
	Run   *Run         `json:"run"`

	Due      *int      `json:"due" doc:"series that an import has to bring, with evidence or not yet; null where nobody says which, and of maintenance"`
	Evidence *Evidence `json:"evidence" doc:"of series that have some: all that are due once the run has ended, fewer before"`
}

// Evidence sums what the cells of a slot's run prove.
type Evidence struct {
	Series    int          `json:"series"`
	OK        int          `json:"ok"`
	Fetched   int          `json:"fetched"`
	Inserted  int          `json:"inserted"`
	Changed   int          `json:"changed"`
	Unchanged int          `json:"unchanged"`
	Requests  int          `json:"requests"`
	Newest    *Instant     `json:"newest"`
	Problems  []FailedCell `json:"problems" doc:"cells that need another attempt"`
}

// FailedCell is one cell that is not what it should be.
type FailedCell struct {
	Instrument string           `json:"instrument"`
	Timeframe  string           `json:"timeframe"`
	State      ledger.CellState `json:"state"`
	Reason     string           `json:"reason"`
}

// Slot shows how a slot stands, with the cells of its runs.
func (r Renderer) Slot(s query.Slot) Slot {
	v := Slot{NamedSlot: r.NamedSlot(s.Slot), State: s.State, Done: s.Done, Ended: s.Ended}
	if s.Due > 0 {
		v.Due = &s.Due
	}
	if s.Run.ID != 0 {
		run := r.Run(s.Run)
		v.Run, v.Evidence = &run, r.Evidence(s.Cells)
	}
	return v
}

// Evidence sums cells; it is nil while no cell was recorded.
func (r Renderer) Evidence(cells []ledger.Cell) *Evidence {
	if len(cells) == 0 {
		return nil
	}
	e := &Evidence{Series: len(cells), Problems: []FailedCell{}}
	var newest time.Time
	for _, c := range cells {
		e.Fetched += c.Fetched
		e.Inserted += c.Inserted
		e.Changed += c.Changed
		e.Unchanged += c.Unchanged
		e.Requests += c.Requests
		if c.Newest.After(newest) {
			newest = c.Newest
		}
		if c.State.OK() {
			e.OK++
		} else {
			e.Problems = append(e.Problems, FailedCell{c.Instrument, c.Timeframe, c.State, c.Reason})
		}
	}
	e.Newest = r.Instant(newest)
	return e
}
