package ledger

import (
	"errors"
	"fmt"
	"strings"
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
	Slot
	Run   Run   // the one that tells how the slot stands; its ID is 0 when there is none
	State State // of the run, or waiting, due or missed without one
	Done  bool  // every series has its evidence
	Ended bool  // nothing will change any more by itself
}

// Standing judges a slot of the schedule by the run that tells how it stands (its ID is 0 when there is none). A slot is tried
// again until the schedule's next one comes: what is not done by then has ended.
func (s Schedule) Standing(slot Slot, run Run, now time.Time) Standing {
	next, more := s.Next(slot.At)
	over := more && !now.Before(next.At)
	v := Standing{Slot: slot, Run: run}
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

// Judge is how a slot stands for somebody who keeps series: the run that tells it, by its state as he has to see it. Run is the
// newest unforced one, or the one that is running if there is one (its ID is 0 when there is none), newest the newest unforced
// one that is done (likewise), and cells the newest of each series over all unforced attempts.
//
// The slot is done if every kept series has an OK cell; that others failed is not his. It is due, though a run for somebody else
// is done, as long as one of his has none.
func (k Kept) Judge(run, newest Run, cells []Cell) Run {
	if run.ID == 0 || run.State == StateRunning || run.State == StateAbandoned {
		return run
	}
	if k.Nobody() {
		if newest.ID != 0 {
			return newest
		}
		return run
	}
	missing := k.Missing(cells)
	switch {
	case len(missing) == 0:
		if newest.ID == 0 {
			newest = run
		}
		newest.State, newest.Reason = StateDone, ""
		return newest
	case run.State == StateDone:
		run.State, run.Reason = StateDue, NotImported(missing)
	}
	return run
}

// NotImported says that series of a slot were not imported: "not imported yet: NQ 1m and 10 more series".
func NotImported(missing []Series) string {
	var text strings.Builder
	fmt.Fprintf(&text, "not imported yet: %s", missing[0])
	switch more := len(missing) - 1; more {
	case 0:
	case 1:
		fmt.Fprintf(&text, " and %s", missing[1])
	default:
		fmt.Fprintf(&text, " and %d more series", more)
	}
	return text.String()
}

// Find is the slot of a date by its time of day, or by its number in the schedule in force: "14:05" or "0". An empty text is
// the only slot of the date, where there is one only. The errors wrap ErrSlot.
func (s Schedule) Find(date, text string) (Slot, error) {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return Slot{}, fmt.Errorf("%w: date %q, accepted is a calendar date such as 2026-11-22", ErrSlot, date)
	}
	if s.Len() == 0 {
		return Slot{}, fmt.Errorf("%w: nothing is scheduled", ErrSlot)
	}
	instants := s.day(day)
	if index, ok := parseIndex(text); ok && index < len(instants) {
		return s.slot(day, index, instants[index]), nil
	}
	if text == "" && len(instants) == 1 {
		return s.slot(day, 0, instants[0]), nil
	}
	for i, t := range s.times {
		if clockTime(t) == text {
			return s.slot(day, i, instants[i]), nil
		}
	}
	if s.before != nil {
		if slot, err := s.before.Find(date, text); err == nil && slot.Time == text && slot.At.Before(s.since) {
			return slot, nil
		}
	}
	return Slot{}, fmt.Errorf("%w: %q on %s, the times are %s; a number counts them from 0", ErrSlot, text, date, s)
}

// Selectable is the slot that Find finds, if it may be run at now; an empty date is that of now in the schedule's zone. A slot
// whose time has not come may not: what it fetched would not be the date's data. The errors wrap ErrSlot or ErrNotDue.
func (s Schedule) Selectable(date, text string, now time.Time) (Slot, error) {
	if date == "" {
		date = s.Today(now)
	}
	slot, err := s.Find(date, text)
	if err != nil {
		return Slot{}, err
	}
	if slot.At.After(now) {
		return slot, fmt.Errorf("%w: it comes at %s", ErrNotDue, slot.At.In(s.zone).Format("2006-01-02 15:04 MST"))
	}
	return slot, nil
}

// Newest is the newest slot that may be run at now. The error wraps ErrSlot when there is none.
func (s Schedule) Newest(now time.Time) (Slot, error) {
	slot, ok := s.Due(now)
	if !ok {
		return Slot{}, fmt.Errorf("%w: no slot is due yet", ErrSlot)
	}
	return slot, nil
}

// Today is the date of now in the schedule's zone; in UTC for the zero Schedule.
func (s Schedule) Today(now time.Time) string {
	if s.zone == nil {
		return now.UTC().Format(time.DateOnly)
	}
	return now.In(s.zone).Format(time.DateOnly)
}

// On are the slots of a date, rising: those whose time comes on it by the schedule that was, is or will be in force then. The
// error wraps ErrSlot when the date is none.
func (s Schedule) On(date string) ([]Slot, error) {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return nil, fmt.Errorf("%w: date %q, accepted is a calendar date such as 2026-11-22", ErrSlot, date)
	}
	var slots []Slot
	for _, slot := range s.Between(day.AddDate(0, 0, -2), day.AddDate(0, 0, 4)) { // no zone is as much as a day from UTC
		if slot.Date == date {
			slots = append(slots, slot)
		}
	}
	return slots, nil
}
