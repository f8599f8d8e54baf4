package syncer

import (
	"fmt"
	"strings"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// Change is what an archive became by what a person entered.
type Change struct {
	Instrument string
	Action     store.Action         // that was added or taken back; its Number is 0 for none
	Restated   []store.Restatement  // of base series; those whose bars stayed are not in it
	Rebuilt    []market.Series      // derived series, made anew from what was restated
	Listing    store.Accepted       // that counts from now on; its Symbol is empty for none
	RenamedTo  string               // the name that the series so far have; empty for none
	Renamed    []market.SeriesState // these series, as they were under the old name
	Left       []string             // what a person should know beside it
	Held       []store.Held         // what is held back of the instrument when it is done
	says       string
}

// String says in one line what was done.
func (c Change) String() string { return c.says }

// Lines tell what was done, a line each.
func (c Change) Lines() []string {
	lines := []string{c.says}
	for _, r := range c.Restated {
		line := fmt.Sprintf("%s: %d bars restated, prices %s", r.Series, r.Bars, times(r.Factor.Price))
		if !alone(r.Factor.Volume) {
			line += ", volumes " + times(r.Factor.Volume)
		}
		if r.Kept > 0 {
			line += fmt.Sprintf("; the values of %d are kept as revisions, since dividing again would not give their last bits", r.Kept)
		}
		lines = append(lines, line)
	}
	if len(c.Rebuilt) > 0 {
		names := make([]string, len(c.Rebuilt))
		for i, s := range c.Rebuilt {
			names[i] = string(s.Timeframe)
		}
		lines = append(lines, "rebuilt from it: "+strings.Join(names, ", "))
	}
	for _, s := range c.Renamed {
		lines = append(lines, fmt.Sprintf("%s is %s %s now, with its %d bars", s.Series, c.RenamedTo, s.Series.Timeframe, s.Count))
	}
	return append(lines, c.Left...)
}

// alone tells whether a ratio changes nothing.
func alone(r market.Ratio) bool { return r.Num == r.Den }

// times says by what was multiplied: "x 1/4".
func times(r market.Ratio) string {
	switch {
	case alone(r):
		return "as they were"
	case r.Den == 1:
		return fmt.Sprintf("x %g", r.Num)
	default:
		return fmt.Sprintf("x %g/%g", r.Num, r.Den)
	}
}

// named says which action is meant: "split 4:1 of 2026-06-15".
func named(a market.Action, date calendar.Date) string { return a.String() + " of " + date.String() }
