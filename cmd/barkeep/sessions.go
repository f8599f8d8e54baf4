package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/server/view"
)

// columns is how wide a terminal is at least.
const columns = 80

// printSessions shows how each calendar of the instruments stands: the session that is due or why none is, the one that is open
// and the next one, each in the exchange's time, in UTC and in Pacific time.
func printSessions(w io.Writer, calendars []view.Calendar, now time.Time, pacific *time.Location) error {
	if len(calendars) == 0 {
		return nil
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%-18s%-19s %-19s %s\n", "sessions", "exchange's time", "UTC", "Pacific")
	for i := range calendars {
		c := &calendars[i]
		zone, err := time.LoadLocation(c.Zone)
		if err != nil {
			zone = time.UTC // a zone that this machine does not know
		}
		head := fmt.Sprintf("%s, %s %s: ", c.Calendar, city(zone), now.In(zone).Format("Mon 15:04"))
		out.WriteString(head + market.Group{Instruments: c.Instruments}.Named(columns-len(head)) + "\n")
		if c.Why != "" {
			fmt.Fprintf(&out, "  nothing due: %s\n", c.Detail)
		}
		for _, line := range lines(c) {
			fmt.Fprintf(&out, "  %-5s%s %s\n", line.label, line.session.Date, inZones(calendar.Session{
				Open: line.session.Open.Time(), Close: line.session.Close.Time(),
			}, zone, pacific))
		}
		for _, note := range c.Notes {
			fmt.Fprintf(&out, "    %s\n", note)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// labelled is a session with the word that stands before it.
type labelled struct {
	label   string
	session *view.Session
}

// lines are the sessions that are worth a line. Of an inferred calendar it is not known whether it is open or was.
func lines(c *view.Calendar) []labelled {
	all := []labelled{{"due", c.Due}, {"last", c.Last}, {"open", c.Open}, {"next", c.Next}}
	return slices.DeleteFunc(all, func(l labelled) bool {
		return l.session == nil || l.label == "last" && c.Due != nil || l.label != "next" && c.Why == calendar.Inferred
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
