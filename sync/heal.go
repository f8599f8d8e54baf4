package syncer

import (
	"fmt"
	"slices"
	"time"

	"barkeep/coverage"
	"barkeep/market"
)

const (
	// soon is how long before its time a gap may be asked for: an import comes once a day, a few minutes earlier or later.
	soon = 30 * time.Minute
	// afterwards is how long after the month of a contract its last bars are still asked for.
	afterwards = 7 * 24 * time.Hour
	// together is how far apart gaps are that one request asks for.
	together = 24 * time.Hour
)

// wanted tells whether a gap is to be asked for now: it may be healed, is in the provider's window, and its time has come.
// Maintenance asks for what an import has put off, too.
func (t *Task) wanted(g market.Gap, maintenance bool, now time.Time) bool {
	if !g.Reason.Healable() && g.Reason != market.GapNull || g.Next.IsZero() || g.Next.After(now.Add(soon)) && !maintenance {
		return false
	}
	leaves := coverage.Leaves(g, t.native.DeepCap)
	return leaves.IsZero() || leaves.After(now) || g.Last.Add(t.native.DeepCap).After(now)
}

// due tells whether any gap of the task is to be asked for now.
func (t *Task) due(maintenance bool, now time.Time) bool {
	return slices.ContainsFunc(t.absent, func(g market.Gap) bool { return t.wanted(g, maintenance, now) })
}

// unavailable tells whether the provider said of everything that is new that it does not have it, and is not to be asked again
// yet.
func (t *Task) unavailable(held market.SeriesState, now time.Time) bool {
	return slices.ContainsFunc(t.absent, func(g market.Gap) bool {
		return g.Reason == market.GapUnavailable && g.Next.After(now.Add(soon)) && (held.Count == 0 || g.First.After(held.Newest))
	})
}

// reach lets the window of a task reach back to the gaps that are to be asked for, as long as it is one request all the same.
// For the others, heal decides.
func (t *Task) reach(margin time.Duration, maintenance bool, now time.Time) {
	longest := t.native.LongestRequest
	for _, g := range slices.Backward(t.absent) {
		if !t.wanted(g, maintenance, now) || !g.First.Before(t.Window.From) {
			continue
		}
		if longest == market.Everything || now.Sub(g.First)+margin <= longest {
			t.Window.From = g.First
		} else {
			t.heals = append(t.heals, g)
		}
	}
	slices.Reverse(t.heals)
}

// heal adds requests for gaps that the windows of the tasks do not reach, the soonest lost first: at most so many.
func heal(tasks []Task, margin time.Duration, most int, now time.Time) {
	type piece struct {
		task   int
		window market.Window
		leaves time.Time
	}
	var pieces []piece
	for i := range tasks {
		for _, g := range tasks[i].heals {
			w := market.Window{From: later(g.First, now.Add(-tasks[i].native.DeepCap)), To: g.Last.Add(tasks[i].Base.Length())}
			if n := len(pieces); n > 0 && pieces[n-1].task == i && w.From.Sub(pieces[n-1].window.To) < together &&
				w.To.Sub(pieces[n-1].window.From)+margin <= tasks[i].native.LongestRequest {
				pieces[n-1].window.To = w.To
				continue
			}
			pieces = append(pieces, piece{i, w, coverage.Leaves(g, tasks[i].native.DeepCap)})
		}
	}
	slices.SortStableFunc(pieces, func(a, b piece) int { return a.leaves.Compare(b.leaves) })
	for _, p := range pieces {
		t := &tasks[p.task]
		alone := *t
		alone.Window = p.window
		fetches := split(alone, t.native.DeepCap, margin)
		if most -= len(fetches); most < 0 {
			return
		}
		t.Fetches = append(t.Fetches, fetches...)
		slices.SortStableFunc(t.Fetches, func(a, b market.FetchRequest) int { return a.Window.From.Compare(b.Window.From) })
	}
}

// earlier is the earlier of two instants; the first where the second is not known.
func earlier(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// over says why nothing is asked for a series that the provider does not have, or does not have any more; false for any other.
func (t *Task) over() (says string, over bool) {
	switch t.Reason {
	case ReasonExpired:
		return fmt.Sprintf("the contract is over; its last bar is of %s", t.Newest.UTC().Format("2006-01-02 15:04 UTC")), true
	case ReasonUnavailable:
		for _, g := range t.absent {
			if g.Reason == market.GapUnavailable && !g.Next.IsZero() {
				return fmt.Sprintf("the provider does not have it, as it said on %s; it is asked again on %s",
					g.Asked.Format(time.DateOnly), g.Next.Format(time.DateOnly)), true
			}
		}
		return string(t.Reason), true
	default:
		return "", false
	}
}
