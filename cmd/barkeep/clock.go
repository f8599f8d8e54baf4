package main

import "time"

// clock returns the time source of a process. With a zero start it is the real clock; else it begins at start and runs on
// from there at the real pace, for replays (BARKEEP_NOW).
func clock(start time.Time) func() time.Time {
	if start.IsZero() {
		return time.Now
	}
	began := time.Now()
	return func() time.Time { return start.Add(time.Since(began)) }
}
