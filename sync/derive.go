package syncer

import (
	"context"
	"fmt"
	"time"

	"barkeep/market"
)

// derivation is a derived series with the part of the base from which it is rebuilt.
type derivation struct {
	series market.Series
	newest time.Time // start of its last bar before; zero when there is none
	span   market.Window
}

// derive rebuilds the derived series of a task. The base is read once, for all of them together.
func (x *execution) derive(ctx context.Context, tx Tx, task Task, touched market.Window) ([]seriesResult, error) {
	now := x.Over()
	end := now.Truncate(time.Second) // of bars in columns, whole seconds select the same ones as in the archive
	if end.Before(now) {
		end = end.Add(time.Second)
	}
	list, all, err := x.derivations(ctx, tx, task, touched, end)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	base, err := tx.Candles(ctx, task.Series(), all)
	if err != nil {
		return nil, fmt.Errorf("read %s to derive from it: %w", task.Series(), err)
	}
	results := make([]seriesResult, len(list))
	for i, d := range list {
		results[i].newest = d.newest
		bars := market.Resample(base.In(d.span), task.Base, d.series.Timeframe, task.Instrument.Calendar, now)
		if bars.Len() == 0 {
			continue
		}
		if results[i].Stored, err = tx.UpsertExact(ctx, d.series, bars); err != nil {
			return nil, fmt.Errorf("derive %s from %s: %w", d.series, task.Base, err)
		}
		results[i].given = bars.Len()
		if last := bars.At(bars.Len() - 1).Start; last.After(d.newest) {
			results[i].newest = last
		}
	}
	return results, nil
}

// derivations finds what each derived series is rebuilt from, and the union of it: exactly the range that its base changed,
// and from its newest bar on, since a bar may have become complete only because time has passed. A derived series without
// bars is built from the whole base.
func (x *execution) derivations(
	ctx context.Context, tx Tx, task Task, touched market.Window, end time.Time,
) (list []derivation, all market.Window, err error) {
	for _, timeframe := range task.Derived {
		d := derivation{series: market.Series{Instrument: task.Instrument.Name, Timeframe: timeframe}}
		state, _, err := tx.State(ctx, d.series)
		if err != nil {
			return nil, all, fmt.Errorf("read the newest bar of %s: %w", d.series, err)
		}
		if state.Count == 0 {
			d.span = touched.Union(market.Window{From: firstTrade(), To: end})
		} else {
			d.newest = state.Newest
			d.span = timeframe.Span(task.Instrument.Calendar, touched.Union(market.Window{From: d.newest, To: end}))
		}
		list, all = append(list, d), all.Union(d.span)
	}
	return list, all, nil
}
