package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"barkeep/app"
	"barkeep/market"
	"barkeep/server/view"
	"barkeep/term"
	"barkeep/yahoo"
)

// revisionsCommand shows how stored bars changed.
type revisionsCommand struct {
	Instrument string `arg:"" help:"Instrument."`
	Timeframe  string `help:"Timeframe; 1d by default." default:"1d"`
	From       string `help:"Only bars that start at this date or instant (UTC), or later." placeholder:"DATE"`
	To         string `help:"Only bars that start before this date or instant." placeholder:"DATE"`
	Limit      int    `help:"How many to show." default:"100"`
	JSON       bool   `name:"json" help:"Print all of them as JSON."`
}

// Help is the text below the flags.
func (c *revisionsCommand) Help() string {
	return "Each is a bar whose values were replaced: before and after, when, by which run and why. A change of scale, as after a " +
		"split, is one entry for all bars that it multiplied. What came after a change is shown on the scale of then."
}

// Run carries the command out.
func (c *revisionsCommand) Run(p *process) error {
	if c.Limit < 1 {
		return misuse("--limit is %d: give a number of revisions, at least 1", c.Limit)
	}
	instrument, err := yahoo.Resolve(c.Instrument)
	if err != nil {
		return err
	}
	series := market.Series{Instrument: instrument.Name}
	if series.Timeframe, err = market.ParseTimeframe(c.Timeframe); err != nil {
		return misuse("--timeframe: %w", err)
	}
	window, err := window(c.From, c.To)
	if err != nil {
		return err
	}
	return p.reading(func(s setup, names naming, archive app.ReadOnly) error {
		reader, err := app.NewReader(archive, s.options())
		if err != nil {
			return err
		}
		read, err := reader.Changes(p.ctx, archive, series, window)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(p.out, names.Changes(series, read, math.MaxInt))
		}
		return printChanges(p.out, names.Changes(series, read, c.Limit), names.Pacific)
	})
}

func printChanges(w io.Writer, v view.Changes, pacific *time.Location) error {
	w = term.Fit(w)
	for _, r := range v.Restatements {
		fmt.Fprintf(w, "all bars before %s: %s\n  %s\n", shownBar(r.Before), r.Why, shownWhen(r.At, r.Run, pacific))
		fmt.Fprintf(w, "  %d bars: prices %s, volumes %s; %d kept as revisions\n", r.Bars, shownRatio(r.Price),
			shownRatio(r.Volume), r.Kept)
	}
	for _, c := range v.Revisions {
		fmt.Fprintf(w, "%s: %s\n  %s\n", shownBar(c.TS), c.Why, shownWhen(c.At, c.Run, pacific))
		for _, line := range valueLines(c.Before, c.After) {
			fmt.Fprintln(w, "  "+line)
		}
	}
	if v.More {
		fmt.Fprintf(w, "and %d more: --limit shows more of them, --json all\n", v.Count-len(v.Revisions))
	}
	_, err := fmt.Fprintf(w, "%s %s: revisions: %d, changes of scale: %d\n", v.Instrument, v.Timeframe, v.Count, len(v.Restatements))
	return err
}

// shownBar is the start of a bar.
func shownBar(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return stamp(at)
}

// shownWhen is when a change was made, in UTC and in Pacific time, and by which run.
func shownWhen(at *view.Instant, run int64, pacific *time.Location) string {
	text := "at an instant that is not known"
	if at != nil {
		if t, err := time.Parse(time.RFC3339, at.UTC); err == nil {
			text = both(t, pacific)
		}
	}
	if run == 0 {
		return text + ", by no run that is noted"
	}
	return text + ", by run " + strconv.FormatInt(run, 10)
}

func shownRatio(r [2]float64) string { return "x " + shownNumber(r[0]) + "/" + shownNumber(r[1]) }

func shownNumber(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// valueLines show what differs between two values of a bar; all of it where the bar was taken out.
func valueLines(before view.Values, after *view.Values) []string {
	var lines []string
	add := func(name, was, is string) {
		if after == nil {
			is = "none"
		}
		if was != is {
			lines = append(lines, fmt.Sprintf("%-6s %s -> %s", name, was, is))
		}
	}
	next := before
	if after != nil {
		next = *after
	}
	add("open", shownNumber(before.Open), shownNumber(next.Open))
	add("high", shownNumber(before.High), shownNumber(next.High))
	add("low", shownNumber(before.Low), shownNumber(next.Low))
	add("close", shownNumber(before.Close), shownNumber(next.Close))
	add("volume", shownVolume(before.Volume), shownVolume(next.Volume))
	return lines
}

func shownVolume(v *int64) string {
	if v == nil {
		return "none"
	}
	return strconv.FormatInt(*v, 10)
}
