package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/market"
)

// answerOf is what an answer tells of the bars that it lacks; those that cannot be true are none. Of a window that ended in the
// past nothing is late.
func answerOf(instrument market.Instrument, result *market.FetchResult, now time.Time) coverage.Answer {
	const past = 2 * time.Hour
	a := coverage.Answer{Window: result.Window, Null: result.NullBars, Impossible: slices.Clone(result.ImpossibleBars)}
	for i, flags := range result.Candles.Flags {
		if flags&market.FlagImpossible != 0 {
			a.Impossible = append(a.Impossible, result.Candles.TS[i])
		}
	}
	slices.Sort(a.Impossible)
	if first := result.Listing.FirstTrade; !first.IsZero() {
		a.FirstTrade = instrument.Calendar.Midnight(calendar.DateOf(first.In(instrument.Calendar.Zone)))
	}
	switch n := result.Candles.Len(); {
	case result.Window.To.Before(now.Add(-past)):
		a.Newest = result.Window.To
	case n > 0:
		a.Newest = time.Unix(result.Candles.TS[n-1], 0).UTC()
	}
	return a
}

// covering brings the coverage of the series of a task up to what a transaction has written. It reads once what it needs of the
// archive, after the base is locked.
type covering struct {
	*execution
	tx   Tx
	task Task
	kind string // the type of the listing, as the newest answer has it; empty if unknown

	old    map[market.Timeframe]market.Coverage // as the transaction sees it; nil before it is read
	state  *market.SeriesState                  // of the base, since its bars were written; nil before it is read
	gaps   []market.Gap                         // of the base that overlap the scope, as judged last
	scope  market.Window
	before market.SeriesState // what there was of the base before wrote
	wrote  *market.Candles    // bars of the base, of which none was there; nil where some were

	// anew judges the series from their beginnings without believing the ledger, and notes in rejudged what came of it.
	anew     bool
	rejudged []Rejudged
}

func (x *execution) covering(tx Tx, task Task, kind string) *covering {
	return &covering{execution: x, tx: tx, task: task, kind: kind}
}

// of is the coverage of a series of the task, the zero value where there is none.
func (c *covering) of(ctx context.Context, timeframe market.Timeframe) (market.Coverage, error) {
	if c.old == nil {
		all, err := c.tx.CoverageOf(ctx, c.task.Instrument.Name)
		if err != nil {
			return market.Coverage{}, fmt.Errorf("cover %s: %w", c.task.Series(), err)
		}
		c.old = map[market.Timeframe]market.Coverage{}
		for _, one := range all {
			c.old[one.Series.Timeframe] = one
		}
	}
	return c.old[timeframe], nil
}

// stored is what is stored of the base.
func (c *covering) stored(ctx context.Context) (market.SeriesState, error) {
	if c.state == nil {
		state, _, err := c.tx.State(ctx, c.task.Series())
		if err != nil {
			return state, fmt.Errorf("cover %s: %w", c.task.Series(), err)
		}
		c.state = &state
	}
	return *c.state, nil
}

// base judges the base, after its bars were written: with what the answers tell, in a span that was written.
func (c *covering) base(ctx context.Context, answers []coverage.Answer, span market.Window) error {
	c.state = nil
	state, err := c.stored(ctx)
	if err != nil {
		return err
	}
	old, err := c.of(ctx, c.task.Base)
	if err != nil || old.From.IsZero() && len(answers) == 0 && state.Count == 0 {
		return err
	}
	j := coverage.Judgement{
		Subject: c.subject(), Old: old, Answers: answers, Span: span, Now: c.moment(), Until: c.until(old, state),
		Oldest: state.Oldest,
	}
	if state.Count > 0 && (old.From.IsZero() || c.filling) {
		j.Begin = state.Oldest // what an earlier release stored, or came from elsewhere, is judged with the rest
	}
	return c.judge(ctx, j)
}

// subject is the base.
func (c *covering) subject() coverage.Subject {
	return coverage.Subject{
		Instrument: c.task.Instrument, Timeframe: c.task.Base, Wall: c.task.native.DeepCap,
		Habit: c.Capabilities.HabitOf(c.task.Instrument, c.task.Base),
	}
}

