package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"barkeep/app"
	"barkeep/market"
	"barkeep/server/view"
	syncer "barkeep/sync"
	"barkeep/term"
	"barkeep/yahoo"
)

// rebuild judges the coverage anew, and shows where the ledger was wrong.
func (c *coverageCommand) rebuild(p *process) error {
	if c.Gaps || c.Reason != "" || c.From != "" || c.To != "" || c.Proof || c.Findings || c.Check {
		return misuse("--rebuild judges whole series: only --instrument, --timeframe and --json go with it")
	}
	request, err := c.request()
	if err != nil {
		return err
	}
	instruments, _, err := yahoo.Select(list(c.Instrument), nil, "--instrument", "")
	if err != nil {
		return err
	}
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	names, err := s.naming()
	if err != nil {
		return err
	}
	a, err := app.New(p.ctx, s.config, s.options())
	if err != nil {
		return err
	}
	report, err := a.RebuildCoverage(p.ctx, instruments, request.Timeframes)
	if err = errors.Join(err, a.Close()); err != nil {
		return err
	}
	for _, name := range report.Unknown {
		fmt.Fprintf(p.err, "barkeep: %s was left out: this release does not know it\n", name)
	}
	for _, series := range report.Left {
		fmt.Fprintf(p.err, "barkeep: %s was left as it is: its calendar has changed, and its next import, or barkeep rebuild, judges "+
			"it anew\n", series)
	}
	if c.JSON {
		return printJSON(p.out, map[string][]view.Rejudged{"series": app.ViewRejudged(report, names.Renderer)})
	}
	return printRejudged(p.out, report)
}

// printRejudged shows what was wrong in the ledger.
func printRejudged(w io.Writer, report syncer.CoverageReport) error {
	rejudgedVerdict(screenOf(w), report)
	w = term.Fit(w)
	for _, r := range report.Series {
		if !r.Changed() {
			continue
		}
		before, after := r.Before, r.After
		fmt.Fprintf(w, "%s %s: %d of %d expected bars are present\n", after.Series.Instrument, after.Series.Timeframe,
			after.Present, after.Expected)
		switch {
		case before == (market.Coverage{}):
			fmt.Fprintln(w, "  nothing was recorded")
		case before.Expected != after.Expected || before.Present != after.Present:
			fmt.Fprintf(w, "  recorded were %d of %d\n", before.Present, before.Expected)
		}
		if before.From != after.From || before.Horizon != after.Horizon {
			fmt.Fprintf(w, "  judged from %s to %s\n", stamp(after.From), stamp(after.Horizon))
			if before != (market.Coverage{}) {
				fmt.Fprintf(w, "  recorded was from %s to %s\n", stamp(before.From), stamp(before.Horizon))
			}
		}
		if len(r.Gone)+len(r.New) > 0 {
			fmt.Fprintf(w, "  gaps taken out: %s\n  gaps put in: %s\n", byReason(r.Gone), byReason(r.New))
		}
	}
	return nil
}

// rejudgedVerdict says whether anything was wrong.
func rejudgedVerdict(s *term.Screen, report syncer.CoverageReport) {
	switch n := report.Changed(); {
	case len(report.Series) == 0:
		s.Verdict(term.Waits, unknown, "there is nothing to judge: the next import does it (barkeep sync)")
	case n == 0:
		s.Verdict(term.Good, fine, fmt.Sprintf("%d series judged anew: the ledger of coverage is right", len(report.Series)))
	default:
		s.Verdict(term.Waits, "mended", fmt.Sprintf("%d series judged anew: the ledger of coverage was wrong in %d",
			len(report.Series), n))
	}
}

// byReason sums up gaps: a line a reason.
func byReason(gaps []market.Gap) string {
	type sum struct{ gaps, bars int64 }
	sums := map[market.GapReason]*sum{}
	for _, g := range gaps {
		reason := g.Reason
		if !reason.Known() {
			reason = "a reason that there is not"
		}
		if sums[reason] == nil {
			sums[reason] = &sum{}
		}
		sums[reason].gaps, sums[reason].bars = sums[reason].gaps+1, sums[reason].bars+g.Bars
	}
	var lines []string
	for _, reason := range append(market.GapReasons(), "a reason that there is not") {
		if s := sums[reason]; s != nil {
			lines = append(lines, fmt.Sprintf("\n    %s, %s: %s", several(s.gaps, "gap"), several(s.bars, "bar"), reason))
		}
	}
	if len(lines) == 0 {
		return "none"
	}
	return strings.Join(lines, "")
}
