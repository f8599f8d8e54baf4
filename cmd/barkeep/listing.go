package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"barkeep/calendar"
)

// listing is what a calendar says of a span of dates.
type listing struct {
	calendar *calendar.Calendar
	from, to calendar.Date // both included
	pacific  *time.Location
	days     []listed
}

// listed is a date with a session, or one that usually has one.
type listed struct {
	date    calendar.Date
	session *calendar.Session // nil for a holiday
	certain bool
}

func newListing(c *calendar.Calendar, from, to calendar.Date, pacific *time.Location) listing {
	l := listing{calendar: c, from: from, to: to, pacific: pacific}
	for d := from; !to.Before(d); d = d.AddDays(1) {
		if s, ok := c.Session(d); ok {
			l.days = append(l.days, listed{d, &s, c.Certain(d)})
		} else if _, _, usual := c.Hours(d); usual {
			l.days = append(l.days, listed{d, nil, c.Certain(d)})
		}
	}
	return l
}

// kind is how a date differs, with the marks that marks explains.
func (d listed) kind() string {
	kind := calendar.Closed
	if d.session != nil {
		kind = d.session.Kind
	}
	text := string(kind)
	if d.session != nil && d.session.SettledNext {
		text += "+"
	}
	if !d.certain {
		text += "?"
	}
	return text
}

// print shows a line for each date, then the breaks and what the marks mean, within 80 columns.
func (l listing) print(w io.Writer, name string) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%s on %s, %s to %s\n", name, l.calendar.Name, l.from, l.to)
	fmt.Fprintf(&out, "%-10s %-9s %-19s %-19s %s\n", "date", "", city(l.calendar.Zone), "UTC", "Pacific")
	for _, d := range l.days {
		what := d.date.Weekday().String()[:3] + " (holiday)"
		if d.session != nil {
			what = inZones(*d.session, l.calendar.Zone, l.pacific)
		}
		fmt.Fprintf(&out, "%s %-9s %s\n", d.date, d.kind(), what)
	}
	if len(l.days) == 0 {
		out.WriteString("no session: a weekend\n")
	}
	for _, line := range append(l.breaks(), l.marks()...) {
		out.WriteString(line + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// breaks are lines of the pauses within sessions, in the three zones. Where they change, each has the first date of it.
func (l listing) breaks() []string {
	var lines, dates []string
	for _, d := range l.days {
		if d.session == nil {
			continue
		}
		for _, b := range d.session.Breaks {
			line := fmt.Sprintf("pause     %-19s %-19s %s", span(b, l.calendar.Zone), span(b, time.UTC), span(b, l.pacific))
			if !slices.Contains(lines, line) {
				lines, dates = append(lines, line), append(dates, d.date.String())
			}
		}
	}
	for i, line := range lines {
		date := ""
		if len(lines) > 1 {
			date = dates[i]
		}
		lines[i] = fmt.Sprintf("%-10s %s", date, line)
	}
	return lines
}

func span(b calendar.Break, zone *time.Location) string {
	return b.From.In(zone).Format("15:04-") + b.To.In(zone).Format("15:04")
}

// marks explain the marks that the lines of the dates have.
func (l listing) marks() []string {
	var lines []string
	for _, d := range l.days {
		if d.session != nil && d.session.SettledNext {
			lines = append(lines, "+ settled with the next session: it has no daily bar of its own")
			break
		}
	}
	for _, limit := range l.limits() {
		lines = append(lines, "? "+limit)
	}
	return lines
}

// limits say what is not certain of these dates.
func (l listing) limits() []string {
	switch l.calendar.Name {
	case calendar.Unknown, calendar.UnknownFuture:
		return []string{"inferred: no exchange is known, any weekday may count, nothing is ever late"}
	}
	if l.calendar.Inferred {
		return []string{"inferred: neither hours nor holidays are known, and nothing is ever late"}
	}
	from, to, bounded := l.calendar.Known()
	var lines []string
	if bounded && (l.from.Before(from) || to.Before(l.to)) {
		lines = append(lines, fmt.Sprintf("outside of what is known (%s to %s): nothing there is certain", from, to))
	}
	for _, d := range l.days {
		if !d.certain && !(bounded && (d.date.Before(from) || to.Before(d.date))) {
			return append(lines, "not certain: not published, or not known from a reliable source")
		}
	}
	return lines
}
