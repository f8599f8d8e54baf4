package query

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// HeldBack are the answers for one instrument that are held back for one cause: what a person looks at and decides once, in however
// many of its series it was seen.
type HeldBack struct {
	Instrument  string
	Cause       store.HeldCause
	Says        string // of the series in which it was seen first
	Series      []store.Held
	First, Last time.Time // when such an answer first and last came
}

// GroupHeld sorts what is held back by instrument and cause, the listing first: it decides what the prices are of.
func GroupHeld(all []store.Held) (groups []HeldBack) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b store.Held) int {
		return cmp.Or(cmp.Compare(a.Series.Instrument, b.Series.Instrument), cmp.Compare(a.Cause, b.Cause), a.Series.Compare(b.Series))
	})
	for _, h := range all {
		if n := len(groups); n == 0 || groups[n-1].Instrument != h.Series.Instrument || groups[n-1].Cause != h.Cause {
			groups = append(groups, HeldBack{
				Instrument: h.Series.Instrument, Cause: h.Cause, Says: h.Says, First: h.First, Last: h.Last,
			})
		}
		g := &groups[len(groups)-1]
		if h.First.Before(g.First) {
			g.First, g.Says = h.First, h.Says
		}
		if h.Last.After(g.Last) {
			g.Last = h.Last
		}
		g.Series = append(g.Series, h)
	}
	return groups
}

// Name is how people call it: "the answers for FB (listing)". It tells one from the others.
func (h HeldBack) Name() string {
	return "the answers for " + h.Instrument + " (" + string(h.Cause) + ")"
}

// Timeframes are those of its series, the shortest first.
func (h HeldBack) Timeframes() []market.Timeframe {
	all := make([]market.Timeframe, len(h.Series))
	for i, s := range h.Series {
		all[i] = s.Series.Timeframe
	}
	return all
}

// Text says it in a line: what contradicts what, and in which series.
func (h HeldBack) Text() string {
	names := make([]string, len(h.Series))
	for i, s := range h.Series {
		names[i] = string(s.Series.Timeframe)
	}
	return h.Says + " (seen in " + strings.Join(names, ", ") + ")"
}

// Command is what a person types to look at it and to go on.
func (h HeldBack) Command() string { return "barkeep accept " + h.Instrument }
