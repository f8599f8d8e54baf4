package doctor

import (
	"fmt"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// namesWidth is how many columns the names of instruments may take: with it a finding fits a terminal of 80.
const namesWidth = 25

// checkCalendars warns a year before the calendar of an instrument ends: after its end holidays are not known, and nothing is ever
// late. It names the instruments whose calendar is inferred, of which nothing is either.
func (s Setup) checkCalendars() []Finding {
	if len(s.Calendars) == 0 || s.unusable("INSTRUMENTS") {
		return nil
	}
	var all []Finding
	var unknown, inferred market.Group
	for _, g := range s.Calendars {
		_, end, bounded := g.Calendar.Known()
		today := calendar.DateOf(s.Now.In(g.Calendar.Zone))
		switch {
		case g.Calendar.Name == calendar.Unknown || g.Calendar.Name == calendar.UnknownFuture:
			unknown.Instruments = append(unknown.Instruments, g.Instruments...)
		case g.Calendar.Inferred:
			inferred.Instruments = append(inferred.Instruments, g.Instruments...)
		case bounded && end.Before(today):
			all = append(all, Finding{
				"calendars", Warning, fmt.Sprintf("%s of %s ended on %s", g.Calendar.Name, g.Named(namesWidth), end),
				"update Barkeep: since then nothing is certain",
			})
		case bounded && yearBefore(end).Before(today):
			all = append(all, Finding{
				"calendars", Warning, fmt.Sprintf("%s of %s ends on %s", g.Calendar.Name, g.Named(namesWidth), end),
				"update Barkeep before: no later date is known",
			})
		}
	}
	if len(unknown.Instruments) > 0 {
		all = append(all, Finding{
			"calendars", Warning, "no exchange known, so never late: " + unknown.Named(namesWidth), "see that they are spelt as the provider does",
		})
	}
	if len(inferred.Instruments) > 0 {
		all = append(all, ok("calendars", "holidays not known, so never late: "+inferred.Named(namesWidth)))
	}
	if len(all) == 0 {
		all = append(all, ok("calendars", fmt.Sprintf("%d, each known for a year and more", len(s.Calendars))))
	}
	return all
}

// yearBefore is the same date of the year before.
func yearBefore(d calendar.Date) calendar.Date {
	return calendar.DateOf(time.Date(d.Year-1, d.Month, d.Day, 0, 0, 0, 0, time.UTC))
}
