package market

import "time"

// Series names one sequence of bars: a canonical instrument and a timeframe.
type Series struct {
	Instrument string
	Timeframe  Timeframe
}

// String is the form in which a person reads it: "ES 5m".
func (s Series) String() string { return s.Instrument + " " + string(s.Timeframe) }

// Window is the half-open span [From, To), in UTC.
type Window struct {
	From time.Time
	To   time.Time
}

// Empty tells whether no instant lies in the window.
func (w Window) Empty() bool { return !w.From.Before(w.To) }

// Contains tells whether t lies in [From, To).
func (w Window) Contains(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// Length is To - From, and never negative.
func (w Window) Length() time.Duration { return max(0, w.To.Sub(w.From)) }

// Union is the smallest window that covers both; an empty window adds nothing.
func (w Window) Union(other Window) Window {
	switch {
	case w.Empty():
		return other
	case other.Empty():
		return w
	}
	if other.From.Before(w.From) {
		w.From = other.From
	}
	if other.To.After(w.To) {
		w.To = other.To
	}
	return w
}

// SeriesState is what an archive holds of one series.
type SeriesState struct {
	Series Series
	Count  int64     // bars stored
	Oldest time.Time // start of the first bar; zero when Count is 0
	Newest time.Time // start of the last bar; zero when Count is 0
	// Source is the name of the source whose bars the series holds (Capabilities.Source); empty when the archive does not know
	// it. It is data: the key of a series is its instrument and timeframe.
	Source string
	// Calendar names the calendar by which the bars are keyed and folded (calendar.Calendar.Version); empty where an earlier
	// release wrote them, or nobody did.
	Calendar string
	// Folded is the version of its base (Version) up to which a derived series holds what the base gives; it lags behind where it is
	// another. 0 where an earlier release folded the series, or nobody did; it says nothing of a base.
	Folded int64
	// Version grows with every transaction that inserts or changes bars of the series.
	Version int64
}

// Stored is what one write did, counted by the archive itself: Inserted + Changed + Unchanged is the number of distinct
// bars given.
type Stored struct {
	Inserted  int    // bars that were not there
	Changed   int    // bars whose earlier values were kept as a revision
	Unchanged int    // bars that were there already, the same
	Touched   Window // from the first inserted or changed bar's start to just after the last one's; empty when none
}

// Add sums two results.
func (s Stored) Add(other Stored) Stored {
	s.Inserted += other.Inserted
	s.Changed += other.Changed
	s.Unchanged += other.Unchanged
	s.Touched = s.Touched.Union(other.Touched)
	return s
}
