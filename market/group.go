package market

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"barkeep/calendar"
)

// Group is a calendar with the instruments that trade by it.
type Group struct {
	Calendar    *calendar.Calendar
	Instruments []string // their names, in order
}

// ByCalendar groups instruments by their calendars, in the order in which these come first. Contracts whose month has ended by
// now are left out: nothing of them trades any more.
func ByCalendar(instruments []Instrument, now time.Time) []Group {
	var groups []Group
	for _, i := range instruments {
		if i.Over(now) {
			continue
		}
		at := slices.IndexFunc(groups, func(g Group) bool {
			return g.Calendar.Name == i.Calendar.Name && g.Calendar.Zone.String() == i.Calendar.Zone.String()
		})
		if at < 0 {
			groups, at = append(groups, Group{Calendar: i.Calendar}), len(groups)
		}
		groups[at].Instruments = append(groups[at].Instruments, i.Name)
	}
	for _, g := range groups {
		slices.Sort(g.Instruments)
	}
	return groups
}

// Named lists the instruments in so many columns; those that do not fit are counted: "AAPL, MSFT and 38 more". The first one is
// always named.
func (g Group) Named(width int) string {
	all := strings.Join(g.Instruments, ", ")
	for n := len(g.Instruments) - 1; n > 0 && len(all) > width; n-- {
		all = fmt.Sprintf("%s and %d more", strings.Join(g.Instruments[:n], ", "), len(g.Instruments)-n)
	}
	return all
}
