package coverage

import (
	"slices"
	"sort"
	"time"

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
	// fetched. It is asked in the order of the starts.
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
	// Span holds every bar of the series that was written or taken out in this transaction. Outside of it, what was judged before
	// is there or not as the gaps say.
	Span market.Window
	// Again is what else absent bars are judged in anew, beside the windows of the answers: those whose base was judged.
	Again  market.Window
	Oldest time.Time // start of the oldest stored bar; zero for none
	Begin  time.Time // where the coverage begins, should it not have begun earlier; zero for where the answers do
	Until  time.Time // the new horizon
	Now    time.Time
	// Anew judges all of the series without believing the ledger: Old is the zero value, and Begin is where the coverage begins.
	// Gaps may be wrong in any way; they tell no more than why their bars are absent, and when they were asked for.
	Anew bool
	// Closed is when the exchange was closed, which its calendar did not foresee: bars that are late or absent get that reason.
	// Again has to cover it; empty for none.
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

// Scope is the window of the gaps that have to be looked at. It reaches one bar further on both sides than what can change, so
// that a gap is joined with the one beside it.
func (j Judgement) Scope() market.Window {
	if j.Anew {
		return market.Window{From: time.Unix(market.FirstTS, 0).UTC(), To: time.Unix(market.LastTS, 0).UTC()}
	}
	return j.around(j.core())
}

// Stored is the window of the stored bars that have to be looked at; empty for none.
func (j Judgement) Stored() market.Window {
	w := j.around(j.written())
	if !w.Empty() {
		w.To = w.To.Add(j.span()) // an intraday bar may start within its interval
	}
	return w
}

// around is a window with one bar more on both sides.
func (j Judgement) around(w market.Window) market.Window {
	if w.Empty() {
		return market.Window{}
	}
	c := j.Instrument.Calendar
	previous := j.Timeframe.Previous(c, w.From)
	if !j.Timeframe.Intraday() {
		previous = j.Timeframe.Bucket(c, previous) // it is a day
	}
	return market.Window{From: later(j.Start(), previous), To: gridOf(c, j.Timeframe).next(w.To).Add(time.Second)}
}

// span is how far from an expected start a stored bar may start that is the one expected.
func (j Judgement) span() time.Duration { return max(time.Second, j.Timeframe.Length()) }

// core is the window of the starts of bars of which anything can change. The gaps that reach into it stay what they are outside
// of it: what lies beside them there is not looked at.
func (j Judgement) core() market.Window {
	w := j.Again
	for _, a := range j.Answers {
		w = w.Union(a.Window)
	}
	return j.judged(w.Union(j.written()))
}

// written is the window of the starts of bars of which it may have changed whether they are there, or that were not judged
// before.
func (j Judgement) written() market.Window {
	w, from := j.Span, j.Start()
	if old := j.Old; j.anew() || old.From.IsZero() {
		w = w.Union(market.Window{From: from, To: later(old.Horizon, j.Until)})
	} else if earlier, last := order(old.Horizon, j.Until); earlier.Before(last) {
		w = w.Union(market.Window{From: earlier.Add(-longest(j.Timeframe)), To: last})
	}
	if from.Before(j.Old.From) { // what lies between was never looked at
		w = w.Union(market.Window{From: from, To: j.Old.From})
	}
	return j.judged(w)
}

// judged is the part of a window that is judged, now or before.
func (j Judgement) judged(w market.Window) market.Window {
	if end := later(j.Old.Horizon, j.Until); end.Before(w.To) {
		w.To = end
	}
	return w
}

// Change is what a judgement changes in the ledger of coverage.
type Change struct {
	Coverage  market.Coverage
	Gaps      []market.Gap // that overlap the scope, in order
	Gone, New []market.Gap // how they differ from before
}

// Judge judges a series. Gaps are those that overlap the scope, in order; present are the starts of the bars that are stored
// inside of Stored, in Unix seconds, ascending.
func (j Judgement) Judge(gaps []market.Gap, present []int64) Change {
	c, old := j.Instrument.Calendar, j.Old
	done := Change{Coverage: market.Coverage{
		Series: j.Series(), From: j.Start(), Horizon: j.Until, Expected: old.Expected, Present: old.Present, Calendar: c.Version(),
	}}
	if j.anew() {
		done.Coverage.Expected, done.Coverage.Present = 0, 0
	} else {
		for _, g := range gaps {
			done.Coverage.Present += g.Bars
		}
	}
	looked := j.around(j.written())
	r, g := runs{Judgement: &j, core: j.core()}, gridOf(c, j.Timeframe)
	left, doubtful := gaps, []market.Gap(nil)
	if j.Anew {
		left, doubtful = j.believed(gaps, present)
	}
	anew, since, horizon, until := j.anew(), seconds(old.From), old.Horizon.Unix(), j.Until.Unix()
	first, end, span := seconds(looked.From), seconds(looked.To), int64(j.span()/time.Second)
	var last market.Window
	for _, piece := range j.pieces(gaps, looked) {
		if r.open && !g.each(market.Window{From: last.To, To: piece.From}, func(bar) bool { return false }) {
			r.close() // a bar that is there lies between
		}
		last = piece
		g.each(piece, func(b bar) bool {
			if !anew && b.start >= since && g.over(b, horizon) {
				done.Coverage.Expected--
				done.Coverage.Present--
			}
			if !g.over(b, until) {
				return true
			}
			done.Coverage.Expected++
			if b.start >= first && b.start < end && startsIn(&present, b.start, span) {
				done.Coverage.Present++
				r.close()
				return true
			}
			at := b.at()
			was := covering(&left, at)
			if was == nil {
				was = covering(&doubtful, at)
			}
			r.add(at, j.asked(at), was)
			return true
		})
	}
	r.close()
	done.Gaps = r.all
	done.Gone, done.New = difference(gaps, r.all)
	return done
}

// pieces are the windows in which bars are looked at one by one, in order: what was looked at in the archive, and each gap.
// What lies between them is there, as it was.
func (j Judgement) pieces(gaps []market.Gap, looked market.Window) []market.Window {
	if j.Anew {
		return []market.Window{looked} // all of it
	}
	all := make([]market.Window, 0, len(gaps)+1)
	for _, g := range gaps {
		all = append(all, g.Window())
	}
	all = append(all, looked)
	slices.SortFunc(all, func(a, b market.Window) int { return a.From.Compare(b.From) })
	n, from := 0, j.Start()
	for _, w := range all {
		if w.From = later(w.From, from); w.Empty() {
			continue
		}
		if n > 0 && !all[n-1].To.Before(w.From) {
			all[n-1] = all[n-1].Union(w)
			continue
		}
		all[n] = w
		n++
	}
	return all[:n]
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
