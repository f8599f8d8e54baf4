package syncer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"barkeep/market"
)

// holding is what a transaction sees of the series of an instrument, by timeframe.
type holding map[market.Timeframe]market.SeriesState

// hold reads it. After the lock of the base it stays true: who writes a derived series has that lock.
func hold(ctx context.Context, tx Tx, instrument string) (holding, error) {
	states, err := tx.StatesOf(ctx, instrument)
	if err != nil {
		return nil, fmt.Errorf("read what is stored of %s: %w", instrument, err)
	}
	held := holding{}
	for _, s := range states {
		held[s.Series.Timeframe] = s
	}
	return held, nil
}

// of is what is stored of one of them.
func (h holding) of(t market.Timeframe) market.SeriesState { return h[t] }

// kept tells whether a derived series goes with its base though nobody selects it: it has bars, or was folded and will have them.
func kept(s market.SeriesState) bool { return s.Count > 0 || s.Folded != 0 }

// lags tells whether a derived series holds something else than its base gives, as far as the archive notes it: an earlier
// release wrote the base without it, or it was never folded.
func lags(derived, base market.SeriesState) bool {
	return base.Count > 0 && derived.Folded != base.Version
}

// derivedOf lists what is folded from a base: what is selected, and what is kept.
func derivedOf(serves market.Capabilities, task Task, state func(market.Timeframe) market.SeriesState) (all []market.Timeframe) {
	for _, timeframe := range market.Timeframes() {
		if base, ok := serves.Base(timeframe); !ok || base != task.Base || timeframe == task.Base {
			continue
		}
		if slices.Contains(task.Derived, timeframe) || kept(state(timeframe)) {
			all = append(all, timeframe)
		}
	}
	return all
}

// derivation is a derived series with the part of the base from which it is rebuilt.
type derivation struct {
	series market.Series
	before market.SeriesState
	span   market.Window // of the base
	// sweep is the span in which bars may be that the base does not give any more; empty when it only grew.
	sweep   market.Window
	anew    bool // it lags behind its base
	removed int  // of them
	gone    market.Window
	result  seriesResult
}

// derive rebuilds what derives from the base of a task, selected or not, after the base was written. The base is read once, for
// all of them together. The results are those of the selected ones, in the order of Task.Derived. Their coverage goes with that
// of the base, also in the window that was asked for.
func (x *execution) derive(
	ctx context.Context, c *covering, stored market.Stored, held holding, asked market.Window,
) ([]seriesResult, error) {
	tx, task := c.tx, c.task
	base := held[task.Base]
	if stored.Inserted+stored.Changed > 0 {
		var err error
		if base, err = c.stored(ctx); err != nil {
			return nil, err
		}
	}
	list, all := x.derivations(task, stored, held, base)
	if len(list) == 0 {
		return make([]seriesResult, len(task.Derived)), nil
	}
	f := x.folder(tx, task, base.Newest)
	var err error
	market.Pieces(task.Instrument.Calendar, task.Base, all, func(piece market.Window) bool {
		err = f.fold(ctx, list, piece)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	if err := f.settle(ctx, list, base.Version); err != nil {
		return nil, err
	}
	if err := c.coverDerived(ctx, list, asked); err != nil {
		return nil, err
	}
	results := make([]seriesResult, len(task.Derived))
	for i, timeframe := range task.Derived {
		for _, d := range list {
			if d.series.Timeframe == timeframe {
				results[i] = d.result
			}
		}
	}
	return results, nil
}

// derivations finds what each derived series is rebuilt from, and the union of it: exactly the range that its base changed, and
// from its newest bar on, since a bar may have become complete only because time has passed; not so where bars from elsewhere
// fill the past, of which a file may hold decades, month by month. One that lags behind its base is folded from all of it.
func (x *execution) derivations(
	task Task, stored market.Stored, held holding, base market.SeriesState,
) (list []derivation, all market.Window) {
	c, end := task.Instrument.Calendar, x.overTo()
	if base.Count == 0 {
		return nil, all
	}
	for _, timeframe := range derivedOf(x.Capabilities, task, held.of) {
		d := derivation{
			series: market.Series{Instrument: task.Instrument.Name, Timeframe: timeframe}, before: held[timeframe],
		}
		d.result.newest = d.before.Newest
		d.anew = lags(d.before, held[task.Base])
		changed := stored.Touched
		if !x.filling || changed.Empty() || !changed.To.Before(d.before.Newest) {
			changed = changed.Union(market.Window{From: d.before.Newest, To: end})
		}
		if d.anew || d.before.Count == 0 {
			changed = market.Window{From: base.Oldest, To: base.Newest.Add(time.Second)}
		}
		d.span = timeframe.Span(c, changed)
		if d.before.Count > 0 && (d.anew || stored.Changed > 0) {
			// What starts before the base reaches stays: nothing says that it is wrong.
			d.sweep = market.Window{From: later(d.span.From, timeframe.Bucket(c, base.Oldest)), To: d.span.To}
		}
		if d.anew {
			d.sweep.To = whole().To
		}
		list, all = append(list, d), all.Union(d.span)
	}
	return list, all
}

// overTo is Over, rounded up to the second, in which bars start.
func (x *execution) overTo() time.Time {
	over := x.Over()
	end := over.Truncate(time.Second)
	if end.Before(over) {
		end = end.Add(time.Second)
	}
	return end
}
