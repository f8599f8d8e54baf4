package syncer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"barkeep/coverage"
	"barkeep/market"
)

// Rejudged is what judging a series anew came to.
type Rejudged struct {
	Before, After market.Coverage // Before is the zero value where the series had never been judged
	Gone, New     []market.Gap    // both in order; one that differs in anything is in both
}

// Changed tells whether the ledger was something else before.
func (r Rejudged) Changed() bool { return r.Before != r.After || len(r.Gone)+len(r.New) > 0 }

// CoverageReport is what judging everything anew came to.
type CoverageReport struct {
	Series  []Rejudged      // by instrument and timeframe
	Left    []market.Series // base series whose bars are kept by another calendar, which the next import brings to theirs
	Unknown []string        // instruments that this release does not know
}

// Changed is how many series the ledger was wrong of.
func (r CoverageReport) Changed() (n int) {
	for _, s := range r.Series {
		if s.Changed() {
			n++
		}
	}
	return n
}

// RebuildCoverage judges series anew: from their bars, their calendars, and what the ledger of coverage remembers of why bars are
// absent. It asks the provider for nothing. An intact ledger stays as it is, to the last bit. Of bars that are absent and in no
// gap nothing is known, so that imports ask for them as if they never had. Series that share a base are judged together, in one
// transaction that keeps their writers out. Named are the instruments, none for all that resolve knows; timeframes choose those
// series and the ones that share a base with them, none for all.
func (e *Engine) RebuildCoverage(
	ctx context.Context, named []market.Instrument, timeframes []market.Timeframe,
	resolve func(string) (market.Instrument, error),
) (report CoverageReport, err error) {
	fail := func(err error) (CoverageReport, error) { return report, fmt.Errorf("judge the coverage anew: %w", err) }
	if len(named) == 0 {
		states, err := e.Archive.States(ctx)
		if err != nil {
			return fail(err)
		}
		named, report.Unknown = resolveAll(states, resolve)
	}
	if named, err = e.kept(ctx, named); err != nil {
		return fail(err)
	}
	listings, err := e.Archive.Listings(ctx)
	if err != nil {
		return fail(err)
	}
	kinds := map[string]string{}
	for _, l := range listings {
		kinds[l.Instrument] = l.Last.Type
	}
	for _, instrument := range named {
		for _, base := range e.basesOf(timeframes) {
			native, _ := e.Capabilities.Of(base)
			task := Task{Instrument: instrument, Base: base, native: native}
			some, left, err := e.rejudge(ctx, task, kinds[instrument.Name])
			if err != nil {
				return fail(err)
			}
			if left {
				report.Left = append(report.Left, task.Series())
			}
			report.Series = append(report.Series, some...)
		}
	}
	slices.SortFunc(report.Series, func(a, b Rejudged) int { return a.After.Series.Compare(b.After.Series) })
	return report, nil
}

// basesOf are the timeframes of which the provider serves bars that are chosen, or give one that is.
func (e *Engine) basesOf(chosen []market.Timeframe) []market.Timeframe {
	return slices.DeleteFunc(e.byHand().bases(), func(base market.Timeframe) bool {
		return len(chosen) > 0 && !slices.ContainsFunc(chosen, func(t market.Timeframe) bool {
			of, ok := e.Capabilities.Base(t)
			return ok && of == base
		})
	})
}

// rejudge judges a base and what derives from it anew. Left is true where its bars have to be brought to another calendar first.
func (e *Engine) rejudge(ctx context.Context, task Task, kind string) (all []Rejudged, left bool, err error) {
	tx, err := e.Archive.Begin(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if err := tx.LockSeries(ctx, task.Series()); err != nil {
		return nil, false, err
	}
	c := e.byHand().covering(tx, task, kind)
	held, err := hold(ctx, tx, task.Instrument.Name)
	if err != nil || foreign(held[task.Base], task.Instrument.Calendar) {
		return nil, err == nil, err
	}
	c.anew = true
	if any, err := c.baseAnew(ctx, held[task.Base]); err != nil || !any {
		return nil, false, err
	}
	derived, err := c.followers(ctx, held)
	if err != nil {
		return nil, false, err
	}
	for _, timeframe := range derived {
		if err := c.derived(ctx, timeframe, whole(), whole()); err != nil {
			return nil, false, err
		}
	}
	if !slices.ContainsFunc(c.rejudged, Rejudged.Changed) {
		return c.rejudged, false, nil
	}
	return c.rejudged, false, tx.Commit(ctx)
}

// baseAnew judges the base anew; false where nothing is known of it.
func (c *covering) baseAnew(ctx context.Context, state market.SeriesState) (bool, error) {
	gaps, err := c.tx.GapsOf(ctx, c.task.Series(), whole())
	if err != nil {
		return false, fmt.Errorf("cover %s: %w", c.task.Series(), err)
	}
	old, err := c.of(ctx, c.task.Base)
	if err != nil {
		return false, err
	}
	if old == (market.Coverage{}) && len(gaps) == 0 && state.Count == 0 {
		return false, nil
	}
	from, until := c.remembered(old, gaps, state)
	return true, c.judge(ctx, coverage.Judgement{
		Subject: c.subject(), Anew: true, Begin: from, Until: until, Now: c.moment(), Oldest: state.Oldest,
	})
}

// remembered is where the coverage of the base begins and up to when it was judged. What is recorded is believed where it can be
// and nothing speaks against it, or it fits the number of bars that are recorded. Else the bars and the gaps tell where it began,
// and it is judged up to now.
func (c *covering) remembered(old market.Coverage, gaps []market.Gap, state market.SeriesState) (from, until time.Time) {
	exchange, recorded := c.task.Instrument.Calendar, market.Window{From: old.From, To: old.Horizon}
	possible := old.From.Unix() >= market.FirstTS && old.From.Before(old.Horizon) && !old.Horizon.After(c.Over())
	doubtful := slices.ContainsFunc(gaps, func(g market.Gap) bool { return !recorded.Contains(g.First) })
	if state.Count > 0 {
		// What is stored was over when it was judged, and due a day later at the most.
		due := c.task.Base.End(exchange, state.Newest).Add(-24 * time.Hour)
		doubtful = doubtful || state.Oldest.Before(old.From) || due.After(old.Horizon)
	}
	if possible && (!doubtful || coverage.Expected(exchange, c.task.Base, recorded, old.Horizon) == old.Expected) {
		return old.From, old.Horizon
	}
	from, until = old.From, c.until(old, state)
	if !possible {
		from = until
	}
	if state.Count > 0 {
		from = earlier(from, state.Oldest)
	}
	for _, g := range gaps {
		if !possible && !g.Last.Before(g.First) && g.First.Before(c.Over()) {
			from = earlier(from, g.First)
		}
	}
	return from, until
}

// followers are the timeframes that follow the base: what is kept, and what was judged with it.
func (c *covering) followers(ctx context.Context, held holding) ([]market.Timeframe, error) {
	for timeframe := range held {
		_, judged := c.old[timeframe]
		gaps, err := c.tx.GapsOf(ctx, market.Series{Instrument: c.task.Instrument.Name, Timeframe: timeframe}, whole())
		if err != nil {
			return nil, fmt.Errorf("cover what derives from %s: %w", c.task.Series(), err)
		}
		if judged || len(gaps) > 0 {
			c.task.Derived = append(c.task.Derived, timeframe)
		}
	}
	return derivedOf(c.Capabilities, c.task, held.of), nil
}
