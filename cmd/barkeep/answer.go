package main

import (
	"fmt"
	"io"
	"time"

	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/term"
)

// slotAnswer is what became of a slot, and how it is shown.
type slotAnswer struct {
	gate.Result
	slot    ledger.Slot
	verbose bool
}

// printAnswer tells what became of a slot: its evidence when this process ran it, else a line about who did.
func printAnswer(w io.Writer, answer slotAnswer, names naming, asJSON bool) error {
	report := reportOf(answer.Run, answer.Cells)
	if asJSON {
		shown, named := reportJSON(report, names), names.NamedSlot(answer.slot)
		shown.Outcome, shown.Slot = string(answer.Outcome), &named
		return printJSON(w, shown)
	}
	if answer.Outcome == gate.Ran {
		return printReport(w, report, answer.Run.Finished, answer.verbose)
	}
	s := screenOf(w)
	word, tone := string(answer.Run.State), toneOf(answer.Run.State)
	if answer.Outcome == gate.Held {
		word, tone = running, term.Waits
	}
	s.Verdict(tone, word, fmt.Sprintf("%s: %s", answer.slot, became(answer.Result, names.Pacific)))
	if answer.Outcome != gate.Held && !answer.Done() {
		printProblems(s, answer.Cells)
	}
	return nil
}

// became is one line about a run of another process, or of before.
func became(answer gate.Result, pacific *time.Location) string {
	run := answer.Run
	at := func(t time.Time) string {
		return t.In(pacific).Format("15:04 MST") + " (" + t.UTC().Format("15:04 UTC") + ")"
	}
	switch {
	case answer.Outcome == gate.Held && run.ID == 0:
		return "another process is beginning it"
	case answer.Outcome == gate.Held:
		return fmt.Sprintf("held by run %d on %s (process %d) since %s", run.ID, run.Host, run.PID, at(run.Started))
	case answer.Done():
		return fmt.Sprintf("already ran at %s, run %d", at(run.Started), run.ID)
	default:
		return fmt.Sprintf("run %d on %s at %s ended %s: %s", run.ID, run.Host, at(run.Started), run.State, run.Reason)
	}
}
