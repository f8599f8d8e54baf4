package market

import (
	"slices"
	"time"
)

// Disagreement is why the bars of a session in a coarser series are not what those of a finer one give.
type Disagreement string

// The causes. A session that disagrees has one: the first of this list that holds of any of its bars.
const (
	// DisagreeDay says that the coarser series has no bar of the session, and DisagreeSession that the finer one has none.
	DisagreeDay     Disagreement = "day missing"
	DisagreeSession Disagreement = "session missing"
	DisagreeScale   Disagreement = "another scale" // all prices differ by one factor
	DisagreeShift   Disagreement = "shifted"       // the bars are there, at other times
	// DisagreeContract says that one of them is of another contract of a future: other prices, and another order of volume.
	DisagreeContract Disagreement = "another contract"
	DisagreePrices   Disagreement = "prices"        // of several bars, which no other cause explains
	DisagreePrice    Disagreement = "price"         // of one bar
	DisagreeCoarser  Disagreement = "coarser lacks" // the coarser series lacks a bar that the finer one gives
	// DisagreeFiner says that the finer series lacks bars which may explain all that differs.
	DisagreeFiner Disagreement = "finer lacks"
	// DisagreeSettlement says that the close alone differs: of 1d it may be the settlement or the official close, and no last trade.
	DisagreeSettlement Disagreement = "settlement"
	DisagreeVolume     Disagreement = "volume"
	DisagreeNoVolume   Disagreement = "no volume" // a volume is 0 on one side alone
)

// Disagreements lists all causes, in the order in which they count.
func Disagreements() []Disagreement {
	return []Disagreement{
		DisagreeDay, DisagreeSession, DisagreeScale, DisagreeShift, DisagreeContract, DisagreePrices, DisagreePrice, DisagreeCoarser,
		DisagreeFiner, DisagreeSettlement, DisagreeVolume, DisagreeNoVolume,
	}
}

// Compare orders causes as Disagreements does; the empty one, for none, comes last.
func (d Disagreement) Compare(other Disagreement) int {
	rank := func(d Disagreement) uint { return uint(slices.Index(Disagreements(), d)) } //nolint:gosec // -1 is to be the largest
	switch a, b := rank(d), rank(other); {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// Pair is a finer and a coarser timeframe whose series are compared.
type Pair struct{ Finer, Coarser Timeframe }

// String is the form in which a person reads it: "5m>1d".
func (p Pair) String() string { return string(p.Finer) + ">" + string(p.Coarser) }

// Proof is how far the sessions of a month agree in two series of an instrument.
type Proof struct {
	Instrument string
	Pair       Pair
	Month      Month // of the trading dates
	Sessions   int   // that were compared
	Agreed     int   // of them: every bar of the coarser series is what the finer one gives
	Bars       int   // of the coarser series that were compared with some of the finer one
	Same       int   // of them: those that are what the finer one gives
	Causes     map[Disagreement]int
	At         time.Time // when they were compared, to the microsecond
}

// Share is the part of the sessions that disagree, from 0 to 1; 0 without sessions.
func (p Proof) Share() float64 {
	if p.Sessions == 0 {
		return 0
	}
	return float64(p.Sessions-p.Agreed) / float64(p.Sessions)
}
