package ledger

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrSlot tells that something names no slot. It is wrapped with what was given and what is accepted.
var ErrSlot = errors.New("no such slot")

// Slot is the n-th scheduled time of a date for a job: what is run at most once.
type Slot struct {
	Job   Job
	Date  string // slot date, 2026-11-22: the calendar date of the slot's nominal time in the schedule's zone
	Index int    // 0-based, in the order of the day's times
}

// Key is the slot's name in keys: "import:2026-11-22:0". ParseSlot reads it. People read Name.
func (s Slot) Key() string { return string(s.Job) + ":" + s.Date + ":" + strconv.Itoa(s.Index) }

// Check returns an error that wraps ErrSlot when the job is unknown, the date is none or the index is negative.
func (s Slot) Check() error {
	if s.Job != JobImport && s.Job != JobMaintenance {
		return fmt.Errorf("%w: job %q, accepted are %s and %s", ErrSlot, s.Job, JobImport, JobMaintenance)
	}
	if _, err := time.Parse(time.DateOnly, s.Date); err != nil {
		return fmt.Errorf("%w: date %q, accepted is a calendar date such as 2026-11-22", ErrSlot, s.Date)
	}
	if s.Index < 0 {
		return fmt.Errorf("%w: index %d, accepted are numbers from 0", ErrSlot, s.Index)
	}
	return nil
}

// ParseSlot reads what Key wrote, and nothing else. Its errors wrap ErrSlot.
func ParseSlot(key string) (Slot, error) {
	parts := strings.Split(key, ":")
	if len(parts) != 3 {
		return Slot{}, fmt.Errorf("%w: %q, accepted is job:date:index such as import:2026-11-22:0", ErrSlot, key)
	}
	index, err := strconv.Atoi(parts[2])
	if err != nil {
		return Slot{}, fmt.Errorf("%w: index %q, accepted are numbers from 0", ErrSlot, parts[2])
	}
	slot := Slot{Job: Job(parts[0]), Date: parts[1], Index: index}
	if err := slot.Check(); err != nil {
		return Slot{}, err
	}
	if slot.Key() != key {
		return Slot{}, fmt.Errorf("%w: %q, written %q", ErrSlot, key, slot.Key())
	}
	return slot, nil
}

// SlotOf is the slot that a run is for; false for a run ad hoc.
func SlotOf(r Run) (Slot, bool) {
	return Slot{Job: r.Job, Date: r.SlotDate, Index: r.Slot}, r.SlotDate != ""
}
