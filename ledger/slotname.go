package ledger

import (
	"fmt"
	"strconv"
	"time"
)

// When is a slot's date and wall-clock time for people, in the zone of its job's schedule: "2026-11-22 14:05". Where none of the
// schedules has the slot it is the slot's number: "2026-11-22 #0".
func (s Slot) When(schedules ...Schedule) string {
	if schedule, ok := s.scheduleOf(schedules); ok {
		return s.Date + " " + clockTime(schedule.times[s.Index])
	}
	return s.Date + " #" + strconv.Itoa(s.Index)
}

// Name is how a slot is called wherever people read it: "import 2026-11-22 14:05", or "import 2026-11-22 #0" where none of the
// schedules has it.
func (s Slot) Name(schedules ...Schedule) string { return string(s.Job) + " " + s.When(schedules...) }

// String is Name without a schedule.
func (s Slot) String() string { return s.Name() }

// scheduleOf finds the schedule that has the slot.
func (s Slot) scheduleOf(schedules []Schedule) (Schedule, bool) {
	for _, schedule := range schedules {
		if schedule.job == s.Job && s.Index >= 0 && s.Index < schedule.Len() {
			return schedule, true
		}
	}
	return Schedule{}, false
}

// clockTime is a time of day as people write it.
func clockTime(t time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(t.Hours()), int(t.Minutes())%60)
}

// Instant is a time as JSON shows it: in UTC, and in Pacific time with the offset that holds then.
type Instant struct {
	UTC     string `json:"utc"`
	Pacific string `json:"pacific"`
}

// InstantOf is nil for the zero time, which JSON shows as null.
func InstantOf(t time.Time, pacific *time.Location) *Instant {
	if t.IsZero() {
		return nil
	}
	return &Instant{UTC: t.UTC().Format(time.RFC3339), Pacific: t.In(pacific).Format(time.RFC3339)}
}

// SlotView is a slot as JSON shows it, alone or among the fields of what belongs to it. A run without a slot has a job only.
type SlotView struct {
	Job  Job      `json:"job"`
	Date string   `json:"date,omitempty"`
	Slot *int     `json:"slot,omitempty"`
	At   *Instant `json:"at,omitempty"` // absent where none of the schedules has the slot
}

// View is the slot for JSON.
func (s Slot) View(pacific *time.Location, schedules ...Schedule) SlotView {
	v := SlotView{Job: s.Job, Date: s.Date, Slot: &s.Index}
	if schedule, ok := s.scheduleOf(schedules); ok {
		if at, err := schedule.At(s.Date, s.Index); err == nil {
			v.At = InstantOf(at, pacific)
		}
	}
	return v
}

// SlotName names the slot of a run as Slot.When does; "ad hoc" for a run without one.
func (r Run) SlotName(schedules ...Schedule) string {
	slot, ok := SlotOf(r)
	if !ok {
		return "ad hoc"
	}
	return slot.When(r.fitting(slot, schedules)...)
}

// SlotView is the slot of a run for JSON.
func (r Run) SlotView(pacific *time.Location, schedules ...Schedule) SlotView {
	slot, ok := SlotOf(r)
	if !ok {
		return SlotView{Job: r.Job}
	}
	return slot.View(pacific, r.fitting(slot, schedules)...)
}

// fitting leaves out the schedules that cannot have been in force when the run began: a slot is never run before its time.
// Runs of an earlier IMPORT_TIMES are so not given a time that they never had.
func (r Run) fitting(slot Slot, schedules []Schedule) []Schedule {
	schedule, ok := slot.scheduleOf(schedules)
	if !ok {
		return nil
	}
	at, err := schedule.At(slot.Date, slot.Index)
	if err != nil || r.Started.Before(at) {
		return nil
	}
	return []Schedule{schedule}
}
