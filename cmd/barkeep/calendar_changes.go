package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"barkeep/app"
	"barkeep/calendar"
	"barkeep/market"
	"barkeep/yahoo"
)

// calendarCommands show calendars and change them.
type calendarCommands struct {
	Show    calendarCommand        `cmd:"" default:"withargs" help:"Show a month of sessions; the word show may be left out."`
	Add     calendarAddCommand     `cmd:"" help:"Tell the archive of a closure, or of other hours on a date, before a release knows of it."`
	Remove  calendarRemoveCommand  `cmd:"" help:"Take back what was added for a date."`
	Changes calendarChangesCommand `cmd:"" help:"Show what was added."`
}

// calendarAddCommand keeps what an operator knows of a date.
type calendarAddCommand struct {
	Exchange string `arg:"" help:"Exchange or instrument: XNYS, CME_EQUITY, ES. What is added holds for all of its exchange."`
	Date     string `arg:"" help:"Trading date, such as 2027-01-15."`
	Kind     string `arg:"" optional:"" default:"closed" help:"closed (the default), early, late, special, or regular for the usual hours."`
	Open     string `help:"Open in the exchange's time, of late and special: 10:30, or -18:00 for 18:00 of the evening before." placeholder:"HH:MM"`
	Close    string `help:"Close, of early and special." placeholder:"HH:MM"`
	Note     string `help:"Why, for people."`
}

// Help is the text below the flags.
func (c *calendarAddCommand) Help() string {
	return "It is kept in the archive, for every worker on it; one for the same date is replaced. The next import folds anew what " +
		"it concerns; barkeep rebuild does so at once."
}

// Run carries the command out.
func (c *calendarAddCommand) Run(p *process) error {
	change, err := c.change()
	if err != nil {
		return err
	}
	return withArchive(p, func(a *app.App) error {
		if err := a.Archive.ChangeCalendar(p.ctx, change); err != nil {
			return err
		}
		fmt.Fprintln(p.out, changeLine(change)+": kept; the next import, or barkeep rebuild, goes by it")
		return nil
	})
}

// change reads the arguments.
func (c *calendarAddCommand) change() (change calendar.Change, err error) {
	if change.Calendar, change.Date, err = dateOfExchange(c.Exchange, c.Date); err != nil {
		return change, err
	}
	change.Kind, change.Note = calendar.Kind(strings.ToLower(c.Kind)), c.Note
	takes := map[calendar.Kind][]bool{
		calendar.Closed: {false, false}, calendar.Regular: {false, false}, calendar.Early: {false, true},
		calendar.Late: {true, false}, calendar.Special: {true, true},
	}
	for i, flag := range []struct {
		name, text string
		into       *time.Duration
	}{{"--open", c.Open, &change.Open}, {"--close", c.Close, &change.Close}} {
		needs, known := takes[change.Kind]
		switch {
		case !known:
			return change, misuse("kind %q: accepted are closed, early, late, special and regular", c.Kind)
		case needs[i] != (flag.text != "") && needs[i]:
			return change, misuse("%s needs %s, such as %s 13:00", change.Kind, flag.name, flag.name)
		case needs[i] != (flag.text != ""):
			return change, misuse("%s takes no %s", change.Kind, flag.name)
		case needs[i]:
			if *flag.into, err = calendar.Wall(flag.text); err != nil {
				return change, misuse("%s: %w", flag.name, err)
			}
		}
	}
	if err := change.Check(); err != nil {
		return change, misuse("%w", err)
	}
	return change, nil
}

// dateOfExchange reads the arguments that name a date of an exchange.
func dateOfExchange(exchange, date string) (name string, d calendar.Date, err error) {
	c, err := calendarOf(exchange)
	if err != nil {
		return "", d, err
	}
	if _, err := calendar.Of(c.Name); err != nil || c.Name == calendar.Unknown {
		return "", d, misuse("nothing is known of the exchange of %s, so nothing of it is ever late: there is nothing to change",
			exchange)
	}
	parsed, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return "", d, misuse("date %q: write it as in 2027-01-15", date)
	}
	return c.Name, calendar.DateOf(parsed), nil
}

// calendarRemoveCommand takes a change back.
type calendarRemoveCommand struct {
	Exchange string `arg:"" help:"Exchange or instrument."`
	Date     string `arg:"" help:"Trading date."`
}

