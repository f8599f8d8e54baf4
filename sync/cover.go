package syncer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/ledger"
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

// covering brings the coverage of the series of a task up to what a transaction has written.
type covering struct {
	*execution
	tx   Tx
	task Task
	kind string // the type of the listing, as the newest answer has it; empty if unknown
	old  map[market.Timeframe]market.Coverage
	// anew judges the series from their beginnings without believing the ledger, and notes in rejudged what came of it.
	anew     bool
	rejudged []Rejudged
}

func (x *execution) covering(ctx context.Context, tx Tx, task Task, kind string) (*covering, error) {
	all, err := tx.CoverageOf(ctx, task.Instrument.Name)
	if err != nil {
		return nil, fmt.Errorf("cover %s: %w", task.Series(), err)
	}
	c := &covering{execution: x, tx: tx, task: task, kind: kind, old: map[market.Timeframe]market.Coverage{}}
	for _, one := range all {
		c.old[one.Series.Timeframe] = one
	}
	return c, nil
}

// base judges the base, after its bars were written: with what the answers tell, in a span that was written beside them.
func (c *covering) base(ctx context.Context, answers []coverage.Answer, span market.Window) error {
	state, _, err := c.tx.State(ctx, c.task.Series())
	if err != nil {
		return fmt.Errorf("cover %s: %w", c.task.Series(), err)
	}
	old := c.old[c.task.Base]
	if old.From.IsZero() && len(answers) == 0 && state.Count == 0 {
		return nil
	}
	j := coverage.Judgement{
		Subject: c.subject(), Old: old, Answers: answers, Span: span, Now: c.moment(), Until: c.until(old, state),
		Oldest: state.Oldest,
	}
	if old.From.IsZero() && state.Count > 0 {
		j.Begin = state.Oldest // what an earlier release stored is judged with the rest
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

// derived judges what derives from the base, after it was folded in a span.
func (c *covering) derived(ctx context.Context, timeframes []market.Timeframe, span market.Window) error {
	all, err := c.tx.CoverageOf(ctx, c.task.Instrument.Name)
	if err != nil {
		return fmt.Errorf("cover what derives from %s: %w", c.task.Series(), err)
	}
	i := slices.IndexFunc(all, func(v market.Coverage) bool { return v.Series == c.task.Series() })
	if i < 0 {
		return nil
	}
	base := all[i]
	for _, timeframe := range timeframes {
		j := coverage.Judgement{
			Subject: coverage.Subject{Instrument: c.task.Instrument, Timeframe: timeframe, Wall: market.Everything},
			Old:     c.old[timeframe], Span: timeframe.Span(c.task.Instrument.Calendar, span), Begin: base.From,
			Until: base.Horizon, Now: c.moment(), Anew: c.anew,
		}
		if c.anew {
			j.Old = market.Coverage{}
		}
		if base.From.Before(j.Old.From) {
			j.Span = j.Span.Union(market.Window{From: base.From, To: j.Old.From})
		}
		if j.Base, err = c.why(ctx, j); err == nil {
			err = c.judge(ctx, j)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// why tells of a derived bar why it is absent: for the reason that its first absent base bar has. If none is absent, nothing of
// them can be used.
func (c *covering) why(ctx context.Context, j coverage.Judgement) (func(time.Time) market.GapReason, error) {
	exchange, scope := c.task.Instrument.Calendar, j.Scope()
	gaps, err := c.tx.GapsOf(ctx, c.task.Series(), j.Timeframe.Span(exchange, scope))
	if err != nil {
		return nil, fmt.Errorf("cover %s: %w", j.Series(), err)
	}
	return func(start time.Time) market.GapReason {
		bar := j.Timeframe.Span(exchange, market.Window{From: start, To: start.Add(time.Second)})
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
	}, nil
}

// judge judges a series and records what changed.
func (c *covering) judge(ctx context.Context, j coverage.Judgement) error {
	scope := j.Scope()
	gaps, err := c.tx.GapsOf(ctx, j.Series(), scope)
	if err != nil {
		return fmt.Errorf("cover %s: %w", j.Series(), err)
	}
	present, err := c.tx.Starts(ctx, j.Series(), scope)
	if err != nil {
		return fmt.Errorf("cover %s: %w", j.Series(), err)
	}
	change := j.Judge(gaps, present)
	if c.anew {
		c.rejudged = append(c.rejudged, Rejudged{c.old[j.Timeframe], change.Coverage, change.Gone, change.New})
		if !c.rejudged[len(c.rejudged)-1].Changed() {
			return nil
		}
	}
	if err := c.tx.Cover(ctx, change.Coverage, change.Gone, change.New); err != nil {
		return fmt.Errorf("cover %s: %w", j.Series(), err)
	}
	return nil
}

// gapReason is why the bars that a cell was to bring are absent; empty where the cell says nothing of them.
func gapReason(task Task, cell ledger.Cell, err error, now time.Time) market.GapReason {
	switch {
	case len(task.Fetches) == 0:
		return ""
	case cell.State == ledger.CellHeld:
		return market.GapHeld
	case cell.State == ledger.CellUnavailable && task.Instrument.Over(now):
		return market.GapExpired
	case cell.State == ledger.CellUnavailable:
		return market.GapUnavailable
	case cell.State == ledger.CellFailed && market.OutcomeOf(err) == market.OutcomeBudget:
		return market.GapNotFetched
	case cell.State == ledger.CellFailed:
		return market.GapFailed
	default:
		return ""
	}
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

// coverDerived brings the coverage of derived series up to what was folded in a span of the base.
func (x *execution) coverDerived(ctx context.Context, tx Tx, task Task, list []derivation, span market.Window) error {
	c, err := x.covering(ctx, tx, task, "")
	if err != nil {
		return err
	}
	for _, d := range list {
		whole := span
		if !d.sweep.Empty() {
			whole = whole.Union(d.sweep)
		}
		if err := c.derived(ctx, []market.Timeframe{d.series.Timeframe}, whole); err != nil {
			return err
		}
	}
	return nil
}

// coverAll judges everything that is stored of a task's base and of what derives from it, as after it was brought to another
// calendar.
func (x *execution) coverAll(ctx context.Context, tx Tx, task Task) error {
	c, err := x.covering(ctx, tx, task, "")
	if err != nil {
		return err
	}
	held, err := hold(ctx, tx, task.Instrument.Name)
	if err != nil {
		return err
	}
	if err := c.base(ctx, nil, whole()); err != nil {
		return err
	}
	return c.derived(ctx, derivedOf(x.Capabilities, task, held.of), whole())
}

// coverFailed notes why the bars of a task that stored nothing are absent.
func (x *execution) coverFailed(ctx context.Context, tx Tx, w work, cell ledger.Cell) error {
	answers := w.asked
	if reason := gapReason(w.task, cell, w.cause, x.Now()); reason != "" {
		answers = []coverage.Answer{{Window: w.task.Window, Whole: reason}}
	}
	if len(answers) == 0 {
		return nil
	}
	if err := tx.LockSeries(ctx, w.task.Series()); err != nil {
		return fmt.Errorf("cover %s: %w", w.task.Series(), err)
	}
	c, err := x.covering(ctx, tx, w.task, "")
	if err != nil {
		return err
	}
	if err := c.base(ctx, answers, market.Window{}); err != nil {
		return err
	}
	held, err := hold(ctx, tx, w.task.Instrument.Name)
	if err != nil {
		return err
	}
	return c.derived(ctx, derivedOf(x.Capabilities, w.task, held.of), windowOf(answers))
}

// leave keeps the evidence of a task that stored nothing, with why its bars are absent.
func (x *execution) leave(ctx context.Context, w work) {
	if len(w.cells) == 0 || stopped(ctx, w.cells) {
		return
	}
	if len(w.task.Fetches) == 0 || x.lasting() != nil {
		x.record(ctx, w.cells)
		return
	}
	brief, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := x.leaveIn(brief, w); err != nil {
		x.fault(ctx, "coverage not recorded", err, w.task.Series().String())
		x.record(ctx, w.cells)
	}
}

func (x *execution) leaveIn(ctx context.Context, w work) error {
	tx, err := x.begin(ctx, w)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := x.coverFailed(ctx, tx, w, w.cells[0]); err != nil {
		return err
	}
	for _, cell := range w.cells {
		if err := tx.RecordCell(ctx, cell); err != nil {
			return fmt.Errorf("record the evidence of %s %s: %w", cell.Instrument, cell.Timeframe, err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit %s: %w", w.task.Series(), err)
	}
	return nil
}
