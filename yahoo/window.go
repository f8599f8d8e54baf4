package yahoo

import (
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// earliest is 1900-01-01: no exchange's prices go further back, and it keeps period1 within what the provider takes.
const earliest = -2208988800

// Limits is how much the provider serves of a timeframe at a given moment.
type Limits struct {
	Depth  time.Duration // how far back from now; market.Everything for no wall
	Length time.Duration // longest window of one request; 0 for no limit
	Margin time.Duration // kept from both, since the wall moves by the second and clocks differ
}

// Span is the window of one request, as the provider wants it.
type Span struct {
	// Window is what may be kept of the answer: the wanted window after the wall was applied.
	Window market.Window
	// Period1 and Period2 are the bounds to ask for, Unix seconds. Period1 lies one bar before Window.From.
	Period1, Period2 int64
}

// Empty tells whether there is nothing to ask.
func (s Span) Empty() bool { return s.Window.Empty() || s.Period1 >= s.Period2 }

// Bounds places a wanted window within the provider's limits at the moment now, which must be the moment of sending.
//
// The provider refuses a period1 at or beyond its wall, and may understate the volume of an answer's first row. So
// period1 is the start of the bar before the window, whose row is then discarded; where that bar lies beyond the wall,
// the window gives up its own first bar instead. Of a window that is too long the newest part is kept.
func Bounds(req market.FetchRequest, limits Limits, now time.Time) Span {
	w := market.Window{From: req.Window.From, To: req.Window.To}
	if now.Before(w.To) {
		w.To = now
	}
	exchange := req.Instrument.Calendar
	first := req.Timeframe.Previous(exchange, later(w.From, time.Unix(earliest, 0)))
	if wall, ok := limits.wall(w.To, now); ok && first.Before(wall) {
		first = wall
		w.From = later(w.From, afterFirst(exchange, req.Timeframe, wall))
	}
	return Span{Window: w, Period1: ceil(first), Period2: w.To.Unix()}
}

// wall is the earliest allowed period1; false when there is none.
func (l Limits) wall(to, now time.Time) (time.Time, bool) {
	var wall time.Time
	if l.Depth != market.Everything {
		wall = now.Add(l.Margin - l.Depth)
	}
	if l.Length > 0 {
		wall = later(wall, to.Add(l.Margin-l.Length))
	}
	return wall, !wall.IsZero()
}

// afterFirst is the end of the first bar that the calendar expects at or after t.
func afterFirst(exchange *calendar.Calendar, timeframe market.Timeframe, t time.Time) time.Time {
	if !timeframe.Intraday() {
		return exchange.Midnight(firstDate(exchange, t).AddDays(1))
	}
	start := t
	fortnight := market.Window{From: t, To: t.AddDate(0, 0, 14)} // longer than any closure
	timeframe.Expected(exchange, fortnight, func(expected time.Time) bool {
		start = expected
		return false
	})
	return start.Add(timeframe.Length()).UTC()
}

// firstDate is the first date with a session whose daily bar is keyed at or after t.
func firstDate(exchange *calendar.Calendar, t time.Time) calendar.Date {
	date := calendar.DateOf(t.In(exchange.Zone))
	for range 31 {
		if _, open := exchange.Session(date); open && !exchange.Midnight(date).Before(t) {
			break
		}
		date = date.AddDays(1)
	}
	return date
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// ceil is the first whole second at or after t.
func ceil(t time.Time) int64 {
	return t.Add(time.Second - time.Nanosecond).Unix()
}
