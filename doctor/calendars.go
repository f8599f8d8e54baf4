package doctor

import (
	"fmt"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// calendars is the name of the findings about calendars.
const calendars = "calendars"

// namesWidth is how many columns the names of instruments may take: with it a finding fits a terminal of 80.
const namesWidth = 25

// checkCalendars warns a year before the calendar of an instrument ends: after its end no holiday is known, and nothing is ever
// late. It names the instruments whose calendar is inferred, of which nothing is either, and those whose answers contradict
// theirs.
func (s Setup) checkCalendars() []Finding {
	if len(s.Calendars) == 0 || s.unusable("INSTRUMENTS") {
		return nil
	}
	var all []Finding
	var unknown, inferred market.Group
	for _, g := range s.Calendars {
		switch name := g.Calendar.Name; {
		case name == calendar.Unknown || name == calendar.UnknownFuture:
			unknown.Instruments = append(unknown.Instruments, g.Instruments...)
		case g.Calendar.Inferred:
			inferred.Instruments = append(inferred.Instruments, g.Instruments...)
		default:
			all = append(all, checkEnd(g, calendar.DateOf(s.Now.In(g.Calendar.Zone)))...)
		}
	}
	if len(unknown.Instruments) > 0 {
		all = append(all, Finding{
			calendars, Warning, "no exchange known, so never late: " + unknown.Named(namesWidth),
			"see that they are spelt as the provider does",
		})
	}
	if len(inferred.Instruments) > 0 {
		all = append(all, ok(calendars, "holidays not known, so never late: "+inferred.Named(namesWidth)))
	}
	for _, c := range s.Contrary {
		all = append(all, Finding{
			calendars, Warning, fmt.Sprintf("%s is kept in %s, served in %s", c.Instrument, c.Kept, c.Said),
			"see that it is the symbol you mean; report it",
		})
	}
	if len(all) == 0 {
		all = append(all, ok(calendars, fmt.Sprintf("%d, each known for a year and more", len(s.Calendars))))
	}
	return all
}

// checkEnd warns of a calendar that has ended, or does within a year.
func checkEnd(g market.Group, today calendar.Date) []Finding {
	_, end, bounded := g.Calendar.Known()
	if !bounded || !yearBefore(end).Before(today) {
		return nil
	}
	found := Finding{
		calendars, Warning, fmt.Sprintf("%s of %s ends on %s", g.Calendar.Name, g.Named(namesWidth), end),
		"update Barkeep before: no later date is known",
	}
	switch {
	case end.Before(today):
		found.Detail = fmt.Sprintf("%s of %s ended on %s", g.Calendar.Name, g.Named(namesWidth), end)
		found.Remedy = "update Barkeep: since then nothing is certain"
	case byRule(g.Calendar, today):
		found.Remedy = fmt.Sprintf("update Barkeep: %d is by rule, so never late", today.Year)
	}
	return []Finding{found}
}

// byRule tells whether no date of the coming month is certain: the table continues a pattern, since nothing was published.
func byRule(c *calendar.Calendar, today calendar.Date) bool {
	for n := range 31 {
		if c.Certain(today.AddDays(n)) {
			return false
		}
	}
	return true
}

// yearBefore is the same date of the year before.
func yearBefore(d calendar.Date) calendar.Date {
	return calendar.DateOf(time.Date(d.Year-1, d.Month, d.Day, 0, 0, 0, 0, time.UTC))
}