// Run carries the command out.
func (c *calendarRemoveCommand) Run(p *process) error {
	name, date, err := dateOfExchange(c.Exchange, c.Date)
	if err != nil {
		return err
	}
	return withArchive(p, func(a *app.App) error {
		dropped, err := a.Archive.DropCalendarChange(p.ctx, name, date)
		if err != nil {
			return err
		}
		if !dropped {
			return misuse("nothing was added for %s on %s; barkeep calendar changes shows what was", name, date)
		}
		fmt.Fprintf(p.out, "%s %s: taken back; the next import, or barkeep rebuild, goes by it\n", name, date)
		return nil
	})
}

// calendarChangesCommand shows what operators added.
type calendarChangesCommand struct {
	JSON bool `name:"json" help:"Print as JSON."`
}

// changeView is a change as --json shows it; times are the exchange's wall clock, null where the usual one holds.
type changeView struct {
	Calendar string        `json:"calendar"`
	Date     string        `json:"date"`
	Kind     calendar.Kind `json:"kind"`
	Open     *string       `json:"open"`
	Close    *string       `json:"close"`
	Note     string        `json:"note"`
}

// Run carries the command out.
func (c *calendarChangesCommand) Run(p *process) error {
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	archive, closeArchive, err := app.OpenExisting(p.ctx, s.config, s.options())
	if err != nil {
		return err
	}
	defer closeArchive()
	changes, err := archive.CalendarChanges(p.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		views := []changeView{}
		for _, change := range changes {
			v := changeView{Calendar: change.Calendar, Date: change.Date.String(), Kind: change.Kind, Note: change.Note}
			if open, shut := hoursOf(change); open != "" || shut != "" {
				v.Open, v.Close = textOrNull(open), textOrNull(shut)
			}
			views = append(views, v)
		}
		return printJSON(p.out, map[string][]changeView{"changes": views})
	}
	if len(changes) == 0 {
		fmt.Fprintln(p.out, "nothing was added: barkeep calendar add XNYS 2027-01-15 adds a closure")
	}
	for _, change := range changes {
		fmt.Fprintln(p.out, changeLine(change))
	}
	return nil
}

func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// hoursOf are the times that a change gives; empty for the usual ones.
func hoursOf(c calendar.Change) (open, shut string) {
	if c.Kind == calendar.Late || c.Kind == calendar.Special {
		open = calendar.WallOf(c.Open)
	}
	if c.Kind == calendar.Early || c.Kind == calendar.Special {
		shut = calendar.WallOf(c.Close)
	}
	return open, shut
}

// changeLine shows a change to people.
func changeLine(c calendar.Change) string {
	line := fmt.Sprintf("%s %s %s %s", c.Calendar, c.Date.Weekday().String()[:3], c.Date, c.Kind)
	open, shut := hoursOf(c)
	if open != "" {
		line += " from " + open
	}
	if shut != "" {
		line += " to " + shut
	}
	if c.Note != "" {
		line += " (" + c.Note + ")"
	}
	return line
}

// withArchive opens the whole of a configuration and does something with its archive.
func withArchive(p *process, do func(*app.App) error) error {
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	a, err := app.New(p.ctx, s.config, s.options())
	if err != nil {
		return err
	}
	return errors.Join(do(a), a.Close())
}

// settled is what the archive of the configuration tells of calendars.
func settled(p *process) (market.Calendars, error) {
	s, err := p.load(p.err)
	if err != nil {
		return market.Calendars{}, err
	}
	return app.Calendars(p.ctx, s.config, s.options())
}

// calendarOf is the calendar of an instrument, or of an exchange by its own name, as the program has it.
func calendarOf(text string) (*calendar.Calendar, error) { return calendarBy(text, market.Calendars{}) }

// calendarBy is calendarOf with what an archive adds.
func calendarBy(text string, settled market.Calendars) (*calendar.Calendar, error) {
	name := strings.ToUpper(strings.TrimSpace(text))
	i, err := market.NewInstrument(name, market.KindSpot, name)
	if err != nil { // it is no calendar's name
		if i, err = yahoo.Resolve(text); err != nil {
			return nil, err
		}
	}
	return settled.Settle(i).Calendar, nil
}
