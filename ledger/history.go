package ledger

import (
	"fmt"
	"strings"
	"time"
)

// ScheduleChange says since when a job is run by a schedule, which is told by its text (Schedule.String).
type ScheduleChange struct {
	Since    time.Time
	Schedule string
}

// ParseSchedule reads what Schedule.String wrote: "14:05, 20:00 America/Los_Angeles".
func ParseSchedule(job Job, text string) (Schedule, error) {
	return parseSchedule(job, text, map[string]*time.Location{})
}

// parseSchedule reads a schedule. Its zone is read from the system's files unless it is among these, and is then added to them.
func parseSchedule(job Job, text string, zones map[string]*time.Location) (Schedule, error) {
	cut := strings.LastIndexByte(text, ' ')
	if cut < 0 {
		return Schedule{}, fmt.Errorf("schedule %q of %s, accepted are times and a zone such as 14:05 America/Los_Angeles", text, job)
	}
	name := text[cut+1:]
	if zones[name] == nil {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return Schedule{}, fmt.Errorf("schedule %q of %s: %w", text, job, err)
		}
		zones[name] = zone
	}
	return NewSchedule(job, strings.Split(text[:cut], ", "), zones[name])
}

// After is the schedule with its past: the changes before it, rising. A slot of the past is one by the schedule that was in force
// at its time; the oldest one counts as in force ever before. Where the last change is to this very schedule it is in force
// since then, else since now. A change that cannot be read, or that lies after now, is left out.
func (s Schedule) After(changes []ScheduleChange, now time.Time) Schedule {
	var past *Schedule
	var since time.Time
	zones := map[string]*time.Location{}
	if s.zone != nil {
		zones[s.zone.String()] = s.zone
	}
	for _, c := range changes {
		one, err := parseSchedule(s.job, c.Schedule, zones)
		if err != nil || c.Since.After(now) || past != nil && !c.Since.After(since) {
			continue
		}
		if past != nil {
			one.since, one.before = c.Since, past
		}
		past, since = &one, c.Since
	}
	if past == nil || s.Len() == 0 {
		return s
	}
	if past.String() == s.String() {
		return *past
	}
	s.since, s.before = now, past
	return s
}
