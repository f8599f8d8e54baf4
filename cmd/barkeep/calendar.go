package main

import (
	"fmt"
	"strings"
	"time"

	"barkeep/calendar"
)

// calendarCommand shows when an instrument trades, with what the archive tells of it, where there is one.
type calendarCommand struct {
	Instrument string `arg:"" help:"Instrument or exchange: ES, AAPL, 7203.T, EURUSD=X, XTKS."`
	Month      string `arg:"" optional:"" help:"Month, such as 2026-11."`
	From       string `help:"First trading date, such as 2026-11-22, in place of a month." placeholder:"DATE"`
	To         string `help:"Last trading date." placeholder:"DATE"`
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
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		return fmt.Errorf("load the Pacific zone: %w", err)
	}
	listing := newListing(exchange, from, to, pacific)
	if !c.JSON {
		return listing.print(p.out, strings.ToUpper(strings.TrimSpace(c.Instrument)))
	}
	for _, note := range listing.limits() {
		fmt.Fprintln(p.err, "barkeep:", note)
	}
	return printJSON(p.out, viewCalendar(listing))
}

// mostYears bounds how much is printed at once; no calendar is known for so long.
const mostYears = 40

// dates are the first and the last trading date that were asked for.
func (c *calendarCommand) dates() (from, to calendar.Date, err error) {
	const usage = "give a month (2026-11), or --from and --to (2026-11-22)"
	switch {
	case c.Month != "" && (c.From != "" || c.To != ""):
		return from, to, misuse("%s, not both", usage)
	case c.Month != "":
		month, err := time.Parse("2006-01", c.Month)
		if err != nil || month.Year() < 1 {
			return from, to, misuse("%q is no month: write it as in 2026-11", c.Month)
		}
		return calendar.DateOf(month), calendar.DateOf(month.AddDate(0, 1, -1)), nil
	case c.From == "" || c.To == "":
		return from, to, misuse(usage)
	}
	for _, bound := range []struct {
		flag, text string
		date       *calendar.Date
	}{{"--from", c.From, &from}, {"--to", c.To, &to}} {
		parsed, err := time.Parse(time.DateOnly, bound.text)
		if err != nil || parsed.Year() < 1 {
			return from, to, misuse("%s %s is no date: write it as in 2026-11-22", bound.flag, bound.text)
		}
		*bound.date = calendar.DateOf(parsed)
	}
	switch end := (calendar.Date{Year: from.Year + mostYears, Month: from.Month, Day: from.Day}); {
	case to.Before(from):
		return from, to, misuse("--to %s is before --from %s", to, from)
	case end.Before(to):
		return from, to, misuse("--from %s --to %s is more than %d years: ask for less at once", from, to, mostYears)
	}
	return from, to, nil
}

// calendarView is a calendar as --json shows it.
type calendarView struct {
	Sessions []sessionView `json:"sessions"`
}

// sessionView is a session; times are in UTC.
type sessionView struct {
	Date   string        `json:"date"` // the trading date
	Open   time.Time     `json:"open"`
	Close  time.Time     `json:"close"`
	Pauses []pauseView   `json:"pauses"`
	Kind   calendar.Kind `json:"kind"`
}

type pauseView struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func viewCalendar(l listing) calendarView {
	view := calendarView{Sessions: []sessionView{}}
	for _, d := range l.days {
		s := d.session
		if s == nil {
			continue
		}
		one := sessionView{Date: s.Date.String(), Open: s.Open.UTC(), Close: s.Close.UTC(), Pauses: []pauseView{}, Kind: s.Kind}
		for _, b := range s.Breaks {
			one.Pauses = append(one.Pauses, pauseView{b.From.UTC(), b.To.UTC()})
		}
		view.Sessions = append(view.Sessions, one)
	}
	return view
}
