package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"barkeep/calendar"
)

// calendarCommand shows when an instrument trades, with what the archive tells of it, where there is one.
type calendarCommand struct {
	Instrument string `arg:"" help:"Instrument or exchange: ES, AAPL, 7203.T, EURUSD=X, XTKS."`
	Month      string `arg:"" optional:"" help:"Month, such as 2026-11."`
	From       string `help:"First trading date, such as 2026-11-22, in place of a month."`
	To         string `help:"Last trading date."`
	JSON       bool   `name:"json" help:"Print as JSON."`
}

// Run carries the command out.
func (c *calendarCommand) Run(p *process) error {
	from, to, err := c.dates()
	if err != nil {
		return err
	}
	calendars, err := settled(p)
	if err != nil {
		return err
	}
	exchange, err := calendarBy(c.Instrument, calendars)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(p.out, viewCalendar(c.Instrument, exchange, from, to))
	}
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		return fmt.Errorf("load the Pacific zone: %w", err)
	}
	return printCalendar(p.out, c.Instrument, exchange, from, to, pacific)
}

// dates are the first and the last trading date that were asked for.
func (c *calendarCommand) dates() (from, to calendar.Date, err error) {
	if c.Month != "" {
		if c.From != "" || c.To != "" {
			return from, to, misuse("give a month (2026-11) or --from and --to, not both")
		}
		month, err := time.Parse("2006-01", c.Month)
		if err != nil {
			return from, to, misuse("month %q: write it as in 2026-11", c.Month)
		}
		return calendar.DateOf(month), calendar.DateOf(month.AddDate(0, 1, -1)), nil
	}
	for _, bound := range []struct {
		flag, text string
		date       *calendar.Date
	}{{"--from", c.From, &from}, {"--to", c.To, &to}} {
		parsed, err := time.Parse(time.DateOnly, bound.text)
		if err != nil {
			return from, to, misuse("%s is %q: give a month (2026-11), or --from and --to as in 2026-11-22", bound.flag, bound.text)
		}
		*bound.date = calendar.DateOf(parsed)
	}
	if to.Before(from) {
		return from, to, misuse("--to %s is before --from %s", to, from)
	}
	return from, to, nil
}

// calendarView is a calendar as --json shows it; times are in UTC.
type calendarView struct {
	Instrument string        `json:"instrument"`
	Calendar   string        `json:"calendar"`
	Zone       string        `json:"zone"`
	Inferred   bool          `json:"inferred"` // neither hours nor holidays are known
	Sessions   []sessionView `json:"sessions"`
}

type sessionView struct {
	Date    string        `json:"date"` // the trading date
	Open    time.Time     `json:"open"`
	Close   time.Time     `json:"close"`
	Pauses  []pauseView   `json:"pauses"`
	Kind    calendar.Kind `json:"kind"`
	Joined  bool          `json:"settled_with_next"`
	Certain bool          `json:"certain"`
}

type pauseView struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func viewCalendar(name string, c *calendar.Calendar, from, to calendar.Date) calendarView {
	view := calendarView{
		Instrument: strings.ToUpper(name), Calendar: c.Name, Zone: c.Zone.String(), Inferred: c.Inferred, Sessions: []sessionView{},
	}
	for d := from; !to.Before(d); d = d.AddDays(1) {
		s, ok := c.Session(d)
		if !ok {
			continue
		}
		one := sessionView{
			Date: d.String(), Open: s.Open.UTC(), Close: s.Close.UTC(), Pauses: []pauseView{}, Kind: s.Kind, Joined: s.SettledNext,
			Certain: c.Certain(d),
		}
		for _, b := range s.Breaks {
			one.Pauses = append(one.Pauses, pauseView{b.From.UTC(), b.To.UTC()})
		}
		view.Sessions = append(view.Sessions, one)
	}
	return view
}

// printCalendar prints a line for each session, and for each date that is closed and usually is not, within 80 columns.
func printCalendar(w io.Writer, name string, c *calendar.Calendar, from, to calendar.Date, pacific *time.Location) error {
	var out strings.Builder
	zone := c.Zone.String()
	fmt.Fprintf(&out, "%s on %s, %s to %s\n", strings.ToUpper(name), c.Name, from, to)
	fmt.Fprintf(&out, "%-10s %-9s %-19s %-19s %s\n", "date", "", zone[strings.LastIndexByte(zone, '/')+1:], "UTC", "Pacific")
	var joined, doubt bool
	var pauses []string
	for d := from; !to.Before(d); d = d.AddDays(1) {
		s, ok := c.Session(d)
		_, _, usual := c.Hours(d)
		if !ok && !usual {
			continue
		}
		kind := string(s.Kind)
		if !ok {
			kind = string(calendar.Closed)
		}
		if s.SettledNext {
			kind, joined = kind+"+", true
		}
		if !c.Certain(d) {
			kind, doubt = kind+"?", true
		}
		if !ok {
			fmt.Fprintf(&out, "%s %-9s %s\n", d, kind, d.Weekday().String()[:3])
			continue
		}
		fmt.Fprintf(&out, "%s %-9s %-19s %-19s %s\n", d, kind, times(s, c.Zone), times(s, time.UTC), times(s, pacific))
		for _, b := range s.Breaks {
			pauses = append(pauses, b.From.In(c.Zone).Format("15:04-")+b.To.In(c.Zone).Format("15:04"))
		}
	}
	slices.Sort(pauses)
	for _, pause := range slices.Compact(pauses) {
		fmt.Fprintf(&out, "pause %s %s\n", pause, zone)
	}
	if joined {
		out.WriteString("+ settled with the next session: it has no daily bar of its own\n")
	}
	if doubt && !c.Inferred {
		out.WriteString("? not certain: not published, or not known from a source that can be relied on\n")
	}
	if c.Inferred {
		out.WriteString("? inferred: neither hours nor holidays are known, and nothing is ever late\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// times are a session's open and close in a zone, with the day of the week; midnight at the end of a date is 24:00.
func times(s calendar.Session, zone *time.Location) string {
	open, shut := s.Open.In(zone), s.Close.In(zone)
	last, clock := calendar.DateOf(shut.Add(-1)), shut.Format("15:04")
	if clock == "00:00" {
		clock = "24:00"
	}
	if last != calendar.DateOf(open) {
		clock = last.Weekday().String()[:3] + " " + clock
	}
	return open.Format("Mon 15:04-") + clock
}
