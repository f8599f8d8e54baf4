package main

import (
	"fmt"
	"io"
	"time"

	"barkeep/app"
	"barkeep/ledger"
	"barkeep/query"
	"barkeep/term"
)

// runsCommand shows the ledger.
type runsCommand struct {
	ID      int64 `arg:"" optional:"" help:"Show this run with the evidence of its series."`
	Verbose bool  `help:"With a number: a row for every series."`
	Limit   int   `help:"How many recent runs to show." default:"20"`
	JSON    bool  `name:"json" help:"Print as JSON."`
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
	screen := screenOf(p.out)
	if len(status.Runs) == 0 {
		screen.Lines(0, "there are no runs yet: barkeep sync makes one")
		return nil
	}
	runsVerdict(screen, status.Runs[0], status.Progress, s.now())
	fmt.Fprintln(screen)
	printRuns(screen, status.Runs, names.Pacific)
	return nil
}

// runsVerdict says how the newest run stands.
func runsVerdict(s *term.Screen, newest ledger.Run, said map[int64]ledger.Progress, now time.Time) {
	what := fmt.Sprintf("run %d, %s", newest.ID, newest.Name())
	if progress, ok := said[newest.ID]; ok && newest.State == ledger.StateRunning {
		what += ": " + progressText(progress, newest, now)
	} else if !newest.Finished.IsZero() {
		what += ", ended " + term.Ago(newest.Finished, now)
	} else {
		what += ", began " + term.Ago(newest.Started, now)
	}
	s.Verdict(toneOf(newest.State), string(newest.State), what)
}

// toneOf is the colour of a state.
func toneOf(state ledger.State) term.Tone {
	switch state {
	case ledger.StateDone:
		return term.Good
	case ledger.StateFailed, ledger.StateMissed, ledger.StateAbandoned:
		return term.Bad
	default:
		return term.Waits
	}
}

// printRuns shows runs, the newest first, with the reasons of those that are not done. Attempts, and the machines that they
// ran on, are shown where they differ.
func printRuns(s *term.Screen, runs []ledger.Run, pacific *time.Location) {
	t := term.NewTable(term.Number("run"), term.Text("job"), term.Text("slot"), term.Text("state"),
		term.Text("by").Sparing(2), term.Number("attempt").Sparing(3), term.Text("on").Sparing(4),
		term.Text("began (UTC)"), term.Text("Pacific").Sparing(1), term.Number("took"))
	several, hosts := false, map[string]bool{}
	for _, r := range runs {
		several, hosts[r.Host] = several || r.Attempt > 1, true
	}
	for _, r := range runs {
		attempt, host := "", ""
		if several {
			attempt = fmt.Sprint(r.Attempt)
		}
		if len(hosts) > 1 {
			host = r.Host
		}
		t.Row(fmt.Sprint(r.ID), r.Job, slotOf(r), term.Cell{Text: string(r.State), Tone: toneOf(r.State)}, r.Entry, attempt, host,
			plainUTC(r.Started), r.Started.In(pacific).Format("15:04 MST"), took(r))
		if r.State != ledger.StateDone && r.Reason != "" {
			t.Note(brief(r.Reason, 300))
		}
	}
	s.Table(t)
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
	return printReport(p.out, report, s.now(), c.Verbose)
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
		return ""
	}
	return term.Took(r.Finished.Sub(r.Started))
}

// printAbsent says that there is nothing to read yet, which is no error.
func printAbsent(w io.Writer, archive string) error {
	screenOf(w).Verdict(term.Bad, missing, fmt.Sprintf("there is no archive at %s yet: barkeep sync makes it", archive))
	return nil
}
