package coverage_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"barkeep/coverage"
	"barkeep/market"
)

// before is the gap in which a bar was; false for none. A bar that was not expected and is now, by another calendar, was asked
// for with those around it.
func (w *judgedWorld) before(start time.Time) (market.Gap, bool) {
	for _, g := range w.was {
		if !start.Before(g.First) && !start.After(g.Last) {
			return g, true
		}
	}
	return market.Gap{}, false
}

// told is why an absent bar is absent, after the answers: what it was, if nobody was asked for it.
func (w *judgedWorld) told(j coverage.Judgement, start time.Time) (reason market.GapReason, asked bool) {
	old, known := w.before(start)
	reason = old.Reason
	if !known {
		reason = market.GapNotFetched
	}
	for _, a := range slices.Backward(j.Answers) {
		if !a.Window.Contains(start) {
			continue
		}
		told := known && !slices.Contains([]market.GapReason{
			market.GapFailed, market.GapNotFetched, market.GapLate, market.GapHeld,
		}, old.Reason)
		if told && slices.Contains([]market.GapReason{market.GapFailed, market.GapNotFetched, market.GapHeld}, a.Whole) {
			return reason, false
		}
		return w.says(a, start), true
	}
	return reason, false
}

// says is what an answer tells of a bar that it lacks.
func (w *judgedWorld) says(a coverage.Answer, start time.Time) market.GapReason {
	habit := w.habit && lot(start, 7, "habit") == 0
	switch ts := start.Unix(); {
	case start.Before(a.FirstTrade):
		return market.GapBefore
	case a.Whole != "":
		return a.Whole
	case slices.Contains(a.Impossible, ts):
		return market.GapImpossible
	case slices.Contains(a.Null, ts) && w.timeframe.Intraday():
		return market.GapNull
	case slices.Contains(a.Null, ts):
		return market.GapLate
	case habit:
		return market.GapUnavailable
	case start.After(a.Newest):
		return market.GapLate
	default:
		return market.GapAbsent
	}
}

// base is why the base bars of a derived bar are absent.
func (w *judgedWorld) base(start time.Time) market.GapReason {
	at := w.now.Unix() / 86400
	return market.GapReasons()[lot(start, 3, fmt.Sprint("base", at))]
}

// here tells whether a bar is present: an intraday one may start within its interval.
func (w *judgedWorld) here(start time.Time) bool {
	first := start.Unix()
	for ts := first; ts < first+max(1, int64(w.timeframe.Length()/time.Second)); ts++ {
		if w.bars[ts] {
			return true
		}
	}
	return false
}

// check holds the ledger to the law and to the reasons of the model, which it brings up to date.
func (w *judgedWorld) check(t *rapid.T, j coverage.Judgement) {
	all := w.expected(market.Window{From: w.ledger.From, To: w.ledger.Horizon}, w.ledger.Horizon)
	left := w.gaps
	var here int64
	var before *market.Gap
	for i := 0; i < len(all); {
		if w.here(all[i]) {
			here, before = here+1, nil
			i++
			continue
		}
		if len(left) == 0 || !left[0].First.Equal(all[i]) {
			t.Fatalf("%s is absent and begins no gap of %+v", all[i], left)
		}
		g := left[0]
		n := int(g.Bars)
		if n < 1 || i+n > len(all) || !all[i+n-1].Equal(g.Last) {
			t.Fatalf("%+v does not end with its last bar of those from %s on", g, all[i])
		}
		if before != nil && before.Reason == g.Reason {
			t.Fatalf("%+v and %+v are one gap", *before, g)
		}
		w.checkGap(t, j, g, all[i:i+n])
		before, left, i = &g, left[1:], i+n
	}
	if len(left) > 0 {
		t.Fatalf("gaps of bars that nobody expects: %+v", left)
	}
	if w.ledger.Expected != int64(len(all)) || w.ledger.Present != here {
		t.Fatalf("%d expected, %d present; want %d, %d", w.ledger.Expected, w.ledger.Present, len(all), here)
	}
	if w.ledger.Calendar != w.calendar.Version() || !w.ledger.Horizon.Equal(j.Until) {
		t.Fatalf("the ledger is %+v", w.ledger)
	}
}

// checkGap compares a gap with what is known of its bars.
func (w *judgedWorld) checkGap(t *rapid.T, j coverage.Judgement, g market.Gap, starts []time.Time) {
	var want market.Gap
	var anyAsked bool
	for i, start := range starts {
		if w.here(start) {
			t.Fatalf("%+v holds %s, which is present", g, start)
		}
		old, known := w.before(start)
		reason, asked := w.told(j, start)
		reasons := []market.GapReason{reason}
		if lost := w.wall != market.Everything && start.Before(w.now.Add(-w.wall)); lost && reason.Healable() {
			reasons = append(reasons, market.GapBeyond)
			if asked {
				reasons = reasons[1:]
			}
		}
		if w.derived {
			asked, reasons = false, []market.GapReason{w.base(start)}
			if known {
				reasons = append(reasons, old.Reason)
			}
		}
		if !slices.Contains(reasons, g.Reason) {
			t.Fatalf("%s of %+v is absent for %q, want %q", start, g, g.Reason, reasons)
		}
		if !known {
			old.Seen = w.now
		}
		if asked {
			old.Asked, old.Times, anyAsked = w.now, old.Times+1, true
		}
		if i == 0 || old.Seen.Before(want.Seen) {
			want.Seen = old.Seen
		}
		if want.Asked.IsZero() || !old.Asked.IsZero() && old.Asked.Before(want.Asked) {
			want.Asked = old.Asked
		}
		if want.Times == 0 || old.Times > 0 && old.Times < want.Times {
			want.Times = old.Times
		}
	}
	if !g.Seen.Equal(want.Seen) || !g.Asked.Equal(want.Asked) || g.Times != want.Times {
		t.Fatalf("%+v, want seen %s, asked %s, %d times", g, want.Seen, want.Asked, want.Times)
	}
	w.checkNext(t, g, anyAsked)
}

// checkNext holds a gap to when it is asked for again.
func (w *judgedWorld) checkNext(t *rapid.T, g market.Gap, asked bool) {
	switch {
	case w.derived && !g.Next.IsZero():
		t.Fatalf("%+v is derived, and would be asked for", g)
	case w.derived:
	case g.Reason == market.GapUnavailable:
	case g.Reason == market.GapNull && g.Bars >= 6: // as many may be mislaid
	case !g.Reason.Healable() && !g.Next.IsZero():
		t.Fatalf("%+v would be asked for in vain", g)
	case g.Reason.Healable() && g.Next.IsZero():
		t.Fatalf("%+v is never asked for again", g)
	case asked && g.Next.After(w.now.Add(14*24*time.Hour)):
		t.Fatalf("%+v is asked for too late", g)
	}
}
