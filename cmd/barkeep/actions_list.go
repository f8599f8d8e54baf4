package main

import (
	"fmt"
	"io"
	"strings"

	"barkeep/app"
	"barkeep/server/view"
	"barkeep/term"
	"barkeep/yahoo"
)

// actionsList shows what companies and funds did that changes what a share is worth.
type actionsList struct {
	Instrument string `arg:"" optional:"" help:"Instrument; all by default."`
	JSON       bool   `name:"json" help:"Print as JSON, with when each was first told and by which run."`
}

// Run carries the command out.
func (c *actionsList) Run(p *process) error {
	name := ""
	if c.Instrument != "" {
		i, err := yahoo.Resolve(c.Instrument)
		if err != nil {
			return err
		}
		name = i.Name
	}
	return p.reading(func(_ setup, names naming, archive app.ReadOnly) error {
		actions, err := archive.Actions(p.ctx, name)
		if err != nil {
			return err
		}
		views := names.Actions(actions)
		if c.JSON {
			return printJSON(p.out, map[string][]view.Action{"actions": views})
		}
		return printActions(p.out, views)
	})
}

func printActions(w io.Writer, actions []view.Action) error {
	if len(actions) == 0 {
		_, err := fmt.Fprintln(w, "no splits, dividends or capital gains are known")
		return err
	}
	t := term.NewTable(term.Text("instrument"), term.Number("no."), term.Text("date"),
		term.Text("action"), term.Text("from"), term.Text("seen (UTC)").Sparing(1), term.Text("state"))
	for _, a := range actions {
		state := ""
		if !a.Holds {
			state = "gone"
		}
		t.Row(a.Instrument, a.Number, a.Date, actionText(a), a.Source, dateOf(a.Seen), state).Note(a.Note)
	}
	screenOf(w).Table(t)
	return nil
}

// actionText shows what was done: "split 4:1", "dividend 0.25 USD".
func actionText(a view.Action) string {
	if a.Numerator > 0 {
		return fmt.Sprintf("%s %v:%v", a.Kind, a.Numerator, a.Denominator)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %v %s", a.Kind, a.Amount, a.Currency))
}

// dateOf is the UTC date of an instant.
func dateOf(i *view.Instant) string {
	if i == nil {
		return "-"
	}
	date, _, _ := strings.Cut(i.UTC, "T")
	return date
}
