package coverage

import (
	"time"

	"barkeep/market"
)

// runs joins absent bars, which come in order, to gaps.
type runs struct {
	*Judgement
	core  market.Window // of what can change
	all   []market.Gap
	open  bool // the last of all may grow
	asked bool // and some of its bars were asked for now
	whole bool // with all of the series, of which the provider has nothing
}

// add takes an absent bar: with the answer to which it was asked for, nil for none, and the gap that it is in until now, nil
// for none.
func (r *runs) add(start time.Time, answer *Answer, old *market.Gap) {
	g := market.Gap{Series: r.Series(), First: start, Last: start, Bars: 1, Seen: r.Now}
	if old != nil {
		g.Seen, g.Asked, g.Times, g.Next = old.Seen, old.Asked, old.Times, old.Next
	}
	var asked bool
	if g.Reason, asked = r.reason(start, answer, old); asked {
		g.Asked, g.Times, g.Next = r.Now, g.Times+1, time.Time{}
	}
	if g.Reason == market.GapClosed {
		g.Next = time.Time{}
	}
	if r.open && r.all[len(r.all)-1].Reason == g.Reason {
		grow(&r.all[len(r.all)-1], g)
	} else {
		r.close()
		r.all, r.open = append(r.all, g), true
	}
	r.asked = r.asked || asked
	r.whole = r.whole || asked && answer.Whole == market.GapUnavailable
}

// reason is why an absent bar is absent, and whether it was asked for now.
func (r *runs) reason(start time.Time, answer *Answer, old *market.Gap) (reason market.GapReason, asked bool) {
	switch {
	case old != nil && !r.core.Contains(start):
		return old.Reason, false
	case r.Base != nil:
		return r.Base(start), false
	case old != nil && (old.Reason == market.GapLate || old.Reason == market.GapAbsent) && r.Closed.Contains(start):
		return market.GapClosed, false
	case r.Anew && old != nil:
		return old.Reason, false // also of one that has left the provider's window since: whoever asks next finds that
	case answer == nil && old == nil:
		reason = market.GapNotFetched
	case answer == nil || old != nil && answer.keeps(old.Reason):
		reason = old.Reason
	default:
		reason, asked = answer.reason(start), true
		switch {
		case old != nil && old.Reason == market.GapClosed && answer.Whole == "":
			reason = market.GapClosed
		case reason == market.GapAbsent && r.neverThere(start, old):
			reason = market.GapBefore
		case reason == market.GapNull && !r.Timeframe.Intraday():
			reason = market.GapLate // a day on which there was trading has prices
		case (reason == market.GapAbsent || reason == market.GapLate) && r.habitual(start):
			reason = market.GapUnavailable
		}
	}
	if r.lost(start) && reason.Healable() {
		reason = market.GapBeyond
	}
	return reason, asked
}

// lost tells whether a bar has left the provider's window.
func (r *runs) lost(start time.Time) bool {
	return r.Wall != market.Everything && start.Before(r.Now.Add(-r.Wall))
}

// neverThere tells whether a bar before the oldest one was asked for so often, and so long, that the series begins later: some
// listings do not say when they were first traded.
func (r *runs) neverThere(start time.Time, old *market.Gap) bool {
	const often, long = 5, 7 * 24 * time.Hour
	return start.Before(r.Oldest) && old != nil && old.Times >= often && r.Now.Sub(old.Seen) > long
}

// habitual tells whether a bar is one that the provider leaves out. Where it does so now and then only, bars of the last days
// may yet come.
func (r *runs) habitual(start time.Time) bool {
	if r.Habit == nil {
		return false
	}
	why, usual := r.Habit(start.Unix())
	return why != "" && (usual || r.Now.Sub(start) > mayYetCome)
}

// keeps tells whether a bar stays absent for the reason that it has: that there was no answer tells less than an earlier answer
// did.
func (a *Answer) keeps(old market.GapReason) bool {
	switch a.Whole {
	case market.GapFailed, market.GapNotFetched, market.GapHeld:
		return old != market.GapFailed && old != market.GapNotFetched && old != market.GapLate && old != market.GapHeld
	default:
		return false
	}
}

// grow adds a bar to a gap. What is told of the gap holds for all of its bars: since when one is absent, when the longest ago was
// asked for, and when the first is again.
func grow(g *market.Gap, bar market.Gap) {
	g.Last, g.Bars = bar.Last, g.Bars+bar.Bars
	if bar.Seen.Before(g.Seen) {
		g.Seen = bar.Seen
	}
	g.Asked, g.Next = first(g.Asked, bar.Asked), first(g.Next, bar.Next)
	switch {
	case g.Times == 0:
		g.Times = bar.Times
	case bar.Times > 0:
		g.Times = min(g.Times, bar.Times)
	}
}

// first is the earlier of two instants that are known.
func first(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// close ends a gap: the next absent bar begins another one.
func (r *runs) close() {
	if r.open {
		g := &r.all[len(r.all)-1]
		mislaid := g.Reason == market.GapNull && g.Bars >= longNull && !r.lost(g.Last)
		switch {
		case r.Base != nil || !g.Reason.Healable() && g.Reason != market.GapUnavailable && !mislaid:
			g.Next = time.Time{} // for derived bars the base is asked for, and for others nobody
		case r.Anew && g.Reason.Healable() && g.Next.IsZero():
			g.Next = r.Now // nobody would ever ask for it
		case g.Reason == market.GapNotFetched && g.Asked.IsZero():
			g.Next = first(g.Next, r.Now)
		case r.whole:
			g.Next = r.Now.Add(min(time.Duration(g.Times), 4) * unavailablePause)
		case r.asked && (g.Reason.Healable() || mislaid):
			g.Next = first(g.Next, again(*g, r.Wall, r.Now))
		}
	}
	r.open, r.asked, r.whole = false, false, false
}

// The pauses between two questions for the same absent bars. What is young may come any hour; what has been refused for weeks is
// hardly ever served again.
const (
	shortestPause = time.Hour
	longestPause  = 14 * 24 * time.Hour
	pauseOfAge    = 4 // a fourth of their age
	// lastChance is how long before bars leave the provider's window they are asked for once more.
	lastChance = 24 * time.Hour
	// mayYetCome is how long bars are asked for that the provider leaves out now and then.
	mayYetCome = 7 * 24 * time.Hour
	// longNull is how many null bars in a row may be a session that the provider has mislaid, rather than bars without trades.
	longNull = 6
	// unavailablePause is after how long a series that the provider does not have is asked for again.
	unavailablePause = 7 * 24 * time.Hour
)

// again is when a gap that may be healed is asked for again.
func again(g market.Gap, wall time.Duration, now time.Time) time.Time {
	next := now.Add(min(max(now.Sub(g.Last)/pauseOfAge, shortestPause), longestPause))
	if wall == market.Everything {
		return next
	}
	if chance := g.First.Add(wall - lastChance); chance.After(now) && chance.Before(next) {
		return chance
	}
	return next
}

// Leaves is when the first bar of a gap can not be had any more; zero where the provider serves everything, and where it does not
// serve the gap anyway.
func Leaves(g market.Gap, wall time.Duration) time.Time {
	if wall == market.Everything || !g.Reason.Healable() && (g.Reason != market.GapNull || g.Next.IsZero()) {
		return time.Time{}
	}
	return g.First.Add(wall)
}
