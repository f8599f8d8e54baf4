package query

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"barkeep/market"
)

// Require says what a window has to be, else there is no answer.
type Require string

// What can be required.
const (
	// RequireComplete refuses a window that holds a bar that is late, held back, not yet fetched or not over, or of which the
	// request failed. What the provider does not have refuses nothing.
	RequireComplete Require = "complete"
	// RequireSettled refuses, too, bars that the provider may still change: until a day after the close of their session.
	RequireSettled Require = "settled"
)

// Requires are they, as a user writes them; the first is none.
func Requires() []string { return []string{"nothing", string(RequireComplete), string(RequireSettled)} }

// Lack is what a window lacks.
type Lack struct {
	Series market.Series
	// Reason is a market.GapReason, "provisional" for bars that are not over, or not settled, or "not judged" where the calendar has
	// changed since the ledger was written.
	Reason string
	From   time.Time
	To     time.Time // of the start of the last one, half-open
	Bars   int64     // 0 where it is not counted
	Next   time.Time // when it is asked for again; zero where that is not known
}

// IncompleteError tells that a window lacks what was required of it.
type IncompleteError struct {
	Series  market.Series
	Require Require
	Lacks   []Lack // in order of their beginning
	Of      Completeness
}

// Error is for people.
func (e IncompleteError) Error() string {
	var parts []string
	for _, l := range e.Lacks[:min(3, len(e.Lacks))] {
		text := l.Reason + " from " + l.From.UTC().Format(time.RFC3339)
		if l.Bars > 0 {
			text = fmt.Sprintf("%d bars %s", l.Bars, text)
		}
		parts = append(parts, text)
	}
	if more := len(e.Lacks) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more gaps", more))
	}
	return fmt.Sprintf("%s is not %s: %s", e.Series, e.Require, strings.Join(parts, "; "))
}

// refusing tells whether bars that are absent for a reason keep a window from being complete.
func refusing(r market.GapReason) bool {
	return r == market.GapHeld || r == market.GapLate || r == market.GapFailed || r == market.GapNotFetched || !r.Known()
}

// Lacks are what keeps the window from being what is required.
func (c Completeness) Lacks(require Require) (all []Lack) {
	for _, g := range c.Gaps {
		if refusing(g.Reason) {
			all = append(all, Lack{
				Series: c.Series, Reason: string(g.Reason), From: g.First, To: g.Last.Add(time.Second), Bars: g.Bars, Next: g.Next,
			})
		}
	}
	switch {
	case c.Before > 0:
		all = append(all, Lack{
			Series: c.Series, Reason: string(market.GapNotFetched), From: c.UnjudgedFrom, To: c.Window.To, Bars: c.Before,
		})
	case !c.Known && c.Horizon.IsZero() && !c.Window.Empty():
		all = append(all, Lack{Series: c.Series, Reason: string(market.GapNotFetched), From: c.Window.From, To: c.Window.To})
	}
	for _, w := range c.unsure {
		all = append(all, Lack{Series: c.Series, Reason: string(market.GapNotFetched), From: w.From, To: w.To})
	}
	if !c.ahead.Empty() {
		all = append(all, Lack{Series: c.Series, Reason: "provisional", From: c.ahead.From, To: c.ahead.To})
	}
	if c.stale {
		all = append(all, Lack{Series: c.Series, Reason: "not judged", From: c.Window.From, To: c.Window.To})
	}
	if c.Unjudged > 0 {
		all = append(all, Lack{
			Series: c.Series, Reason: "provisional", From: later(c.UnjudgedFrom, c.Window.From), To: c.Window.To, Bars: c.Unjudged,
		})
	}
	if require == RequireSettled && !c.Provisional.IsZero() && c.Unjudged == 0 {
		all = append(all, Lack{Series: c.Series, Reason: "provisional", From: c.Provisional, To: c.Window.To, Next: c.Until})
	}
	slices.SortStableFunc(all, func(a, b Lack) int { return a.From.Compare(b.From) })
	return all
}