// moment is now, as the archive keeps it.
func (c *covering) moment() time.Time { return c.Now().UTC().Truncate(time.Microsecond) }

// until is the instant up to which the base is judged. It goes back only where it was ahead of the clock, or to the last trade
// of a contract that is over.
func (c *covering) until(old market.Coverage, state market.SeriesState) time.Time {
	if newest := c.task.Base.End(c.task.Instrument.Calendar, state.Newest); c.filling && !old.From.IsZero() &&
		(state.Count == 0 || !newest.After(old.Horizon)) {
		return old.Horizon // what is new since is for the next import; else each month would be judged up to now
	}
	until := coverage.Due(c.task.Base, c.kind, c.Over()).UTC().Truncate(time.Second)
	if until.Before(old.Horizon) && !old.Horizon.After(c.Over()) {
		until = old.Horizon
	}
	if state.Count > 0 && c.ended(state.Newest) {
		last := c.task.Base.End(c.task.Instrument.Calendar, state.Newest)
		if last.Before(until) {
			return last
		}
	}
	return until
}

// ended tells whether the newest bar of a contract is its last one: its month is over or has come, and for a whole session
// nothing was traded. Later bars, should there be any, are stored all the same.
func (c *covering) ended(newest time.Time) bool {
	const lead = 40 * 24 * time.Hour // contracts of energy end in the month before the one in their name
	if !c.task.Instrument.Over(c.Over().Add(lead)) {
		return false
	}
	exchange := c.task.Instrument.Calendar
	last, ok := exchange.LastClosed(coverage.Due(c.task.Base, c.kind, c.Over()))
	return ok && newest.Before(exchange.SessionsBack(last.Anchor, 0)) && c.task.Base.Bucket(exchange, newest).Before(last.Anchor)
}

// derived judges a series that derives from the base, after it was folded: span was written, and in again the base was judged.
func (c *covering) derived(ctx context.Context, timeframe market.Timeframe, span, again market.Window) error {
	base, err := c.of(ctx, c.task.Base)
	if err != nil || base.From.IsZero() {
		return err
	}
	old, err := c.of(ctx, timeframe)
	if err != nil {
		return err
	}
	j := coverage.Judgement{
		Subject: coverage.Subject{Instrument: c.task.Instrument, Timeframe: timeframe, Wall: market.Everything},
		Old:     old, Span: timeframe.Span(c.task.Instrument.Calendar, span), Again: timeframe.Span(c.task.Instrument.Calendar, again),
		Begin: base.From, Until: base.Horizon, Now: c.moment(),
	}
	if j.Anew = c.anew; j.Anew {
		j.Old = market.Coverage{}
	}
	var failed error
	j.Base = c.why(ctx, j, &failed)
	return errors.Join(c.judge(ctx, j), failed)
}

// why tells of a derived bar why it is absent: for the reason that its first absent base bar has. If none is absent, nothing of
// them can be used. The gaps of the base are read where any derived bar is absent.
func (c *covering) why(ctx context.Context, j coverage.Judgement, failed *error) func(time.Time) market.GapReason {
	exchange := c.task.Instrument.Calendar
	var gaps []market.Gap
	read := sync.OnceFunc(func() {
		gaps, *failed = c.gapsOf(ctx, j.Timeframe.Span(exchange, j.Scope()))
	})
	var next time.Time // when the trading date after that of the bar before begins
	return func(start time.Time) market.GapReason {
		read()
		bar := market.Window{From: start, To: start.Add(j.Timeframe.Length())}
		if !j.Timeframe.Intraday() {
			bar = j.Timeframe.Span(exchange, market.Window{From: start, To: start.Add(time.Second)})
		} else if !start.Before(next) {
			next = exchange.NextOpen(start)
		}
		if j.Timeframe.Intraday() && next.Before(bar.To) {
			bar.To = next
		}
		i, _ := slices.BinarySearchFunc(gaps, bar.From, func(g market.Gap, from time.Time) int {
			if g.Last.Before(from) {
				return -1
			}
			return 1
		})
		if i < len(gaps) && gaps[i].First.Before(bar.To) {
			return gaps[i].Reason
		}
		return market.GapImpossible
	}
}

