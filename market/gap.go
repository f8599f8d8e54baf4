package market

import (
	"slices"
	"time"
)

// GapReason is why expected bars of a series are absent.
type GapReason string

// The reasons. Each absent bar has one.
const (
	GapClosed      GapReason = "closed"            // the exchange was closed, which its calendar did not foresee
	GapNull        GapReason = "null"              // the provider has the row, without prices
	GapAbsent      GapReason = "absent"            // asked for, and not in the answer, which has later rows
	GapImpossible  GapReason = "impossible"        // the row cannot be true; it was left out, or is stored with its flag
	GapHeld        GapReason = "held back"         // the answer contradicts the series and waits for a person
	GapBeyond      GapReason = "beyond the window" // the provider does not serve it any more: lost
	GapBefore      GapReason = "before the first trade"
	GapExpired     GapReason = "expired"     // after the last trade of a contract
	GapUnavailable GapReason = "unavailable" // the provider never has it
	GapLate        GapReason = "late"        // due, and the newest row of the answer is older
	GapFailed      GapReason = "failed"      // asked for without an answer
	GapNotFetched  GapReason = "not yet fetched"
)

// GapReasons lists all reasons, from what a person should look at first to what needs nobody.
func GapReasons() []GapReason {
	return []GapReason{
		GapBeyond, GapHeld, GapFailed, GapLate, GapNotFetched, GapImpossible, GapAbsent, GapNull, GapUnavailable, GapExpired,
		GapClosed, GapBefore,
	}
}

// Known tells whether it is one of the reasons.
func (r GapReason) Known() bool { return slices.Contains(GapReasons(), r) }

// Healable tells whether asking again may bring the bars.
func (r GapReason) Healable() bool {
	switch r {
	case GapHeld, GapFailed, GapLate, GapNotFetched, GapImpossible, GapAbsent:
		return true
	default:
		return false
	}
}

// Expects tells whether such bars ought to be there: they are known to exist, or nothing tells that they do not.
func (r GapReason) Expects() bool { return r.Healable() || r == GapBeyond }

// Gap is a maximal run of expected bars of a series that are absent for one reason. Bars that are not expected, as of closed
// hours, may lie between them.
type Gap struct {
	Series Series
	First  time.Time // start of the first bar, UTC
	Last   time.Time // start of the last bar
	Bars   int64     // expected bars from First to Last
	Reason GapReason
	Seen   time.Time // when one of them was first found to be absent
	Asked  time.Time // when all of them were last asked for; zero for never
	Times  int       // how often
	Next   time.Time // when they are asked for again; zero for never
}

// Window is the half-open span of the starts of its bars.
func (g Gap) Window() Window { return Window{From: g.First, To: g.Last.Add(time.Second)} }

// Coverage is how much of what is expected of one series is present. Expected = Present + the bars of its gaps.
type Coverage struct {
	Series   Series
	From     time.Time // where the first backfill began
	Horizon  time.Time // the instant up to which it was last judged: bars that were over by then
	Expected int64     // bars that start at From or later and were over at Horizon
	Present  int64     // of them
	Calendar string    // by which it was judged (calendar.Calendar.Version)
}
