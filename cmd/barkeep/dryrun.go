package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"barkeep/market"
	"barkeep/server/view"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// dryRun is what a run would ask for, and for which sessions.
type dryRun struct {
	plan        syncer.Plan
	instruments []market.Instrument
	perMinute   float64 // requests
	pacific     *time.Location
}

// print shows a row a task, then the sessions, then the sum.
func (d dryRun) print(w io.Writer) error {
	t := newTable(w, "series", "why", "from", "to", "days", "requests", "also gives")
	for _, task := range d.plan.Tasks {
		t.AppendRow(table.Row{
			task.Series(), task.Reason, stamp(task.Window.From), stamp(task.Window.To), task.Days(), len(task.Fetches),
			strings.Trim(fmt.Sprint(task.Derived), "[]"),
		})
	}
	t.Render()
	if err := printSessions(w, d.instruments, d.plan.Made, d.pacific); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "dry run: %d requests, about %s at %g a minute; nothing was fetched or stored\n", d.plan.Requests(),
		d.plan.Estimate(d.perMinute), d.perMinute)
	return err
}

// taskView is a task of a plan as --json shows it.
type taskView struct {
	Instrument string             `json:"instrument"`
	Symbol     string             `json:"symbol"`
	Timeframe  market.Timeframe   `json:"timeframe"`
	Derived    []market.Timeframe `json:"derived"`
	Reason     syncer.Reason      `json:"reason"`
	From       *time.Time         `json:"from"`
	To         *time.Time         `json:"to"`
	Requests   int                `json:"requests"`
}

// planView is a dry run as --json shows it.
type planView struct {
	Made      time.Time       `json:"made"`
	Requests  int             `json:"requests"`
	Estimate  float64         `json:"estimate_seconds"`
	Tasks     []taskView      `json:"tasks"`
	Calendars []view.Calendar `json:"calendars"` // in the shape of /status
}

func (d dryRun) view() planView {
	p := d.plan
	tasks := make([]taskView, len(p.Tasks))
	for i, t := range p.Tasks {
		tasks[i] = taskView{
			Instrument: t.Instrument.Name, Symbol: yahoo.Symbol(t.Instrument), Timeframe: t.Base,
			Derived: append([]market.Timeframe{}, t.Derived...), Reason: t.Reason,
			From: optional(t.Window.From), To: optional(t.Window.To), Requests: len(t.Fetches),
		}
	}
	return planView{
		Made: p.Made.UTC(), Requests: p.Requests(), Estimate: p.Estimate(d.perMinute).Seconds(), Tasks: tasks,
		Calendars: view.Renderer{Pacific: d.pacific}.Calendars(d.instruments, p.Made),
	}
}
