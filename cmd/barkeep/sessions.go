package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// columns is how wide a terminal is at least.
const columns = 80

// printSessions shows how each calendar of the instruments stands: the session that is due or why none is, the one that is open
// and the next one, each in the exchange's time, in UTC and in Pacific time.
func printSessions(w io.Writer, instruments []market.Instrument, now time.Time, pacific *time.Location) error {
	groups := market.ByCalendar(instruments, now)
	if len(groups) == 0 {
		return nil
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%-18s%-19s %-19s %s\n", "sessions", "exchange's time", "UTC", "Pacific")
	for _, g := range groups {
		c := g.Calendar
		head := fmt.Sprintf("%s, %s %s: ", c.Name, city(c.Zone), now.In(c.Zone).Format("Mon 15:04"))
		out.WriteString(head + g.Named(columns-len(head)) + "\n")
		s := c.Standing(now)
		if s.Why != "" {
			fmt.Fprintf(&out, "  nothing due: %s\n", s)
		}
		for _, line := range lines(s) {
			fmt.Fprintf(&out, "  %-5s%s %s\n", line.label, line.session.Date, inZones(*line.session, c.Zone, pacific))
		}
		for _, note := range s.Notes() {
			fmt.Fprintf(&out, "    %s\n", note)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// labelled is a session with the word that stands before it.
type labelled struct {
	label   string
	session *calendar.Session
}

// lines are the sessions that are worth a line. Of an inferred calendar it is not known whether it is open or was.
func lines(s calendar.Standing) []labelled {
	all := []labelled{{"due", s.Due}, {"last", s.Last}, {"open", s.Open}, {"next", s.Next}}
	return slices.DeleteFunc(all, func(l labelled) bool {
		return l.session == nil || l.label == "last" && s.Due != nil || l.label != "next" && s.Why == calendar.Inferred
	})
}

// city is the last part of a zone's name, "New York".
func city(zone *time.Location) string {
	name := zone.String()
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")
}

// inZones are the open and the close of a session in its exchange's time, in UTC and in Pacific time, 59 columns wide at most.
func inZones(s calendar.Session, zone, pacific *time.Location) string {
	in := func(zone *time.Location) string { return times(s.Open, s.Close, zone) }
	return fmt.Sprintf("%-19s %-19s %s", in(zone), in(time.UTC), in(pacific))
}

// times are an open and a close in a zone, with the day of the week; midnight at the end of a date is 24:00.
func times(from, to time.Time, zone *time.Location) string {
	open, shut := from.In(zone), to.In(zone)
	last, clock := calendar.DateOf(shut.Add(-1)), shut.Format("15:04")
	if clock == "00:00" {
		clock = "24:00"
	}
	if last != calendar.DateOf(open) {
		clock = last.Weekday().String()[:3] + " " + clock
	}
	return open.Format("Mon 15:04-") + clock
}
