package server

import (
	"time"

	"barkeep/ledger"
)

// The states of a slot for which nothing was run; else it has the state of its run.
const (
	slotWaiting ledger.State = "waiting" // its time has not come
	slotDue     ledger.State = "due"     // its time has come
)

// slotView is a slot with the evidence for its state.
type slotView struct {
	Job   ledger.Job   `json:"job"`
	Date  string       `json:"date"`
	Slot  int          `json:"slot"`
	At    *instant     `json:"at"`
	State ledger.State `json:"state"`
	Done  bool         `json:"done"`  // the date's data is there: every cell was committed
	Ended bool         `json:"ended"` // nothing will change any more by itself
	Run   *runView     `json:"run"`

	Evidence *evidence `json:"evidence"`
}

// evidence sums what the cells of a slot's run prove.
type evidence struct {
	Series    int       `json:"series"`
	OK        int       `json:"ok"`
	Fetched   int       `json:"fetched"`
	Inserted  int       `json:"inserted"`
	Changed   int       `json:"changed"`
	Unchanged int       `json:"unchanged"`
	Requests  int       `json:"requests"`
	Newest    *instant  `json:"newest"`
	Problems  []trouble `json:"problems"` // cells that need another attempt
}

// trouble is one cell that is not what it should be.
type trouble struct {
	Instrument string           `json:"instrument"`
	Timeframe  string           `json:"timeframe"`
	State      ledger.CellState `json:"state"`
	Reason     string           `json:"reason"`
}

// viewSlot judges a slot. A slot is tried again until the schedule's next one comes: what is not done by then has ended.
func (s *Server) viewSlot(schedule ledger.Schedule, slot ledger.Timed, record SlotRecord, now time.Time) slotView {
	_, next := schedule.Next(slot.At)
	over := !now.Before(next)
	v := slotView{Job: slot.Job, Date: slot.Date, Slot: slot.Index, At: s.instant(slot.At)}
	switch {
	case record.Run.ID != 0:
		run := s.viewRun(record.Run)
		v.Run, v.State, v.Evidence = &run, record.Run.State, s.evidence(record.Cells)
	case now.Before(slot.At):
		v.State = slotWaiting
	case over:
		v.State = ledger.StateMissed
	default:
		v.State = slotDue
	}
	v.Done = v.State == ledger.StateDone
	v.Ended = v.Done || v.State == ledger.StateMissed || (over && v.State != ledger.StateRunning)
	return v
}

// evidence is nil while no cell was recorded.
func (s *Server) evidence(cells []ledger.Cell) *evidence {
	if len(cells) == 0 {
		return nil
	}
	e := &evidence{Series: len(cells), Problems: []trouble{}}
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
			e.Problems = append(e.Problems, trouble{c.Instrument, c.Timeframe, c.State, c.Reason})
		}
	}
	e.Newest = s.instant(newest)
	return e
}
