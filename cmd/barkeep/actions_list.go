package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"barkeep/app"
	"barkeep/server/view"
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
	t := newTable(w, "instrument", "no.", "date", "action", "from", "seen (UTC)", "")
	for _, a := range actions {
		state := ""
		if !a.Holds {
			state = "gone"
		}
		t.AppendRow(table.Row{short(a.Instrument, 12), a.Number, a.Date, short(actionText(a), 18), a.Source, dateOf(a.Seen), state})
	}
	t.Render()
	for _, a := range actions {
		if a.Note != "" {
			fmt.Fprintf(w, "%s %d: %s\n", a.Instrument, a.Number, short(a.Note, 60))
		}
	}
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
