package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"barkeep/ledger"
	syncer "barkeep/sync"
)

// printReport shows what a run did: a row of evidence a series, then the sum.
func printReport(w io.Writer, r syncer.Report, asJSON bool) error {
	if asJSON {
		return printJSON(w, reportJSON(r))
	}
	t := newTable(w, "series", "state", "fetched", "inserted", "changed", "unchanged", "newest bar", "reason")
	for _, c := range r.Cells {
		t.AppendRow(table.Row{
			c.Instrument + " " + c.Timeframe, c.State, c.Fetched, c.Inserted, c.Changed, c.Unchanged, stamp(c.Newest), short(c.Reason, 60),
		})
	}
	t.Render()
	for _, f := range r.Faults {
		fmt.Fprintln(w, "also:", f)
	}
	return printSum(w, r)
}

func printSum(w io.Writer, r syncer.Report) error {
	var changed, unchanged, failed int
	for _, c := range r.Cells {
		changed, unchanged = changed+c.Changed, unchanged+c.Unchanged
		if !c.State.OK() {
			failed++
		}
	}
	line := fmt.Sprintf("run %d %s: %d candles inserted, %d changed, %d unchanged; %d requests, %s", r.Run.ID, r.Run.State, r.Inserted(),
		changed, unchanged, r.Requests, r.Run.Finished.Sub(r.Run.Started).Round(10*time.Millisecond))
	if failed > 0 {
		line += fmt.Sprintf("; %d of %d series failed, first %s", failed, len(r.Cells), r.Run.Reason)
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

// printPlan shows what a run would ask for.
func printPlan(w io.Writer, p syncer.Plan, perMinute float64, asJSON bool) error {
	if asJSON {
		return printJSON(w, planJSON(p, perMinute))
	}
	t := newTable(w, "series", "why", "from", "to", "days", "requests", "also gives")
	for _, task := range p.Tasks {
		t.AppendRow(table.Row{
			task.Series(), task.Reason, stamp(task.Window.From), stamp(task.Window.To), task.Days(), len(task.Fetches), names(task),
		})
	}
	t.Render()
	_, err := fmt.Fprintf(w, "dry run: %d requests, about %s at %g a minute; nothing was fetched or stored\n", p.Requests(),
		p.Estimate(perMinute), perMinute)
	return err
}

func names(task syncer.Task) string {
	line := ""
	for i, t := range task.Derived {
		if i > 0 {
			line += " "
		}
		line += string(t)
	}
	return line
}

func newTable(w io.Writer, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.Style().Options.SeparateRows = false
	t.AppendHeader(header)
	return t
}

// short keeps a table readable; the full text is in the log and in --json.
func short(line string, n int) string {
	runes := []rune(line)
	if len(runes) <= n {
		return line
	}
	return string(runes[:n-1]) + "…"
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// optional is nil for a zero time, so that JSON shows null rather than the year 1.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

// runView is a run as --json shows it.
type runView struct {
	ID       int64        `json:"id"`
	Job      ledger.Job   `json:"job"`
	Entry    string       `json:"entry"`
	State    ledger.State `json:"state"`
	Reason   string       `json:"reason,omitempty"`
	Host     string       `json:"host"`
	Started  *time.Time   `json:"started"`
	Finished *time.Time   `json:"finished"`
}

func viewRun(r ledger.Run) runView {
	return runView{
		ID: r.ID, Job: r.Job, Entry: r.Entry, State: r.State, Reason: r.Reason, Host: r.Host,
		Started: optional(r.Started), Finished: optional(r.Finished),
	}
}

// cellView is the evidence of a series as --json shows it.
type cellView struct {
	Instrument string           `json:"instrument"`
	Timeframe  string           `json:"timeframe"`
	State      ledger.CellState `json:"state"`
	Reason     string           `json:"reason"`
	From       *time.Time       `json:"from"`
	To         *time.Time       `json:"to"`
	Requests   int              `json:"requests"`
	Fetched    int              `json:"fetched"`
	Inserted   int              `json:"inserted"`
	Changed    int              `json:"changed"`
	Unchanged  int              `json:"unchanged"`
	Newest     *time.Time       `json:"newest"`
}

func reportJSON(r syncer.Report) any {
	cells := make([]cellView, len(r.Cells))
	for i, c := range r.Cells {
		cells[i] = cellView{
			Instrument: c.Instrument, Timeframe: c.Timeframe, State: c.State, Reason: c.Reason, From: optional(c.From), To: optional(c.To),
			Requests: c.Requests, Fetched: c.Fetched, Inserted: c.Inserted, Changed: c.Changed, Unchanged: c.Unchanged, Newest: optional(c.Newest),
		}
	}
	return struct {
		Run      runView    `json:"run"`
		Inserted int        `json:"inserted"`
		Requests int        `json:"requests"`
		Cells    []cellView `json:"cells"`
		Faults   []string   `json:"faults"`
	}{viewRun(r.Run), r.Inserted(), r.Requests, cells, append([]string{}, r.Faults...)}
}

// taskView is a task of a plan as --json shows it.
type taskView struct {
	Instrument string        `json:"instrument"`
	Symbol     string        `json:"symbol"`
	Timeframe  string        `json:"timeframe"`
	Derived    []string      `json:"derived"`
	Reason     syncer.Reason `json:"reason"`
	From       *time.Time    `json:"from"`
	To         *time.Time    `json:"to"`
	Requests   int           `json:"requests"`
}

func planJSON(p syncer.Plan, perMinute float64) any {
	tasks := make([]taskView, len(p.Tasks))
	for i, t := range p.Tasks {
		tasks[i] = taskView{
			Instrument: t.Instrument.Name, Symbol: t.Instrument.Symbol, Timeframe: string(t.Base), Derived: []string{}, Reason: t.Reason,
			From: optional(t.Window.From), To: optional(t.Window.To), Requests: len(t.Fetches),
		}
		for _, d := range t.Derived {
			tasks[i].Derived = append(tasks[i].Derived, string(d))
		}
	}
	return struct {
		Made     time.Time  `json:"made"`
		Requests int        `json:"requests"`
		Estimate float64    `json:"estimate_seconds"`
		Tasks    []taskView `json:"tasks"`
	}{p.Made.UTC(), p.Requests(), p.Estimate(perMinute).Seconds(), tasks}
}
