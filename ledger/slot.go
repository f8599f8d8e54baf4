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

// Slot is a scheduled time of a job: what is run at most once. Its job and its instant name it; the rest says which date and
// time of day that instant is in the zone of its schedule, and stays so when the schedule changes.
type Slot struct {
	Job   Job
	At    time.Time // in UTC, in whole seconds; zero only for runs of a release that did not write it
	Date  string    // slot date, 2026-11-22: the calendar date of the nominal time in Zone
	Time  string    // the nominal time of day, 14:05, also where the zone skips it; empty where At is zero
	Zone  string    // America/Los_Angeles
	Index int       // 0-based, in the order of the date's times when the slot was made: the short form of Time
}

// SlotID is what names a slot: of two slots with one ID at most one is run.
type SlotID struct {
	Job Job
	At  int64 // Unix seconds
}

// NewSlot is the slot of a job at an instant, whose location is the zone.
func NewSlot(job Job, at time.Time) Slot {
	return Slot{
		Job: job, At: at.UTC().Round(0), Date: at.Format(time.DateOnly), Time: at.Format("15:04"), Zone: at.Location().String(),
	}
}

// ID names the slot.
func (s Slot) ID() SlotID { return SlotID{s.Job, s.At.Unix()} }

// Local is the slot's instant in its zone; in UTC where the zone is unknown here.
func (s Slot) Local() time.Time {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		zone = time.UTC
	}
	return s.At.In(zone)
}

// Key is the slot's name in keys: "import:2026-11-22T22:05Z", with seconds where there are any. People read Name.
func (s Slot) Key() string { return string(s.Job) + ":" + InstantKey(s.At) }

// InstantKey is an instant in keys and addresses: "2026-11-22T22:05Z".
func InstantKey(at time.Time) string {
	layout := "2006-01-02T15:04Z"
	if at.Second() != 0 {
		layout = time.RFC3339
	}
	return at.UTC().Format(layout)
}

// OldKey is the name that the releases before 0.9 gave the slot: "import:2026-11-22:0".
func (s Slot) OldKey() string { return string(s.Job) + ":" + s.Date + ":" + strconv.Itoa(s.Index) }

// Check returns an error that wraps ErrSlot when the job is unknown, the date is none or the instant is not one.
func (s Slot) Check() error {
	if s.Job != JobImport && s.Job != JobMaintenance {
		return fmt.Errorf("%w: job %q, accepted are %s and %s", ErrSlot, s.Job, JobImport, JobMaintenance)
	}
	if _, err := time.Parse(time.DateOnly, s.Date); err != nil {
		return fmt.Errorf("%w: date %q, accepted is a calendar date such as 2026-11-22", ErrSlot, s.Date)
	}
	if s.At.IsZero() || s.At.Nanosecond() != 0 {
		return fmt.Errorf("%w: instant %s, accepted are whole seconds", ErrSlot, s.At.UTC().Format(time.RFC3339Nano))
	}
	return nil
}

// When is a slot's date and time of day for people, in its zone: "2026-11-22 14:05"; of a release that did not write the time
// it is "2026-11-22 #0".
func (s Slot) When() string {
	if s.Time == "" {
		return s.Date + " #" + strconv.Itoa(s.Index)
	}
	return s.Date + " " + s.Time
}

// String is how a slot is called wherever people read it: "import 2026-11-22 14:05".
func (s Slot) String() string { return string(s.Job) + " " + s.When() }

// Scheduled tells whether the run is for a slot, and not ad hoc.
func (r Run) Scheduled() bool { return r.Slot.Date != "" }

// SlotName names the slot of a run as Slot.When does; "ad hoc" for a run without one.
func (r Run) SlotName() string {
	if !r.Scheduled() {
		return "ad hoc"
	}
	return r.Slot.When()
}

// Name is what a run is for: "import 2026-11-22 14:05", or "import ad hoc".
func (r Run) Name() string { return string(r.Job) + " " + r.SlotName() }

// OldSlot finds the slot that a run of a release before 0.9 was for, which wrote the date and the index only: the one of the
// schedules that comes at or before the run's start, with no other of its job between. False when none fits.
func OldSlot(old Slot, started time.Time, schedules ...Schedule) (Slot, bool) {
	for _, s := range schedules {
		if s.job != old.Job {
			continue
		}
		for one := &s; one != nil; one = one.before {
			alone := *one
			alone.before = nil
			found, err := alone.Find(old.Date, strconv.Itoa(old.Index))
			if err != nil || started.Before(found.At) {
				continue
			}
			if next, ok := alone.Next(found.At); ok && started.Before(next.At) {
				return found, true
			}
		}
	}
	return Slot{}, false
}

// parseIndex reads the short form of a slot.
func parseIndex(text string) (int, bool) {
	index, err := strconv.Atoi(text)
	return index, err == nil && index >= 0 && !strings.HasPrefix(text, "+") && len(text) < 4
}
