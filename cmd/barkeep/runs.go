package main

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"barkeep/app"
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
		return app.Misuse("--limit is %d: give a number of runs, at least 1", c.Limit)
	}
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	if c.ID != 0 {
		report, err := app.ReadRun(p.ctx, s.config, s.options(), c.ID)
		if err != nil {
			return err
		}
		return printReport(p.out, report, c.JSON)
	}
	status, err := app.ReadStatus(p.ctx, s.config, s.options(), c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		views := make([]runView, len(status.Runs))
		for i, r := range status.Runs {
			views[i] = viewRun(r)
		}
		return printJSON(p.out, views)
	}
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		return fmt.Errorf("load the Pacific zone: %w", err)
	}
	t := newTable(p.out, "run", "job", "slot", "attempt", "by", "on", "state", "started", "took", "reason")
	for _, r := range status.Runs {
		t.AppendRow(table.Row{
			r.ID, r.Job, slotOf(r), r.Attempt, r.Entry, r.Host, r.State, both(r.Started, pacific), took(r), short(r.Reason, 60),
		})
	}
	t.Render()
	return nil
}

// slotOf names the slot of a run: its date and index.
func slotOf(r app.Run) string {
	if r.TradingDate == "" {
		return "ad hoc"
	}
	text := fmt.Sprintf("%s/%d", r.TradingDate, r.Slot)
	if r.Forced {
		text += " forced"
	}
	return text
}

func took(r app.Run) string {
	if r.Finished.IsZero() {
		return "-"
	}
	return r.Finished.Sub(r.Started).Round(10 * time.Millisecond).String()
}
