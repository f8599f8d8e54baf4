package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"barkeep/app"
	"barkeep/ledger"
	"barkeep/market"
)

// statusCommand shows what the archive holds.
type statusCommand struct {
	Runs int  `help:"How many recent runs to show." default:"5"`
	JSON bool `name:"json" help:"Print as JSON."`
}

// Run carries the command out.
func (c *statusCommand) Run(p *process) error {
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	if c.Runs < 0 {
		return misuse("--runs is %d: give a number of runs, 0 for none", c.Runs)
	}
	status, err := app.ReadStatus(p.ctx, s.config, s.options(), c.Runs)
	if err != nil {
		return err
	}
	names, err := s.naming()
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(p.out, statusJSON(status, names))
	}
	return printStatus(p.out, status, names)
}

// both shows an instant in UTC and in Pacific time with its real offset.
func both(t time.Time, pacific *time.Location) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z") + " = " + t.In(pacific).Format("15:04:05 MST")
}

func printStatus(w io.Writer, s app.Status, names naming) error {
	pacific := names.pacific
	if s.Absent {
		fmt.Fprintf(w, "now      %s\n", both(s.Now, pacific))
		return printAbsent(w, s.Archive)
	}
	fmt.Fprintf(w, "archive  %s (schema %d of %d)\nnow      %s\n", s.Archive, s.Schema, s.Latest, both(s.Now, pacific))
	if s.Schema == 0 {
		_, err := fmt.Fprintln(w, "The archive is empty: barkeep sync fills it.")
		return err
	}
	for _, slot := range s.Today {
		line := fmt.Sprintf("today    %s = %s: %s", slot.Name(names.schedules...), both(slot.At, pacific), slot.State)
		if slot.Run.ID != 0 {
			line += fmt.Sprintf(", run %d", slot.Run.ID)
		}
		fmt.Fprintln(w, line)
	}
	fmt.Fprintf(w, "next     %s = %s\n", s.Next.Name(names.schedules...), both(s.Next.At, pacific))
	if len(s.Runs) > 0 {
		runs := newTable(w, "run", "job", "slot", "by", "state", "started", "took", "reason")
		for _, r := range s.Runs {
			runs.AppendRow(table.Row{
				r.ID, r.Job, slotOf(r, names), r.Entry, r.State, both(r.Started, pacific), took(r), short(r.Reason, 60),
			})
		}
		runs.Render()
	}
	for _, r := range s.Runs {
		if said, ok := s.Progress[r.ID]; ok {
			fmt.Fprintln(w, progressLine(r.ID, said))
		}
	}
	series := newTable(w, "series", "bars", "oldest", "newest", "age")
	slices.SortStableFunc(s.Series, func(a, b market.SeriesState) int {
		return cmp.Or(strings.Compare(a.Series.Instrument, b.Series.Instrument),
			orderOf(string(a.Series.Timeframe))-orderOf(string(b.Series.Timeframe)))
	})
	for _, state := range s.Series {
		series.AppendRow(table.Row{state.Series, state.Count, stamp(state.Oldest), stamp(state.Newest), age(s.Now, state)})
	}
	series.Render()
	_, err := fmt.Fprintf(w, "%d series\n", len(s.Series))
	return err
}

func age(now time.Time, s market.SeriesState) string {
	if s.Newest.IsZero() {
		return "-"
	}
	return now.Sub(s.Newest).Round(time.Minute).String()
}

func statusJSON(s app.Status, names naming) any {
	type seriesView struct {
		Instrument string     `json:"instrument"`
		Timeframe  string     `json:"timeframe"`
		Bars       int64      `json:"bars"`
		Oldest     *time.Time `json:"oldest"`
		Newest     *time.Time `json:"newest"`
	}
	type slotView struct {
		ledger.SlotView
		State string `json:"state"`
		Run   int64  `json:"run"`
	}
	slots := make([]slotView, len(s.Today))
	for i, slot := range s.Today {
		slots[i] = slotView{slot.View(names.pacific, names.schedules...), string(slot.State), slot.Run.ID}
	}
	var next *ledger.SlotView
	if !s.Next.At.IsZero() {
		view := s.Next.View(names.pacific, names.schedules...)
		next = &view
	}
	series := make([]seriesView, len(s.Series))
	for i, state := range s.Series {
		series[i] = seriesView{
			state.Series.Instrument, string(state.Series.Timeframe), state.Count, optional(state.Oldest), optional(state.Newest),
		}
	}
	return struct {
		Version string           `json:"version"`
		Archive string           `json:"archive"`
		Exists  bool             `json:"exists"`
		Schema  int64            `json:"schema"`
		Latest  int64            `json:"latest_schema"`
		Mode    string           `json:"mode"`
		Now     *ledger.Instant  `json:"now"`
		Next    *ledger.SlotView `json:"next"`
		Slots   []slotView       `json:"slots"`
		Runs    []runView        `json:"runs"`
		Series  []seriesView     `json:"series"`
	}{
		version, s.Archive, !s.Absent, s.Schema, s.Latest, s.Mode, ledger.InstantOf(s.Now, names.pacific), next, slots,
		viewRuns(s.Runs, s.Progress, names), series,
	}
}
