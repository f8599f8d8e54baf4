package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/term"
	"barkeep/verify"
)

// printCoverage says what of each series is missing, what ought not to be there, and where the ledger of coverage is wrong.
func printCoverage(w io.Writer, all []verify.Coverage) {
	complete, judged, unchecked := 0, 0, map[string][]string{}
	closed, other := map[string]bool{}, map[market.GapReason]int64{}
	for i := range all {
		c := &all[i]
		name := c.Instrument + " " + c.Timeframe
		if c.Unchecked != "" {
			unchecked[c.Unchecked] = append(unchecked[c.Unchecked], name)
			continue
		}
		if judged++; c.Wrong() == 0 {
			complete++
		}
		for _, fault := range c.Faults {
			fmt.Fprintf(w, "fault: %s: the ledger of coverage is wrong\n  %s\n", name, fault)
		}
		for _, m := range c.Missing {
			printMissing(w, name, market.Timeframe(c.Timeframe), m)
		}
		if u := c.Unexpected; u != nil {
			fmt.Fprintf(w, "fault: %s: %s on %s when %s was closed\n  %s\n", name, several(u.Bars, "bar"),
				several(u.Dates, "date"), u.Calendar, fromTo(u.First, u.Last))
			closed[u.Calendar] = true
		}
		for reason, n := range c.Other {
			other[reason] += n
		}
	}
	for _, name := range slices.Sorted(maps.Keys(closed)) {
		fmt.Fprintf(w, "note: if it did trade then, barkeep calendar add %s DATE regular\n", name)
	}
	if judged > 0 {
		fmt.Fprintf(w, "%d of %d judged series lack nothing that ought to be there\n", complete, judged)
	}
	for _, reason := range market.GapReasons() {
		if n := other[reason]; n > 0 {
			fmt.Fprintf(w, "note: %s absent, no fault: %s\n", several(n, "bar"), reason)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(unchecked)) {
		before, after, _ := strings.Cut(why, ": ")
		fmt.Fprintf(w, "note: %s, first %s: %s:\n  %s\n", several(len(unchecked[why]), "series"), unchecked[why][0], before, after)
	}
}

// printMissing tells of bars that are missing for one reason. That a daily bar is a session need not be said.
func printMissing(w io.Writer, name string, timeframe market.Timeframe, m verify.Missing) {
	fmt.Fprintf(w, "fault: %s: %s missing (%s)", name, several(m.Bars, "bar"), m.Reason)
	if m.Sessions > 0 && timeframe.Intraday() {
		fmt.Fprintf(w, ", %s whole", several(m.Sessions, "session"))
	}
	fmt.Fprintf(w, "\n  %s", fromTo(m.First, m.Last))
	if !m.NextTry.IsZero() {
		fmt.Fprintf(w, "\n  next try %s", stamp(m.NextTry))
	}
	if !m.LostOn.IsZero() {
		fmt.Fprintf(w, "; the provider has it until %s", stamp(m.LostOn))
	}
	fmt.Fprintln(w)
}

func fromTo(first, last time.Time) string {
	if first.Equal(last) {
		return "at " + stamp(first)
	}
	return "from " + stamp(first) + " to " + stamp(last)
}

// several is a number of things: "1 bar", "2 bars".
func several[N int | int64](n N, what string) string {
	return term.Several(n, what)
}
