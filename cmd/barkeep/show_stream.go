package main

import (
	"barkeep/format"
	"barkeep/query"
	"barkeep/server/view"
	"barkeep/yahoo"
)

// kind is how bars are printed for programs; empty for people.
func (c *showCommand) kind() format.Kind {
	switch {
	case c.CSV:
		return format.CSV
	case c.JSON:
		return format.JSON
	default:
		return ""
	}
}

// print prints the bars of a request for programs: of a number of newest bars these, else all of the window.
func (c *showCommand) print(p *process, names naming, reader *query.Reader, request query.Request, kind format.Kind) error {
	to := &view.Stream{
		Renderer: names.Renderer, Kind: kind, To: p.out, Request: request,
		Serves: yahoo.Capabilities(),
	}
	var notes []string
	if request.Newest {
		answer, err := reader.Read(p.ctx, request)
		if err != nil {
			return err
		}
		head := query.Head{
			Source: answer.Source, Derived: answer.Derived, FoldedFrom: answer.FoldedFrom, Complete: answer.Complete, Notes: answer.Notes,
		}
		if err := to.Begin(head); err != nil {
			return err
		}
		if err := to.Bars(answer.Bars); err != nil {
			return err
		}
	} else {
		var err error
		if notes, err = reader.Stream(p.ctx, request, to); err != nil {
			return err
		}
	}
	return to.Close(notes)
}
