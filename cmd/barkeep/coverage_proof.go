package main

import (
	"fmt"
	"io"
	"strings"

	"barkeep/app"
	"barkeep/market"
	"barkeep/server/view"
	"barkeep/term"
	"barkeep/yahoo"
)

// proof shows what is kept of the last comparison.
func (c *coverageCommand) proof(p *process) error {
	instruments, _, err := yahoo.Select(list(c.Instrument), nil, "--instrument", "")
	if err != nil {
		return err
	}
	return p.reading(func(_ setup, names naming, archive app.ReadOnly) error {
		proofs, err := app.Proofs(p.ctx, archive, instruments)
		if err != nil {
			return err
		}
		return printProofs(p.out, names.TimeframeProofs(proofs), c.JSON)
	})
}

// printProofs shows how far timeframes agree with one another: a row for each instrument, pair and month, then the sum.
func printProofs(w io.Writer, proofs []view.TimeframeProof, asJSON bool) error {
	if asJSON {
		return printJSON(w, map[string][]view.TimeframeProof{"proofs": proofs})
	}
	if len(proofs) == 0 {
		screenOf(w).Verdict(term.Waits, unknown, "no timeframes have been held against each other yet")
		return nil
	}
	t := term.NewTable(term.Text("instrument"), term.Text("pair"), term.Text("month"),
		term.Number("sessions"), term.Number("disagree"), term.Text("why"))
	sessions, disagree := 0, 0
	for _, p := range proofs {
		pair := market.Pair{Finer: p.Finer, Coarser: p.Coarser}
		t.Row(p.Instrument, pair, p.Month, p.Sessions, shareOf(p.Disagree, p.Sessions), causesText(p))
		sessions, disagree = sessions+p.Sessions, disagree+p.Disagree
	}
	s := screenOf(w)
	tone, word := term.Good, "agree"
	if disagree > 0 {
		tone, word = term.Waits, "disagree"
	}
	share := strings.Join(strings.Fields(shareOf(disagree, sessions)), " ")
	s.Verdict(tone, word, fmt.Sprintf("sessions that disagree: %s of %s", share, term.Count(sessions)))
	s.Table(t)
	return nil
}

// shareOf is a number with what part of all it is: "3 14%". What is not nothing never looks like it, nor what is not all.
func shareOf(n, all int) string {
	if n == 0 || all == 0 {
		return "0"
	}
	percent := min(max(100*n/all, 1), 100)
	return fmt.Sprintf("%d %3d%%", n, percent)
}

// causesText lists causes, one a line, what weighs most first.
func causesText(p view.TimeframeProof) string {
	var lines []string
	for _, cause := range market.Disagreements() {
		if n := p.Causes[cause]; n > 0 {
			lines = append(lines, fmt.Sprintf("%s %d", cause, n))
		}
	}
	return strings.Join(lines, "\n")
}
