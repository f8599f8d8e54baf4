package udf

import (
	"time"

	"barkeep/calendar"
)

// HoursOf are the session, the holidays and the corrections of a calendar.
func HoursOf(c *calendar.Calendar, now time.Time) (session, holidays, corrections string) {
	h := hoursOf(c, now)
	return h.session, h.holidays, h.corrections
}
