package main

import (
	"fmt"
	"io"
	"time"

	"barkeep/verify"
)

// printDerived says what of the derived series is not what its base gives, and what could not be told.
func printDerived(w io.Writer, all []verify.Derived) {
	good, wrong, foreign, uncounted := 0, 0, 0, int64(0)
	for i := range all {
		d := &all[i]
		name := d.Instrument + " " + d.Timeframe
		switch {
		case d.Unchecked != "":
			fmt.Fprintf(w, "%s was not folded again: %s\n", name, d.Unchecked)
		case d.Wrong() > 0 && d.Foreign:
			foreign++
			fmt.Fprintf(w, "%s is kept by another calendar than its exchange's\n", name)
		case d.Wrong() > 0:
			wrong++
			fmt.Fprintf(w, "%s is not what %s gives: %d bars differ, %d missing, %d extra\n", name, d.Base, d.Differ, d.Missing, d.Extra)
			printFirstDerived(w, d.First)
		default:
			good++
		}
		uncounted += d.Uncounted
		if d.Older > 0 && d.Unchecked == "" {
			fmt.Fprintf(w, "%s has %d bars from before %s begins: nothing to fold them from\n", name, d.Older, d.Base)
		}
	}
	if good > 0 {
		fmt.Fprintf(w, "%d derived series are what their base gives\n", good)
	}
	if uncounted > 0 {
		fmt.Fprintf(w, "%d derived bars are from before base bars were counted: barkeep rebuild counts them\n", uncounted)
	}
	if wrong+foreign > 0 {
		fmt.Fprintf(w, "run barkeep rebuild, which folds what differs anew\n")
	}
}

func printFirstDerived(w io.Writer, first *verify.FirstDerived) {
	at := first.At.Format(time.RFC3339Nano)
	switch {
	case first.Stored == "":
		fmt.Fprintf(w, "  first: %s is missing\n", at)
	case first.Gives == "":
		fmt.Fprintf(w, "  first: %s is extra\n", at)
	default:
		fmt.Fprintf(w, "  first: %s, %s is %s,\n  the base gives %s\n", at, first.Value, first.Stored, first.Gives)
	}
}
