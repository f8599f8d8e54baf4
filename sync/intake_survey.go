package syncer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"barkeep/intake"
	"barkeep/market"
	"barkeep/store"
)

// What makes people wonder whether they named a file rightly.
const (
	fewOdd        = 3   // so many odd rows are no pattern
	oddShare      = 100 // one odd row in so many is one
	unreadPart    = 10  // one unreadable row in so many
	fewUnread     = 20
	sampleOfMonth = 1500 // bars of each month by which the scale is judged
	sampleAtEnd   = 300
	beforeBars    = 20 // of the month before, beside which prices are judged
	steadyRows    = 50 // so many rows tell how far apart they lie
)

// seen is what the rows of a file look like.
type seen struct {
	answer, stored *market.Candles // bars by which the scale is judged
	days           map[int64]bool  // that have a bar outside of sessions, and in all false
	starts         []int64         // of some bars of each month, also outside of sessions
	steps          map[int64]int   // how far apart rows lie, in seconds
	cutoffs        []int64         // of splits
}

// look goes through all rows, compares them with what is stored, and finds out on which scale they are.
func (t *taking) look(ctx context.Context) error {
	s := &t.survey
	s.Left = t.copyLeft()
	s.Rows = s.Left.Sum()
	for _, m := range t.Rows.Months() {
		s.Rows += int64(t.Rows.Count(m))
	}
	if why := t.unusable(); why != "" {
		t.refuse("%s", why)
		return nil
	}
	if s.Compared {
		return t.compareFolded(ctx)
	}
	gaps, err := t.gapsOf(ctx)
	if err != nil {
		return err
	}
	look, err := t.pass(ctx, gaps, true)
	if err != nil {
		return err
	}
	t.suspect(look)
	if s.Refused == "" && s.Span.Empty() {
		t.refuse("none of its rows can be a bar")
	}
	if s.Refused != "" {
		return nil
	}
	if err := t.weigh(ctx, look); err != nil || s.Refused != "" {
		return err
	}
	if len(s.scale) > 0 {
		s.Left, s.Taken, s.Equal, s.Volumes, s.Contradicting, s.Examples = t.copyLeft(), 0, 0, 0, 0, nil
		clear(s.Fills)
		if _, err := t.pass(ctx, gaps, false); err != nil {
			return err
		}
	}
	if both := s.Equal + s.Contradicting; s.Equal*2 < both {
		t.refuse("of %d bars that are stored as well only %d have the same prices: are --instrument, --timeframe, --zone and "+
			"--bar-end right? Prices that are adjusted for dividends, or of contracts joined with an offset, are others, too", both,
			s.Equal)
	}
	if s.Equal+s.Contradicting == 0 && s.state.Count > 0 {
		t.note("it has no bar in common with what is stored, which would show that both are of one instrument and scale")
	}
	return nil
}

// copyLeft is what was left out so far.
func (t *taking) copyLeft() *intake.Left {
	left := intake.NewLeft()
	maps.Copy(left.Counts, t.Left.Counts)
	for kind, examples := range t.Left.Examples {
		left.Examples[kind] = slices.Clone(examples)
	}
	return left
}

// gapsOf are the gaps of the series.
func (t *taking) gapsOf(ctx context.Context) ([]market.Gap, error) {
	return t.Archive.Gaps(ctx, store.GapFilter{
		Instruments: []string{t.Instrument.Name}, Timeframes: []market.Timeframe{t.Timeframe},
	})
}

// pass reads the file once, month by month, and compares it.
func (t *taking) pass(ctx context.Context, gaps []market.Gap, judge bool) (*seen, error) {
	look := &seen{
		answer: market.NewCandles(0), stored: market.NewCandles(0), days: map[int64]bool{}, steps: map[int64]int{},
	}
	for _, a := range t.scale.actions {
		if a.Holds() && a.Kind == market.ActionSplit {
			look.cutoffs = append(look.cutoffs, a.Cutoff(t.Instrument.Calendar).Unix())
		}
	}
	s, before := &t.survey, market.NewCandles(0)
	for _, month := range t.Rows.Months() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows, err := t.Rows.Read(month)
		if err != nil {
			return nil, err
		}
		bars := t.sifter.Sift(rows, before, s.Left)
		before = newest(bars.Bars)
		stored, err := t.storedOf(ctx, t.survey.state, bars.Bars.Span())
		if err != nil {
			return nil, err
		}
		if judge {
			look.take(t, bars, stored)
		}
		s.compare(t.scaled(bars), stored, gaps)
	}
	return look, nil
}

// storedOf reads the stored bars of a window.
func (t *taking) storedOf(ctx context.Context, state market.SeriesState, w market.Window) (*market.Candles, error) {
	held := market.Window{From: state.Oldest, To: state.Newest.Add(time.Second)}
	if state.Count == 0 || within(held, w).Empty() {
		return market.NewCandles(0), nil
	}
	return t.Archive.Candles(ctx, state.Series, w)
}

