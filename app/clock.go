package app

import "time"

// Clock returns the time source of a process. With a zero start it is the machine's clock; else it begins at start and runs on
// from there at the real pace, for replays (BARKEEP_NOW).
func Clock(start time.Time) func() time.Time {
	if start.IsZero() {
		return machineClock
	}
	began := time.Now()
	return func() time.Time { return start.Add(passed(time.Since(began))) }
}

// machineClock is the machine's own clock, also where BARKEEP_NOW sets another time: the leases in a SQLite file end by it, so
// that processes that live at different times see them end alike.
func machineClock() time.Time { return misread(time.Now()) }
