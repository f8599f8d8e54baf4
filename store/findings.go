package store

import (
	"context"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// FindingKind is how the stored bars of an exchange and its calendar disagree.
type FindingKind string

// The kinds of finding.
const (
	FindingTraded FindingKind = "bars on closed dates"
	FindingClosed FindingKind = "no bars of whole sessions"
	FindingBefore FindingKind = "bars before the open"
	FindingAfter  FindingKind = "bars after the close"
	FindingLate   FindingKind = "no bars after the open"
	FindingEarly  FindingKind = "no bars before the close"
)

// Finding is one disagreement between a calendar and the stored bars of the instruments that are kept by it.
type Finding struct {
	Calendar    string
	Kind        FindingKind
	First, Last calendar.Date      // trading dates; of closed dates the dates themselves
	Dates       []calendar.Date    // rising; the first ones of many
	Days        int                // how many dates
	Instruments []string           // that show it, by name
	Of          int                // how many instruments of the exchange could have shown it, on the date with the most
	Timeframes  []market.Timeframe // of the series that show it, shortest first
	Bars        int64              // that are stored, or absent, against the calendar
	// Clock is when trading began or ended by the bars, as an offset from midnight of the date in the exchange's zone; the one
	// furthest from the calendar's. 0 for kinds that are not about hours.
	Clock time.Duration
	// Closure tells that the calendar was believed to be wrong and its absent bars got the reason market.GapClosed.
	Closure bool
	Seen    time.Time // when it was first found
	Holds   time.Time // when it was last found
}

// Audits keeps what was found last.
type Audits interface {
	// Findings are ordered by calendar, first date and kind.
	Findings(ctx context.Context) ([]Finding, error)
	// KeepFindings replaces all of them.
	KeepFindings(ctx context.Context, findings []Finding) error
}
