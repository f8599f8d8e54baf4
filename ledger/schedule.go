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

	since  time.Time // when it came into force; zero when there was none before
	before *Schedule // in force until then
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

// Due is the newest slot whose time has come at now; false when there is none. A slot counts by the schedule that was in force
// at its time.
func (s Schedule) Due(now time.Time) (Slot, bool) {
	if s.Len() == 0 {
		return Slot{}, false
	}
	for day := s.date(now); ; day = day.AddDate(0, 0, -1) {
		for i, at := range slices.Backward(s.day(day)) {
			switch {
			case at.After(now):
			case s.before != nil && at.Before(s.since):
				return s.before.Due(earlier(now, s.since.Add(-1)))
			default:
				return s.slot(day, i, at), true
			}
		}
	}
}

// Next is the first slot whose time is after now; false for the zero Schedule.
func (s Schedule) Next(now time.Time) (Slot, bool) {
	if s.Len() == 0 {
		return Slot{}, false
	}
	if s.before != nil && now.Before(s.since) {
		if slot, ok := s.before.Next(now); ok && slot.At.Before(s.since) {
			return slot, true
		}
		now = s.since.Add(-1)
	}
	for day := s.date(now).AddDate(0, 0, -reachBack); ; day = day.AddDate(0, 0, 1) {
		for i, at := range s.day(day) {
			if at.After(now) {
				return s.slot(day, i, at), true
			}
		}
	}
}

// Between are the slots whose time is inside [from, to), rising; each by the schedule that was in force at its time.
func (s Schedule) Between(from, to time.Time) []Slot {
	if s.Len() == 0 || !from.Before(to) {
		return nil
	}
	var found []Slot
	if s.before != nil && from.Before(s.since) {
		found = s.before.Between(from, earlier(to, s.since))
		from = s.since
	}
	last := s.date(to)
	for day := s.date(from).AddDate(0, 0, -reachBack); !day.After(last); day = day.AddDate(0, 0, 1) {
		for i, at := range s.day(day) {
			if !at.Before(from) && at.Before(to) {
				found = append(found, s.slot(day, i, at))
			}
		}
	}
	return found
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// reachBack is how many dates back a slot may lie whose time is today: where a zone skips a whole date (Samoa,
// 2011-12-30), its slots come on the next one.
const reachBack = 2

// slot is a slot of a date.
func (s Schedule) slot(date time.Time, index int, at time.Time) Slot {
	return Slot{
		Job: s.job, At: at.UTC(), Date: date.Format(time.DateOnly), Time: clockTime(s.times[index]),
		Zone: s.zone.String(), Index: index,
	}
}

// clockTime is a time of day as people write it.
func clockTime(t time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(t.Hours()), int(t.Minutes())%60)
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