// gapsOf are the gaps of the base that overlap a window, in order.
func (c *covering) gapsOf(ctx context.Context, w market.Window) ([]market.Gap, error) {
	if w.From.Before(c.scope.From) || w.To.After(c.scope.To) {
		return c.tx.GapsOf(ctx, c.task.Series(), w)
	}
	first, _ := slices.BinarySearchFunc(c.gaps, w.From, func(g market.Gap, from time.Time) int { return g.Last.Compare(from) })
	end, _ := slices.BinarySearchFunc(c.gaps, w.To, func(g market.Gap, to time.Time) int { return g.First.Compare(to) })
	return c.gaps[first:max(first, end)], nil
}

// starts are those of the stored bars of a series in a window. What was just written where nothing was before is not read again.
func (c *covering) starts(ctx context.Context, series market.Series, w market.Window) ([]int64, error) {
	if series != c.task.Series() || c.wrote == nil {
		return c.tx.Starts(ctx, series, w)
	}
	all := possible(c.wrote.In(w))
	known := within(w, market.Window{From: c.before.Oldest, To: c.before.Newest.Add(time.Second)})
	if c.before.Count == 0 || known.Empty() {
		return all, nil
	}
	read, err := c.tx.Starts(ctx, series, known)
	if err != nil {
		return nil, err
	}
	all = append(all, read...)
	slices.Sort(all)
	return slices.Compact(all), nil
}

// possible are the starts of bars that can be true.
func possible(bars *market.Candles) []int64 {
	starts := make([]int64, 0, bars.Len())
	for i, ts := range bars.TS {
		if bars.Flags[i]&market.FlagImpossible == 0 {
			starts = append(starts, ts)
		}
	}
	return starts
}

// judge judges a series and records what changed.
func (c *covering) judge(ctx context.Context, j coverage.Judgement) error {
	scope, series := j.Scope(), j.Series()
	gaps, err := c.tx.GapsOf(ctx, series, scope)
	if err != nil {
		return fmt.Errorf("cover %s: %w", series, err)
	}
	var present []int64
	if w := j.Stored(); !w.Empty() {
		present, err = c.starts(ctx, series, w)
	}
	if err != nil {
		return fmt.Errorf("cover %s: %w", series, err)
	}
	change := j.Judge(gaps, present)
	if c.anew {
		c.rejudged = append(c.rejudged, Rejudged{c.old[j.Timeframe], change.Coverage, change.Gone, change.New})
		if !c.rejudged[len(c.rejudged)-1].Changed() {
			return nil // it is not written again
		}
	}
	if err := c.tx.Cover(ctx, change.Coverage, change.Gone, change.New); err != nil {
		return fmt.Errorf("cover %s: %w", series, err)
	}
	if c.old[j.Timeframe] = change.Coverage; j.Timeframe == c.task.Base {
		c.gaps, c.scope = change.Gaps, scope
	}
	return nil
}

// windowOf covers the windows of answers.
func windowOf(answers []coverage.Answer) (w market.Window) {
	for _, a := range answers {
		w = w.Union(a.Window)
	}
	return w
}

// told is what the answers up to a part tell of the bars that they lack.
func (b *batch) told(part int) []coverage.Answer {
	if part < len(b.answers) {
		return b.answers[part]
	}
	return nil
}

// coverDerived brings the coverage of derived series up to what was folded, where the base was asked for, too.
func (c *covering) coverDerived(ctx context.Context, list []derivation, asked market.Window) error {
	for _, d := range list {
		if err := c.derived(ctx, d.series.Timeframe, d.result.Touched.Union(d.gone), d.span.Union(d.sweep).Union(asked)); err != nil {
			return err
		}
	}
	return nil
}

// all judges everything that is stored of a task's base and of what derives from it, as after it was brought to another calendar.
func (c *covering) all(ctx context.Context) error {
	held, err := hold(ctx, c.tx, c.task.Instrument.Name)
	if err != nil {
		return err
	}
	if err := c.base(ctx, nil, whole()); err != nil {
		return err
	}
	for _, timeframe := range derivedOf(c.Capabilities, c.task, held.of) {
		if err := c.derived(ctx, timeframe, whole(), whole()); err != nil {
			return err
		}
	}
	return nil
}
