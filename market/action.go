package market

import (
	"cmp"
	"time"
)

// ActionKind is what a company or a fund did that changes what one share is worth.
type ActionKind string

// The kinds of actions.
const (
	ActionSplit       ActionKind = "split"
	ActionDividend    ActionKind = "dividend"
	ActionCapitalGain ActionKind = "capital gain" // a fund passes on what it gained by selling
)

// Action is one corporate action. A split has a ratio, the other kinds have an amount.
type Action struct {
	Kind ActionKind
	Time time.Time // the first instant at which a share trades without it, UTC; the provider gives the session's open
	// Numerator new shares replace Denominator old ones: 4 and 1 for a split of 4:1, 1 and 10 for a reverse split.
	Numerator   float64
	Denominator float64
	// Amount is paid for each share, in Currency, or in the listing's currency where Currency is empty.
	Amount   float64
	Currency string
}

// Ratio is how many new shares replace one old share; 0 for an action that is no split.
func (a Action) Ratio() float64 {
	if a.Denominator == 0 {
		return 0
	}
	return a.Numerator / a.Denominator
}

// CompareActions sorts actions by their time, and those of one time by their kind.
func CompareActions(a, b Action) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Kind, b.Kind))
}
