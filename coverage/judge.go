package coverage

import (
	"slices"
	"sort"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// Answer is what one answer of the provider tells of the bars that it lacks.
type Answer struct {
	Window market.Window // that was asked for
	// Whole is the one reason for all of them where there was no answer, or nothing of it is stored; empty where there was one.
	Whole      market.GapReason
	Null       []int64   // starts of bars (Unix seconds, ascending) whose rows have no prices
	Impossible []int64   // and whose rows cannot be true
	FirstTrade time.Time // the date of the listing's first trade, in the exchange's zone, at 00:00; zero if unknown
	Newest     time.Time // start of the newest row; what is missing after it is late; zero without rows
}

// reason is why a bar inside the window is absent, as far as the answer tells.
func (a Answer) reason(start time.Time) market.GapReason {
	ts := start.Unix()
	has := func(starts []int64) bool {
		_, found := slices.BinarySearch(starts, ts)
		return found
	}
	switch {
	case start.Before(a.FirstTrade):
		return market.GapBefore
	case a.Whole != "":
		return a.Whole
	case has(a.Impossible):
		return market.GapImpossible
	case has(a.Null):
		return market.GapNull
	case start.After(a.Newest):
		return market.GapLate
	default:
		return market.GapAbsent
	}
}

// Subject is a series that is judged.
type Subject struct {
	Instrument market.Instrument
	Timeframe  market.Timeframe
	Wall       time.Duration // how far back from now the provider serves; market.Everything for no wall
	// Habit is market.Capabilities.Habit of the series; nil for none.
	Habit func(start int64) (why string, usual bool)
	// Base tells, of a derived bar inside the scope that starts then, why its base bars are absent; nil for a series that is
	// fetched.
	Base func(start time.Time) market.GapReason
}

// Series is the series.
func (s Subject) Series() market.Series {
	return market.Series{Instrument: s.Instrument.Name, Timeframe: s.Timeframe}
}

// Judgement compares what is expected of a series with what is present.
type Judgement struct {
	Subject
	Old     market.Coverage // as it is recorded; the zero value for nothing
	Answers []Answer        // of this transaction
	// Span is what was written, or may have been, beside the windows of the answers.
	Span   market.Window
	Oldest time.Time // start of the oldest stored bar; zero for none
	Begin  time.Time // where the coverage begins, should it not have begun earlier; zero for where the answers do
	Until  time.Time // the new horizon
	Now    time.Time
	// Anew judges all of the series without believing the ledger: Old is the zero value, and Begin is where the coverage begins.
	// Gaps may be wrong in any way; they tell no more than why their bars are absent, and when they were asked for.
	Anew bool
	// Closed is when the exchange was closed, which its calendar did not foresee: bars that are late or absent get that reason. Span
	// has to cover it; empty for none.
	Closed market.Window
}

// Start is where the coverage of the series begins.
func (j Judgement) Start() time.Time {
	from := first(j.Old.From, j.Begin)
	for _, a := range j.Answers {
		from = first(from, a.Window.From)
	}
	if from.IsZero() {
		from = j.Span.From
	}
	if whole := from.UTC().Truncate(time.Second); whole.Before(from) {
		return whole.Add(time.Second) // bars start in whole seconds
	}
	return from.UTC()
}

// anew tells whether everything has to be judged again, since bars are expected by another calendar.
func (j Judgement) anew() bool { return j.Old.Calendar != j.Instrument.Calendar.Version() }

// Scope is the window of the starts of gaps and stored bars that have to be looked at.
func (j Judgement) Scope() market.Window {
	if j.Anew {
		return market.Window{From: time.Unix(market.FirstTS, 0).UTC(), To: time.Unix(market.LastTS, 0).UTC()}
	}
	w := j.judged()
	w.To = w.To.Add(j.span()) // an intraday bar may start within its interval
	return w
}

// judged is the window of the starts that are judged. It reaches one bar further on both sides than what can change, so that a
// gap is joined with the one beside it.
func (j Judgement) judged() market.Window {
	c, w := j.Instrument.Calendar, j.core()
	previous := j.Timeframe.Previous(c, w.From)
	if !j.Timeframe.Intraday() {
		previous = j.Timeframe.Bucket(c, previous) // it is a day
	}
	return market.Window{From: later(j.Start(), previous), To: next(c, j.Timeframe, w.To).Add(time.Second)}
}

// span is how far from an expected start a stored bar may start that is the one expected.
func (j Judgement) span() time.Duration { return max(time.Second, j.Timeframe.Length()) }

// core is the window of the starts of bars of which anything can change. The gaps that reach into it stay what they are outside
// of it: what lies beside them there is not looked at.
func (j Judgement) core() market.Window {
	w := j.Span
	for _, a := range j.Answers {
		w = w.Union(a.Window)
	}
	from := j.Start()
	if old := j.Old; j.anew() || old.From.IsZero() {
		w = w.Union(market.Window{From: from, To: later(old.Horizon, j.Until)})
	} else if earlier, last := order(old.Horizon, j.Until); earlier.Before(last) {
		w = w.Union(market.Window{From: earlier.Add(-longest(j.Timeframe)), To: last})
	}
	if from.Before(j.Old.From) { // what lies between was never looked at
		w = w.Union(market.Window{From: from, To: j.Old.From})
	}
	if end := later(j.Old.Horizon, j.Until); end.Before(w.To) {
		w.To = end
	}
	return w
}

// Change is what a judgement changes in the ledger of coverage.
type Change struct {
	Coverage  market.Coverage
	Gone, New []market.Gap
	// Of the bars that are newly judged or that an answer was asked for: how many are expected, and how many are present.
	Asked, Came int64
}

// Judge judges a series. Gaps are those that overlap the scope, in order; present are the starts of the stored bars inside the
// scope, in Unix seconds, ascending.
func (j Judgement) Judge(gaps []market.Gap, present []int64) Change {
	c, old := j.Instrument.Calendar, j.Old
	from := j.Start()
	wide, gaps := j.reach(gaps)
	done := Change{Coverage: market.Coverage{
		Series: j.Series(), From: from, Horizon: j.Until, Expected: old.Expected, Present: old.Present, Calendar: c.Version(),
	}}
	if j.anew() {
		done.Coverage.Expected, done.Coverage.Present = 0, 0
	} else {
		for _, g := range gaps {
			done.Coverage.Present += g.Bars
		}
	}
	r, span := runs{Judgement: &j, core: j.core()}, int64(j.span()/time.Second)
	left, doubtful := gaps, []market.Gap(nil)
	if j.Anew {
		left, doubtful = j.believed(gaps, present)
	}
	eachExpected(c, j.Timeframe, wide, func(start time.Time) {
		known := !j.anew() && !start.Before(old.From) && over(c, j.Timeframe, start, old.Horizon)
		if known {
			done.Coverage.Expected--
			done.Coverage.Present--
		}
		if !over(c, j.Timeframe, start, j.Until) {
			return
		}
		done.Coverage.Expected++
		here := startsIn(&present, start.Unix(), span)
		asked := j.asked(start)
		if asked != nil || !known {
			done.Asked++
			if here {
				done.Came++
			}
		}
		if here {
			done.Coverage.Present++
			r.close()
			return
		}
		old := covering(&left, start)
		if old == nil {
			old = covering(&doubtful, start)
		}
		r.add(start, asked, old)
	})
	r.close()
	done.Gone, done.New = difference(gaps, r.all)
	return done
}

// reach is the window of the starts that are looked at, and the gaps in it, all of which are judged.
func (j Judgement) reach(gaps []market.Gap) (market.Window, []market.Gap) {
	wide := market.Window{From: j.Start(), To: j.Until}
	if j.Anew {
		return wide, gaps
	}
	wide = j.judged()
	for len(gaps) > 0 && !gaps[len(gaps)-1].First.Before(wide.To) {
		gaps = gaps[:len(gaps)-1] // only bars were to be looked at there
	}
	for _, g := range gaps {
		wide = wide.Union(g.Window())
	}
	wide.From = later(wide.From, j.Start())
	return wide, gaps
}

// asked is the last answer whose window holds a start; nil for none.
func (j *Judgement) asked(start time.Time) *Answer {
	for i := range slices.Backward(j.Answers) {
		if j.Answers[i].Window.Contains(start) {
			return &j.Answers[i]
		}
	}
	return nil
}

// startsIn tells whether a bar is among those that are left, and leaves out all before it. Starts come in order. An intraday
// bar may start within its interval: after a break, and on half days of futures, providers count anew.
func startsIn(left *[]int64, start, span int64) bool {
	for len(*left) > 0 && (*left)[0] < start {
		*left = (*left)[1:]
	}
	return len(*left) > 0 && (*left)[0] < start+span
}

// covering is the gap that holds a start; nil for none. Starts come in order.
func covering(left *[]market.Gap, start time.Time) *market.Gap {
	for len(*left) > 0 && (*left)[0].Last.Before(start) {
		*left = (*left)[1:]
	}
	if len(*left) == 0 || start.Before((*left)[0].First) {
		return nil
	}
	return &(*left)[0]
}

// next is the first bar that is expected to start at an instant or later; the instant itself where there is none within a month.
func next(c *calendar.Calendar, t market.Timeframe, from time.Time) time.Time {
	found := from
	t.Expected(c, market.Window{From: from, To: from.Add(31*24*time.Hour + longest(t))}, func(start time.Time) bool {
		found = start
		return false
	})
	return found
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func order(a, b time.Time) (earlier, last time.Time) {
	if a.After(b) {
		return b, a
	}
	return a, b
}

// difference leaves out what both lists have.
func difference(old, all []market.Gap) (gone, added []market.Gap) {
	find := func(list []market.Gap, g market.Gap) bool {
		i := sort.Search(len(list), func(i int) bool { return !list[i].First.Before(g.First) })
		return i < len(list) && list[i] == g
	}
	for _, g := range old {
		if !find(all, g) {
			gone = append(gone, g)
		}
	}
	for _, g := range all {
		if !find(old, g) {
			added = append(added, g)
		}
	}
	return gone, added
}
