package query

import (
	"fmt"
	"strings"
	"time"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/market"
	"barkeep/store"
)

// Completeness is how much of what is expected in a window of a series is there.
type Completeness struct {
	Series market.Series // that it tells of: the base of a timeframe that is not kept
	Window market.Window // that it tells of: bars that start in it; empty where nothing can be expected
	// Known tells whether anything is known of what to expect: not of a series that was never judged, nor of an exchange whose
	// hours are not known, nor of the reasons as of an instant.
	Known    bool
	Expected int64         // bars that start in the window: those that were over at Horizon, and later ones that are stored
	Present  int64         // of them
	Absent   []ReasonCount // from the worst reason to the mildest; Expected = Present + all of them, but as of an instant
	Gaps     []market.Gap  // of which a bar starts in the window, in order; they may reach beyond it
	Horizon  time.Time     // up to when bars were judged; zero for never
	// Unjudged are the bars of the window that are expected, were not judged yet and are not stored: they are not over, or no import
	// has asked for them; and Before are those from before anything was asked for. The first of either is UnjudgedFrom.
	Unjudged, Before int64
	UnjudgedFrom     time.Time
	// Provisional is the start of the first bar of the window that the provider may still change, and Until is when it will not
	// change the last one any more; both are zero where all are settled.
	Provisional, Until time.Time
	Note               string // what else a person should know; empty for most

	open   bool            // the window was asked for without an end
	unsure []market.Window // what of it nobody has looked at, where it is not known which bars to expect
	ahead  market.Window   // what of it lies too far ahead for bars to be counted
	stale  bool            // the ledger goes by another calendar
}

// Line is how complete a window is in one line, for a header: "expected=390, present=388, late=2, provisional_until=2026-...".
func (c Completeness) Line() string {
	if !c.Known {
		return "unknown"
	}
	parts := []string{fmt.Sprintf("expected=%d, present=%d", c.Expected, c.Present)}
	for _, a := range c.Absent {
		parts = append(parts, fmt.Sprintf("%s=%d", strings.ReplaceAll(string(a.Reason), " ", "_"), a.Bars))
	}
	if n := c.Unjudged + c.Before; n > 0 {
		parts = append(parts, fmt.Sprintf("unjudged=%d", n))
	}
	if !c.Until.IsZero() {
		parts = append(parts, "provisional_until="+c.Until.UTC().Format(time.RFC3339))
	}
	return strings.Join(parts, ", ")
}

// young is how long after the close of its session a provider still changes a bar.
const young = 24 * time.Hour

// facts are what completeness is told by, beside the ledger.
type facts struct {
	calendar *calendar.Calendar
	listing  market.Listing // the zero value where the provider said nothing
	now      time.Time
}

// due is the end of the newest bar that is due; every later one starts then or after it.
func (f facts) due(t market.Timeframe) time.Time {
	start, ok := coverage.NewestDue(f.calendar, t, coverage.Due(t, f.listing.Type, f.now))
	if !ok {
		return f.now
	}
	return f.end(t, start)
}

// end is the end of a bar, which may be stamped within its interval.
func (f facts) end(t market.Timeframe, start time.Time) time.Time {
	return later(t.End(f.calendar, start), start.Add(time.Second))
}

// completeness tells how much of a window is there. A window without a beginning begins where the series was first asked for,
// and one without an end ends with the newest bar that is due, or that is stored. Starts are those of the stored bars of the
// window, at least from where bars were not judged (coverage.Tail). Open tells that the end of the window was nobody's wish.
func (f facts) completeness(
	series market.Series, s store.SeriesStanding, w market.Window, open bool, starts []int64,
) Completeness {
	c := Completeness{Series: series, Horizon: s.Coverage.Horizon, Window: f.shaped(series, s, w), open: open}
	if !s.Judged {
		c.Note = "what is expected of this series was never judged"
		c.provisional(f, series.Timeframe)
		return c
	}
	c.Known = !f.calendar.Inferred
	if !c.Known {
		c.Note = "the hours of the exchange are not known, so that no bar is expected"
	}
	c.judged(f, s)
	c.unjudged(f, s.Coverage, starts)
	c.provisional(f, series.Timeframe)
	c.unlooked(f, s.Coverage)
	if s.Coverage.Calendar != f.calendar.Version() && c.Known {
		c.Known, c.stale, c.Note = false, true, "it was judged by another calendar than the one in force: the next sync judges it anew"
	}
	return c
}

// shaped is a window with both ends.
func (f facts) shaped(series market.Series, s store.SeriesStanding, w market.Window) market.Window {
	from := w.From
	if from.IsZero() {
		w.From = s.Coverage.From
		if !s.Judged {
			w.From = s.State.Oldest
		}
	}
	if first := f.listing.FirstTrade; first.After(w.From) { // nothing can be there before it
		w.From = series.Timeframe.Bucket(f.calendar, first)
	}
	if w.To.IsZero() {
		w.To = f.until(series.Timeframe, from, f.end(series.Timeframe, s.State.Newest))
	}
	return market.Window{From: ceil(w.From), To: ceil(w.To)}
}

// until is where a window ends that has no end: with the newest bar that is due, or that is stored. One that begins after both
// is of the first bar that there will be.
func (f facts) until(t market.Timeframe, from, stored time.Time) time.Time {
	end := later(f.due(t), stored)
	if !from.IsZero() && !end.After(from) {
		end = f.first(t, from)
	}
	return end
}