// scaled are bars on the archive's scale.
func (t *taking) scaled(in intake.Sifted) intake.Sifted {
	if len(t.survey.scale) == 0 {
		return in
	}
	in.Bars = in.Bars.Clone()
	for _, step := range t.survey.scale {
		step.Apply(in.Bars)
	}
	t.Instrument.SetFlags(t.Timeframe, in.Bars)
	return in
}

// take notes what a month looks like.
func (l *seen) take(t *taking, in intake.Sifted, stored *market.Candles) {
	bars := in.Bars
	const day = 24 * 3600
	for i, ts := range bars.TS {
		if _, known := l.days[ts/day]; !known {
			l.days[ts/day] = false
		}
		if i > 0 {
			l.steps[ts-bars.TS[i-1]]++
		}
	}
	for _, ts := range in.Outside {
		l.days[ts/day] = true
	}
	l.starts = append(l.starts, bars.TS[:min(bars.Len(), sampleOfMonth)]...)
	if n := min(bars.Len(), sampleOfMonth); n > 0 { // those of the same days
		k, _ := slices.BinarySearch(in.Outside, bars.TS[n-1]+1)
		l.starts = append(l.starts, in.Outside[:k]...)
	} else {
		l.starts = append(l.starts, in.Outside[:min(len(in.Outside), sampleOfMonth)]...)
	}
	picked := func(i int) bool { return i < sampleOfMonth || i >= bars.Len()-sampleAtEnd }
	for i, ts := range bars.TS {
		near := slices.ContainsFunc(l.cutoffs, func(at int64) bool {
			k, _ := slices.BinarySearch(bars.TS, at)
			return i >= k-sampleOfMonth && i < k+sampleOfMonth
		})
		if !picked(i) && !near {
			continue
		}
		l.answer.Append(bars.At(i))
		if k, both := slices.BinarySearch(stored.TS, ts); both {
			l.stored.Append(stored.At(k))
		}
	}
	s := &t.survey
	s.Span = s.Span.Union(bars.Span())
}

// suspect refuses a file that was named wrongly, as its rows show.
func (t *taking) suspect(l *seen) {
	left, bars := t.survey.Left, int64(0)
	for _, n := range l.steps {
		bars += int64(n)
	}
	bars += int64(len(t.Rows.Months())) // the first of each
	if n := left.Counts[intake.Unreadable]; n >= fewUnread && n*unreadPart > bars {
		f := left.Examples[intake.Unreadable][0]
		t.refuse("%d of its rows cannot be read; the first is line %d: %s", n, f.Line, f.Says)
	}
	if n := left.Counts[intake.OffGrid]; n >= fewOdd && n*oddShare >= bars+n {
		f := left.Examples[intake.OffGrid][0]
		t.refuse("%d of its rows start when no bar of %s does, first line %d of %s: are --timeframe and --zone right?", n, t.Timeframe,
			f.Line, f.Start.Format("2006-01-02 15:04:05 UTC"))
	}
	if n := left.Counts[intake.Twice]; n >= fewOdd && n*oddShare >= bars+n {
		f := left.Examples[intake.Twice][0]
		t.refuse("%d of its rows are of bars that it has more than once, with other values, first line %d: is --timeframe right, and "+
			"is all of it one instrument?", n, f.Line)
	}
	usual, most, sum := int64(0), 0, 0
	for step, n := range l.steps {
		if sum += n; n > most || n == most && step < usual {
			usual, most = step, n
		}
	}
	length := t.Timeframe.Length()
	if !t.Timeframe.Intraday() {
		length = 25 * time.Hour // a day on which clocks change
	}
	if sum >= steadyRows && time.Duration(usual)*time.Second > length {
		t.refuse("most of its rows lie %s apart: is --timeframe %s right?", time.Duration(usual)*time.Second, t.Timeframe)
	}
	t.suspectZone(l, bars)
}

// suspectZone refuses a file with many bars outside of sessions.
func (t *taking) suspectZone(l *seen, bars int64) {
	n, odd := t.survey.Left.Counts[intake.Outside], 0
	for _, outside := range l.days {
		if outside {
			odd++
		}
	}
	often := n*oddShare >= bars+n || odd > 1 && odd*2 >= len(l.days)
	if n == 0 || t.Outside || n < fewOdd || !often {
		return
	}
	f := t.survey.Left.Examples[intake.Outside][0]
	text := fmt.Sprintf("%d of its %d rows, on %d of %d days, lie outside of the sessions of %s, first line %d of %s", n, bars+n,
		odd, len(l.days), t.Instrument.Calendar.Name, f.Line, t.day(f.Start))
	slices.Sort(l.starts)
	if by, explains := t.sifter.Shift(l.starts); explains && t.Timeframe.Intraday() {
		asks := "is --zone right?"
		if by.Abs() == t.Timeframe.Length() {
			asks = "are the times those of the ends of the bars, which --bar-end says?"
		}
		t.refuse("%s. All but a few would lie inside if they were %s %s: %s", text, by.Abs(),
			map[bool]string{true: "later", false: "earlier"}[by > 0], asks)
	}
	t.refuse("%s: are --zone and --bar-end right? If they are, --outside=skip leaves those rows out and takes the others", text)
}
