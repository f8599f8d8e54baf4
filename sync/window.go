package syncer

import (
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// The overlap: late bars are revised, and a longer window costs no extra request.
const (
	overlapSessions = 2
	overlapDays     = 7
	// settled is how long after a close its bars are still revised; only then a closed market needs no request.
	settled = 24 * time.Hour
)

// firstTrade is before any trade that a provider knows of; the window of 1d with Deep starts here.
func firstTrade() time.Time { return time.Date(1900, time.January, 1, 0, 0, 0, 0, time.UTC) }

// overlap is where an update starts: sessions, for daily bars days, before the newest stored bar.
func overlap(task Task, newest time.Time) time.Time {
	if task.Base.Intraday() {
		return task.Instrument.Calendar.SessionsBack(newest, overlapSessions)
	}
	return newest.AddDate(0, 0, -overlapDays)
}

// backfillFrom is the start of a backfill: min(365 days, cap) ago, or with everything, before the first trade.
func backfillFrom(task Task, depth time.Duration, now time.Time) time.Time {
	if depth == market.Everything {
		return firstTrade()
	}
	from := now.Add(-depth)
	if task.Base.Intraday() {
		return from
	}
	return task.Instrument.Calendar.Midnight(calendar.DateOf(from.In(task.Instrument.Calendar.Zone)))
}

// split cuts the window into requests that the provider accepts. Each but the first begins with the bar before it, which is asked
// for too and discarded; a closure may lie between the two. A piece of a longer window is shorter than the longest request by the
// margin.
func split(task Task, depth, margin time.Duration) []market.FetchRequest {
	longest := task.native.LongestRequest
	exchange := task.Instrument.Calendar
	piece := task.Window
	var fetches []market.FetchRequest
	for from := piece.From; from.Before(task.Window.To); from = piece.To {
		piece = market.Window{From: from, To: task.Window.To}
		asked := from
		if from.After(task.Window.From) {
			asked = task.Base.Previous(exchange, from)
		}
		if longest != market.Everything && piece.To.Sub(asked) > longest {
			piece.To = later(task.Base.Previous(exchange, asked.Add(longest-margin)), from.Add(margin))
		}
		fetches = append(fetches, market.FetchRequest{
			Instrument: task.Instrument, Timeframe: task.Base, Window: piece, Depth: depth,
		})
	}
	return fetches
}

// later is the later of two instants.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
