package view

import (
	"time"

	"barkeep/ledger"
)

// The states of a slot for which nothing was run; else it has the state of its run.
const (
	SlotWaiting ledger.State = "waiting" // its time has not come
	SlotDue     ledger.State = "due"     // its time has come
)

// Slot is a slot with the evidence for its state.
type Slot struct {
	Job   ledger.Job   `json:"job"`
	Date  string       `json:"date"`
	Slot  int          `json:"slot"`
	At    *Instant     `json:"at"`
	State ledger.State `json:"state"`
	Done  bool         `json:"done"`  // the date's data is there: every cell was committed
	Ended bool         `json:"ended"` // nothing will change any more by itself
	Run   *Run         `json:"run"`

	Evidence *Evidence `json:"evidence"`
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
	Problems  []FailedCell `json:"problems"` // cells that need another attempt
}

// FailedCell is one cell that is not what it should be.
type FailedCell struct {
	Instrument string           `json:"instrument"`
	Timeframe  string           `json:"timeframe"`
	State      ledger.CellState `json:"state"`
	Reason     string           `json:"reason"`
}

// Slot shows a slot with the run that tells how it stands (its ID is 0 when there is none) and its cells. A slot is tried
// again until the schedule's next one comes: what is not done by then has ended.
func (r Renderer) Slot(schedule ledger.Schedule, slot ledger.Timed, run ledger.Run, cells []ledger.Cell, now time.Time) Slot {
	_, next := schedule.Next(slot.At)
	over := !now.Before(next)
	v := Slot{Job: slot.Job, Date: slot.Date, Slot: slot.Index, At: r.Instant(slot.At)}
	switch {
	case run.ID != 0:
		shown := r.Run(run)
		v.Run, v.State, v.Evidence = &shown, run.State, r.Evidence(cells)
	case now.Before(slot.At):
		v.State = SlotWaiting
	case over:
		v.State = ledger.StateMissed
	default:
		v.State = SlotDue
	}
	v.Done = v.State == ledger.StateDone
	v.Ended = v.Done || v.State == ledger.StateMissed || (over && v.State != ledger.StateRunning)
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
