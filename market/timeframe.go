package market

import (
	"slices"
	"time"
)

// Timeframe is the length of a bar, spelled as most charting programs spell it ("5m", "1h", "1wk"). Only the constants below
// are valid; ParseTimeframe turns user input into one of them. Which of them a source serves, Capabilities tells.
type Timeframe string

// The seventeen timeframes Barkeep keeps.
const (
	M1  Timeframe = "1m"
	M2  Timeframe = "2m"
	M3  Timeframe = "3m"
	M5  Timeframe = "5m"
	M15 Timeframe = "15m"
	M30 Timeframe = "30m"
	M90 Timeframe = "90m"
	H1  Timeframe = "1h"
	H2  Timeframe = "2h"
	H4  Timeframe = "4h"
	H6  Timeframe = "6h"
	H8  Timeframe = "8h"
	H12 Timeframe = "12h"
	D1  Timeframe = "1d"
	W1  Timeframe = "1wk"
	Mo1 Timeframe = "1mo"
	Mo3 Timeframe = "3mo"
)

// Timeframes lists every known timeframe, shortest first.
func Timeframes() []Timeframe {
	return []Timeframe{M1, M2, M3, M5, M15, M30, H1, M90, H2, H4, H6, H8, H12, D1, W1, Mo1, Mo3}
}

// Length is the length of an intraday bar, and 0 for 1d and longer, whose bars follow the calendar. It is a switch and no
// table, since it is asked for every bar.
func (t Timeframe) Length() time.Duration {
	switch t {
	case M1:
		return time.Minute
	case M2:
		return 2 * time.Minute
	case M3:
		return 3 * time.Minute
	case M5:
		return 5 * time.Minute
	case M15:
		return 15 * time.Minute
	case M30:
		return 30 * time.Minute
	case M90:
		return 90 * time.Minute
	case H1:
		return time.Hour
	case H2:
		return 2 * time.Hour
	case H4:
		return 4 * time.Hour
	case H6:
		return 6 * time.Hour
	case H8:
		return 8 * time.Hour
	case H12:
		return 12 * time.Hour
	default:
		return 0
	}
}

// months is the length of 1mo and 3mo in months, and 0 for the others.
func (t Timeframe) months() int {
	switch t {
	case Mo1:
		return 1
	case Mo3:
		return 3
	default:
		return 0
	}
}

// Intraday tells whether a bar is shorter than a session; the others are keyed by a date.
func (t Timeframe) Intraday() bool { return t.Length() > 0 }

// MultipleOf tells whether every bar of t is made of whole bars of base: a multiple of its length, or of 1d a week, month or
// quarter.
func (t Timeframe) MultipleOf(base Timeframe) bool {
	if t.Intraday() && base.Intraday() {
		return t.Length() > base.Length() && t.Length()%base.Length() == 0
	}
	return base == D1 && D1.Less(t)
}

// Less orders timeframes shortest first.
func (t Timeframe) Less(other Timeframe) bool { return t.Compare(other) < 0 }

// Compare orders timeframes shortest first, for slices.SortFunc. Unknown ones come before all others.
func (t Timeframe) Compare(other Timeframe) int {
	all := Timeframes()
	return slices.Index(all, t) - slices.Index(all, other)
}
