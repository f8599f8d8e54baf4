package calendar

import (
	"slices"
	"time"
)

// day is the length of a day whose clocks do not change.
const day = 24 * time.Hour

// hours are a session as wall-clock offsets from the midnight of its trading date; negative ones lie on the evening before.
type hours struct {
	open, close time.Duration
	breaks      []pause
}

// pause is a break as offsets from midnight, from From up to, but not including, To.
type pause struct{ from, to time.Duration }

// during are the breaks that lie within a session from open to shut. One that trading does not follow is none: a half day that
// ends at noon has no lunch.
func during(breaks []pause, open, shut time.Duration) []pause {
	inside := func(p pause) bool { return open < p.from && p.to < shut }
	if !slices.ContainsFunc(breaks, func(p pause) bool { return !inside(p) }) {
		return breaks
	}
	var kept []pause
	for _, p := range breaks {
		if inside(p) {
			kept = append(kept, p)
		}
	}
	return kept
}

// period is the usual week from a date on, until the next period begins.
type period struct {
	from int // days since 1970
	week [7]*hours
}

// exception is what differs from the usual week on one date.
type exception struct {
	*variation
	day    int32 // since 1970
	unsure bool
	told   bool // by an operator, who is certain
}

// variation is what the dates of one line of a table have in common.
type variation struct {
	kind   Kind
	joined bool // settled with the next trading date
	hours  hours
}

// on is the variation on a date with such usual hours, whose breaks hold; nil for a day without trading else.
func (v *variation) on(usual *hours) *variation {
	if usual == nil || v.kind == Closed {
		return v
	}
	breaks := during(usual.breaks, v.hours.open, v.hours.close)
	if len(breaks) == 0 {
		return v
	}
	return &variation{v.kind, v.joined, hours{v.hours.open, v.hours.close, breaks}}
}

// span is a stretch of dates, both ends included, in days since 1970.
type span struct{ from, to int }

func (s span) contains(n int) bool { return s.from <= n && n <= s.to }

// table is what is known of an exchange: its weeks in order, what differs from them in order, and how far that reaches.
type table struct {
	periods    []period
	exceptions []exception
	known      span
	doubts     []span
}

// week is the usual week of a date; the first and the last one reach on without end.
func (t *table) week(n int) *[7]*hours {
	low, high := 1, len(t.periods) // the periods below low begin at or before the date, those from high on after it
	if t.periods[high-1].from <= n {
		low = high
	}
	for low < high {
		if middle := (low + high) / 2; t.periods[middle].from <= n {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return &t.periods[low-1].week
}

// usual are the hours of a date as if it were an ordinary one; nil on a day of the week without trading.
func (t *table) usual(n int) *hours { return t.week(n)[weekday(n)] }

// exception finds what differs on a date.
func (t *table) exception(n int) (*exception, bool) {
	low, high := 0, len(t.exceptions)
	for low < high {
		if middle := (low + high) / 2; int(t.exceptions[middle].day) < n {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == len(t.exceptions) || int(t.exceptions[low].day) != n {
		return nil, false
	}
	return &t.exceptions[low], true
}

// begins are the hours from whose open on a date's time counts: its own session's, or where it is closed on a usual day of
// trading, those that it would have had. nil means that the date has no time of its own.
func (t *table) begins(n int) *hours {
	if e, ok := t.exception(n); ok && e.kind != Closed {
		return &e.hours
	}
	return t.usual(n)
}
