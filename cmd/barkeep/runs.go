package main

import (
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"barkeep/app"
	"barkeep/ledger"
	"barkeep/query"
)

// runsCommand shows the ledger.
type runsCommand struct {
	ID    int64 `arg:"" optional:"" help:"Show this run with the evidence of its series."`
	Limit int   `help:"How many recent runs to show." default:"20"`
	JSON  bool  `name:"json" help:"Print as JSON."`
}

// Run carries the command out.
func (c *runsCommand) Run(p *process) error {
	if c.Limit < 1 {
		return misuse("--limit is %d: give a number of runs, at least 1", c.Limit)
	}
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	names, err := s.naming()
	if err != nil {
		return err
	}
	if c.ID != 0 {
		return c.one(p, s, names)
	}
	status, err := s.readStatus(p.ctx, c.Limit, nil)
	if err == nil {
		err = status.Outdated()
	}
	if err != nil {
		return err
	}
	switch {
	case c.JSON:
		return printJSON(p.out, names.Runs(status.Runs, status.Progress))
	case status.absent:
		return printAbsent(p.out, status.name)
	}
	t := newTable(p.out, "run", "job", "slot", "attempt", "by", "on", "state", "started", "took", "reason")
	for _, r := range status.Runs {
		t.AppendRow(table.Row{
			r.ID, r.Job, slotOf(r), r.Attempt, r.Entry, r.Host, r.State, both(r.Started, names.Pacific), took(r),
			short(r.Reason, 60),
		})
	}
	t.Render()
	return nil
}

// one shows one run.
func (c *runsCommand) one(p *process, s setup, names naming) error {
	archive, closeArchive, err := app.OpenExisting(p.ctx, s.config, s.options())
	if err != nil {
		return err
	}
	defer closeArchive()
	read, err := query.ReadRun(p.ctx, archive, c.ID)
	if err != nil {
		return err
	}
	report := reportOf(read.Run, read.Cells)
	report.Progress = read.Progress
	if c.JSON {
		return printJSON(p.out, reportJSON(report, names))
	}
	return printReport(p.out, report, s.now())
}

// slotOf names the slot of a run, whose job stands beside it.
func slotOf(r ledger.Run) string {
	text := r.SlotName()
	if r.Forced {
		text += " forced"
	}
	return text
}

func took(r ledger.Run) string {
	if r.Finished.IsZero() {
		return "-"
	}
	return r.Finished.Sub(r.Started).Round(10 * time.Millisecond).String()
}

// printAbsent says that there is nothing to read yet, which is no error.
func printAbsent(w io.Writer, archive string) error {
	_, err := fmt.Fprintf(w, "There is no archive at %s yet: barkeep sync makes it.\n", archive)
	return err
}
