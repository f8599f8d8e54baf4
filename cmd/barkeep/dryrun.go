package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/server/view"
	syncer "barkeep/sync"
	"barkeep/term"
	"barkeep/yahoo"
)

// dryRun is what a run would ask for, and for which sessions.
type dryRun struct {
	plan        syncer.Plan
	instruments []market.Instrument
	perMinute   float64 // requests
	pacific     *time.Location
}

// print shows a row a task, then what is lost next, the sessions, and the sum.
func (d dryRun) print(w io.Writer) error {
	screen := screenOf(w)
	w = term.Fit(w)
	t := term.NewTable(term.Text("series"), term.Text("why"), term.Text("from (UTC)"), term.Text("to (UTC)"),
		term.Number("days").Sparing(1), term.Number("requests"), term.Text("also gives").Sparing(2))
	for _, task := range d.plan.Tasks {
		t.Row(task.Series(), task.Reason, plainUTC(task.Window.From), plainUTC(task.Window.To), task.Days(), len(task.Fetches),
			strings.Trim(fmt.Sprint(task.Derived), "[]"))
	}
	fmt.Fprintf(w, "dry run: %d requests, about %s at %g a minute; nothing was fetched or stored\n\n", d.plan.Requests(),
		term.Took(d.plan.Estimate(d.perMinute)), d.perMinute)
	screen.Table(t)
	d.printLeaving(w)
	calendars := view.Renderer{Pacific: d.pacific}.Calendars(d.instruments, d.plan.Made)
	fmt.Fprintln(w)
	return printSessions(w, calendars, d.plan.Made, d.pacific)
}

// printLeaving shows what leaves the provider's window next of each series that lacks something.
func (d dryRun) printLeaving(w io.Writer) {
	const most = 20
	all := d.plan.Leaving()
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(w, "what is missing and leaves the provider's window next, by series:")
	for _, l := range all[:min(len(all), most)] {
		asked := "asked for now"
		if !l.Asked {
			asked = "next try " + stamp(l.Gap.Next)
		}
		fmt.Fprintf(w, "  %s %s: %s, %s\n    lost on %s (%s); %s\n", l.Gap.Series.Instrument, l.Gap.Series.Timeframe,
			several(l.Gap.Bars, "bar"), l.Gap.Reason, stamp(l.At), l.At.In(d.pacific).Format("2006-01-02 15:04 MST"), asked)
	}
	if more := len(all) - most; more > 0 {
		fmt.Fprintf(w, "  and %d more series, which --json lists\n", more)
	}
}

// leavingView is what leaves the provider's window next of a series, as --json shows it.
type leavingView struct {
	view.Gap      // without the bars of it that are lost already
	Asked    bool `json:"asked_now"` // the plan asks for its first bar
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
	Leaving   []leavingView   `json:"leaving"`   // one a series, the soonest lost first
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
	r, leaving := view.Renderer{Pacific: d.pacific}, []leavingView{}
	for _, l := range p.Leaving() {
		leaving = append(leaving, leavingView{r.Gap(l.Gap, yahoo.Capabilities()), l.Asked})
	}
	return planView{
		Made: p.Made.UTC(), Requests: p.Requests(), Estimate: p.Estimate(d.perMinute).Seconds(), Tasks: tasks,
		Leaving: leaving, Calendars: r.Calendars(d.instruments, p.Made),
	}
}
