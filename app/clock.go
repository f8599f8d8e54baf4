package app

import "time"

// machineClock is the machine's own clock, also where BARKEEP_NOW sets another time: the leases in a SQLite file end by it, so
// that processes that live at different times see them end alike.
func machineClock() time.Time { return time.Now() }
