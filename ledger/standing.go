package ledger

import (
	"errors"
	"fmt"
	"time"
)

// The states of a slot for which nothing was run; else it has the state of its run.
const (
	StateWaiting State = "waiting" // its time has not come
	StateDue     State = "due"     // its time has come
)

// ErrNotDue tells that a slot's time has not come, so that it cannot be run yet.
var ErrNotDue = errors.New("the slot is not due yet")

// Standing is how a slot stands at an instant.
type Standing struct {
	Timed
	Run   Run   // the one that tells how the slot stands; its ID is 0 when there is none
	State State // of the run, or waiting, due or missed without one
	Done  bool  // every series has its evidence
	Ended bool  // nothing will change any more by itself
}

// Standing judges a slot of the schedule by the run that tells how it stands (its ID is 0 when there is none). A slot is tried
// again until the schedule's next one comes: what is not done by then has ended.
func (s Schedule) Standing(slot Timed, run Run, now time.Time) Standing {
	_, next := s.Next(slot.At)
	over := !now.Before(next)
	v := Standing{Timed: slot, Run: run}
	switch {
	case run.ID != 0:
		v.State = run.State
	case now.Before(slot.At):
		v.State = StateWaiting
	case over:
		v.State = StateMissed
	default:
		v.State = StateDue
	}
	v.Done = v.State == StateDone
	v.Ended = v.Done || v.State == StateMissed || (over && v.State != StateRunning)
	return v
}

// Selectable is the slot of a date and index, if it may be run at now; an empty date is that of now in the schedule's zone. A
// slot whose time has not come may not: what it fetched would not be the date's data. The errors wrap ErrSlot or ErrNotDue.
func (s Schedule) Selectable(date string, index int, now time.Time) (Timed, error) {
	if date == "" {
		date = s.Today(now)
	}
	at, err := s.At(date, index)
	if err != nil {
		return Timed{}, err
	}
	slot := Timed{Slot: Slot{Job: s.job, Date: date, Index: index}, At: at}
	if at.After(now) {
		return slot, fmt.Errorf("%w: it comes at %s", ErrNotDue, at.Format("2006-01-02 15:04 MST"))
	}
	return slot, nil
}

// Newest is the newest slot that may be run at now. The error wraps ErrSlot when there is none.
func (s Schedule) Newest(now time.Time) (Timed, error) {
	slot, at, ok := s.Due(now)
	if !ok {
		return Timed{}, fmt.Errorf("%w: no slot is due yet", ErrSlot)
	}
	return Timed{Slot: slot, At: at}, nil
}

// Today is the date of now in the schedule's zone; in UTC for the zero Schedule.
func (s Schedule) Today(now time.Time) string {
	if s.zone == nil {
		return now.UTC().Format(time.DateOnly)
	}
	return now.In(s.zone).Format(time.DateOnly)
}

// On are the slots of a date. The error wraps ErrSlot when the date is none.
func (s Schedule) On(date string) ([]Timed, error) {
	slots := make([]Timed, 0, s.Len())
	for index := range s.Len() {
		at, err := s.At(date, index)
		if err != nil {
			return nil, err
		}
		slots = append(slots, Timed{Slot: Slot{Job: s.job, Date: date, Index: index}, At: at})
	}
	return slots, nil
}
