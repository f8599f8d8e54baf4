package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"barkeep/app"
	"barkeep/server/view"
	"barkeep/term"
)

// showFindings prints where the bars of exchanges and their calendars disagree; with check it looks again at all bars first.
func showFindings(p *process, check, asJSON bool) error {
	if check {
		err := withArchive(p, func(a *app.App) error {
			report, err := a.CheckFindings(p.ctx)
			for _, name := range report.Unknown {
				fmt.Fprintf(p.err, "barkeep: %s was left out: this release does not know it\n", name)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return p.reading(func(_ setup, names naming, archive app.ReadOnly) error {
		found, err := archive.Findings(p.ctx)
		if err != nil {
			return err
		}
		return tellFindings(p.out, names.Findings(found), asJSON)
	})
}

func tellFindings(w io.Writer, views []view.Finding, asJSON bool) error {
	if asJSON {
		return printJSON(w, map[string][]view.Finding{"findings": views})
	}
	printDisagreements(w, views)
	return nil
}

// printDisagreements says of each what it is, where it was seen, and what to do.
func printDisagreements(w io.Writer, all []view.Finding) {
	if len(all) == 0 {
		screenOf(w).Verdict(term.Good, fine, "no finding: bars and calendars agree, by what was looked at last; "+
			"--check looks at all bars again")
		return
	}
	screenOf(w).Verdict(term.Waits, "disagree", fmt.Sprintf("bars and calendars, in %s", several(len(all), "finding")))
	w = term.Fit(w)
	for i := range all {
		f := &all[i]
		fmt.Fprintf(w, "%s: %s on %s\n", f.Calendar, f.Kind, datesOf(f))
		fmt.Fprintf(w, "  seen in %d of %d: %s\n", len(f.Instruments), f.Of, someOf(f.Instruments, 8))
		evidence := fmt.Sprintf("%s of %s", several(f.Bars, "bar"), joined(f.Timeframes))
		if f.Clock != "" {
			evidence += ", by the bars at " + f.Clock
		}
		fmt.Fprintf(w, "  %s; first seen %s\n", evidence, dateOf(f.Seen))
		if f.Weak {
			fmt.Fprintln(w, "  one instrument alone: it may be the provider's mistake")
		}
		fmt.Fprintf(w, "  %s\n", strings.Replace(f.Advice, ": ", ":\n    ", 1))
	}
}

// datesOf names the dates of a finding.
func datesOf(f *view.Finding) string {
	first, err := time.Parse(time.DateOnly, f.First)
	if err != nil || f.Days > 1 {
		return fmt.Sprintf("%s, %s to %s", several(f.Days, "date"), f.First, f.Last)
	}
	return first.Format("Mon 2006-01-02")
}

// someOf are the first of many names.
func someOf(names []string, most int) string {
	if more := len(names) - most; more > 0 {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

func joined[T ~string](all []T) string {
	names := make([]string, len(all))
	for i, name := range all {
		names[i] = string(name)
	}
	return strings.Join(names, ", ")
}
