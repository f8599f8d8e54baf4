package main

import (
	"fmt"
	"io"
	"time"

	"barkeep/gate"
	"barkeep/ledger"
)

// printAnswer tells what became of a slot: a table of evidence when this process ran it, else a line about who did.
func printAnswer(w io.Writer, answer gate.Result, slot ledger.Slot, names naming, asJSON bool) error {
	report := reportOf(answer.Run, answer.Cells)
	if asJSON {
		shown, named := reportJSON(report, names), names.NamedSlot(slot)
		shown.Outcome, shown.Slot = string(answer.Outcome), &named
		return printJSON(w, shown)
	}
	if answer.Outcome == gate.Ran {
		if err := printReport(w, report, answer.Run.Finished); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "%s %s\n", slot, answer.Run.State)
		return err
	}
	_, err := fmt.Fprintf(w, "%s: %s\n", slot, became(answer, names.Pacific))
	return err
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