// first is the end of the first bar that is expected to start at an instant or later.
func (f facts) first(t market.Timeframe, from time.Time) time.Time {
	end := from.Add(time.Second)
	t.Expected(f.calendar, market.Window{From: ceil(from), To: ceil(from).Add(mostAhead)}, func(start time.Time) bool {
		end = f.end(t, start)
		return false
	})
	return end
}

// judged counts what the ledger tells of the window.
func (c *Completeness) judged(f facts, s store.SeriesStanding) {
	t, whole := s.Coverage.Series.Timeframe, market.Window{From: s.Coverage.From, To: s.Coverage.Horizon}
	part := within(c.Window, whole)
	if part.Empty() {
		return
	}
	c.Expected = s.Coverage.Expected
	if part != whole {
		c.Expected = coverage.Expected(f.calendar, t, part, s.Coverage.Horizon)
	}
	c.Present = c.Expected
	absent := map[market.GapReason]int64{}
	for _, g := range s.Gaps {
		n := g.Bars
		if g.First.Before(part.From) || !g.Last.Before(part.To) {
			n = coverage.Expected(f.calendar, t, within(g.Window(), part), s.Coverage.Horizon)
		}
		if n > 0 {
			c.Gaps = append(c.Gaps, g)
			absent[g.Reason] += n
			c.Present -= n
		}
	}
	c.Absent = byReason(absent)
}

// The bounds of what is counted that was not judged: of longer windows it is enough to know that there is some.
const (
	mostBefore = 366 * day
	mostAhead  = 100 * day
)

// unjudged counts the bars of the window that are expected and that the ledger does not tell of.
func (c *Completeness) unjudged(f facts, v market.Coverage, starts []int64) {
	limit := later(v.Horizon, f.now).Add(mostAhead)
	w := within(c.Window, market.Window{From: v.From.Add(-mostBefore), To: limit})
	c.ahead = within(c.Window, market.Window{From: limit, To: c.Window.To})
	if w.Empty() {
		return
	}
	u := coverage.NotJudged(f.calendar, v, w, starts)
	c.Before, c.Unjudged, c.UnjudgedFrom = u.Before, u.Absent, u.First
	c.Expected, c.Present = c.Expected+u.Present, c.Present+u.Present
}

// lately is how long ago an import may have looked at a series for a window without an end to end there: they come once a day.
const lately = 25 * time.Hour

// unlooked finds what of the window was asked for by no import, where the calendar does not tell whether anything is to be
// expected: that nothing is known to be missing is no proof that nothing is.
func (c *Completeness) unlooked(f facts, v market.Coverage) {
	before := within(c.Window, market.Window{From: c.Window.From, To: v.From})
	after := within(c.Window, market.Window{From: v.Horizon, To: c.Window.To})
	if c.open && f.now.Sub(v.Horizon) <= lately && c.Window.From.Before(v.Horizon) { // it ends with what was looked at last
		after.To = after.From
	}
	for _, w := range []market.Window{before, after} {
		if !w.Empty() && !f.certain(w) {
			c.unsure = append(c.unsure, w)
		}
	}
}

// certain tells whether it is known of every date of a window whether the exchange trades.
func (f facts) certain(w market.Window) bool {
	if f.calendar.Inferred {
		return false
	}
	if w.To.Sub(w.From) > mostBefore { // the newest dates are the least certain ones
		w.From = w.To.Add(-mostBefore)
	}
	last := f.calendar.TradingDate(w.To.Add(-time.Second))
	for d := f.calendar.TradingDate(w.From); !last.Before(d); d = d.AddDays(1) {
		if !f.calendar.Certain(d) {
			return false
		}
	}
	return true
}

// provisional finds the bars of the window that the provider may still change.
func (c *Completeness) provisional(f facts, t market.Timeframe) {
	w := within(c.Window, market.Window{From: f.now.Add(-mostAhead), To: f.now.Add(time.Second)})
	if w.Empty() {
		return
	}
	note := func(start, end time.Time) {
		if c.Provisional.IsZero() {
			c.Provisional = start.UTC()
		}
		c.Until = end.Add(young).UTC()
	}
	if t.Intraday() {
		for _, s := range f.calendar.Sessions(later(w.From, f.now.Add(-14*day)), w.To) {
			if start := later(s.Anchor, w.From); s.Close.Add(young).After(f.now) && start.Before(w.To) {
				note(start, s.Close)
			}
		}
		return
	}
	t.Expected(f.calendar, w, func(start time.Time) bool {
		if end := t.End(f.calendar, start); end.Add(young).After(f.now) {
			note(start, end)
		}
		return true
	})
}

// asOf tells what can be told as of an instant: reasons are kept for now alone, so that the bars are counted.
func (f facts) asOf(series market.Series, w market.Window, bars *market.Candles, at time.Time) Completeness {
	c := Completeness{Series: series, Horizon: at, Note: "why bars were absent is kept as of now alone"}
	if w.From.IsZero() && bars.Len() > 0 {
		w.From = bars.At(0).Start
	}
	if w.To.IsZero() || w.To.After(at) {
		w.To = at
	}
	if c.Window = w; w.Empty() || f.calendar.Inferred {
		return c
	}
	c.Known = true
	c.Expected, c.Present = coverage.Counted(f.calendar, series.Timeframe, w, at, bars.TS)
	return c
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
