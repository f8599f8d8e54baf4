package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Schedule is the daily wall-clock times of a job in a zone. The instant of each is worked out for its date by the zone's
// rules, never by adding 24 hours: a time that the zone skips (02:30 on 2026-03-08 in Los Angeles) comes at the first instant
// after the gap, one that it repeats comes once, at its first occurrence. Times that a gap pushes onto the same instant come a
// second apart, so that no two slots share one. The zero Schedule has no slots.
type Schedule struct {
	job   Job
	times []time.Duration // since midnight on the wall clock; rising
	zone  *time.Location
}

// Timed is a slot with its instant.
type Timed struct {
	Slot
	At time.Time // in the schedule's zone
}

// NewSchedule reads times such as "14:05", in any order. All that is wrong with them is reported at once.
func NewSchedule(job Job, times []string, zone *time.Location) (Schedule, error) {
	if zone == nil {
		return Schedule{}, fmt.Errorf("schedule of %s: no time zone", job)
	}
	if len(times) == 0 {
		return Schedule{}, fmt.Errorf("schedule of %s: no times, accepted is one or several such as 14:05", job)
	}
	s := Schedule{job: job, zone: zone}
	var wrong []error
	for _, text := range times {
		t, err := parseTime(text)
		switch {
		case err != nil:
			wrong = append(wrong, err)
		case slices.Contains(s.times, t):
			wrong = append(wrong, fmt.Errorf("time %q stands there twice, accepted are different times", text))
		default:
			s.times = append(s.times, t)
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return Schedule{}, fmt.Errorf("schedule of %s: %w", job, err)
	}
	slices.Sort(s.times)
	return s, nil
}

// parseTime reads a time of day of the form 14:05.
func parseTime(text string) (time.Duration, error) {
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, fmt.Errorf("time %q, accepted are 00:00 to 23:59, such as 14:05", text)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// Job is what the schedule is for.
func (s Schedule) Job() Job { return s.job }

// Zone is where the times hold; nil for the zero Schedule.
func (s Schedule) Zone() *time.Location { return s.zone }

// Len is the number of slots of each date.
func (s Schedule) Len() int { return len(s.times) }

// String is the schedule as people write it: "14:05, 20:00 America/Los_Angeles". Two schedules of a job with the same text
// have the same slots.
func (s Schedule) String() string {
	if s.Len() == 0 {
		return "never"
	}
	var texts []string
	for _, t := range s.times {
		texts = append(texts, clockTime(t))
	}
	return strings.Join(texts, ", ") + " " + s.zone.String()
}

// At is the instant of a slot, in the schedule's zone. Its errors wrap ErrSlot.
func (s Schedule) At(date string, index int) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: date %q, accepted is a calendar date such as 2026-11-22", ErrSlot, date)
	}
	if index < 0 || index >= s.Len() {
		return time.Time{}, fmt.Errorf("%w: index %d, the times are %s, counted from 0", ErrSlot, index, s)
	}
	return s.day(day)[index], nil
}

// Due is the newest slot whose time has come at now, and that time; false when there is none.
func (s Schedule) Due(now time.Time) (Slot, time.Time, bool) {
	if s.Len() == 0 {
		return Slot{}, time.Time{}, false
	}
	for day := s.date(now); ; day = day.AddDate(0, 0, -1) {
		for i, at := range slices.Backward(s.day(day)) {
			if !at.After(now) {
				return s.slot(day, i), at, true
			}
		}
	}
}

// Next is the first slot whose time is after now, and that time. The zero Schedule has none: the time is zero.
func (s Schedule) Next(now time.Time) (Slot, time.Time) {
	if s.Len() == 0 {
		return Slot{}, time.Time{}
	}
	for day := s.date(now).AddDate(0, 0, -reachBack); ; day = day.AddDate(0, 0, 1) {
		for i, at := range s.day(day) {
			if at.After(now) {
				return s.slot(day, i), at
			}
		}
	}
}

// Between are the slots whose time is inside [from, to), rising.
func (s Schedule) Between(from, to time.Time) []Timed {
	var found []Timed
	if s.Len() == 0 || !from.Before(to) {
		return nil
	}
	last := s.date(to)
	for day := s.date(from).AddDate(0, 0, -reachBack); !day.After(last); day = day.AddDate(0, 0, 1) {
		for i, at := range s.day(day) {
			if !at.Before(from) && at.Before(to) {
				found = append(found, Timed{s.slot(day, i), at})
			}
		}
	}
	return found
}

// reachBack is how many dates back a slot may lie whose time is today: where a zone skips a whole date (Samoa,
// 2011-12-30), its slots come on the next one.
const reachBack = 2

// slot names a slot of a date.
func (s Schedule) slot(date time.Time, index int) Slot {
	return Slot{Job: s.job, Date: date.Format(time.DateOnly), Index: index}
}

// date is midnight UTC of the date that t has in the zone: a date without a zone.
func (s Schedule) date(t time.Time) time.Time {
	y, m, d := t.In(s.zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// day are the instants of a date's slots, rising, each later than all before it, also than those of the date before.
func (s Schedule) day(date time.Time) []time.Time {
	before := s.first(date.AddDate(0, 0, -1).Add(s.times[len(s.times)-1]))
	first := s.first(date.Add(s.times[0]))
	if !before.Before(first) { // a zone that skipped all of the date before
		yesterday := s.spread(date.AddDate(0, 0, -1), time.Time{})
		before = yesterday[len(yesterday)-1]
	}
	return s.spread(date, before)
}

// spread are the instants of a date's slots, at least a second apart and a second after floor.
func (s Schedule) spread(date, floor time.Time) []time.Time {
	all := make([]time.Time, len(s.times))
	for i, t := range s.times {
		at := s.first(date.Add(t))
		if after := floor.Add(time.Second); at.Before(after) {
			at = after
		}
		all[i], floor = at, at
	}
	return all
}

// first is the first instant at which the zone's wall clock shows at least wall, which is given as if it were UTC.
func (s Schedule) first(wall time.Time) time.Time {
	// No zone is as much as a day from UTC, so that this instant is before the one sought.
	for t := wall.Add(-36 * time.Hour).In(s.zone); ; {
		_, offset := t.Zone()
		begin, end := t.ZoneBounds()
		candidate := wall.Add(-time.Duration(offset) * time.Second)
		if !begin.IsZero() && candidate.Before(begin) {
			candidate = begin
		}
		if end.IsZero() || candidate.Before(end) {
			return candidate.In(s.zone)
		}
		t = end
	}
}
