package syncer

import (
	"context"
	"fmt"
	"time"

	"barkeep/ledger"
	"barkeep/market"
)

// seriesResult is what a task did to one of its series.
type seriesResult struct {
	market.Stored
	given  int       // bars handed to the archive
	newest time.Time // start of the last bar in the archive; zero when there is none
}

// add sums what two transactions did, one after the other.
func (r seriesResult) add(later seriesResult) seriesResult {
	return seriesResult{Stored: r.Stored.Add(later.Stored), given: r.given + later.given, newest: later.newest}
}

// store commits a task: its base bars, everything resampled from them, and the evidence, in one transaction a request, so
// that a derived bar is never folded from other base bars than those stored. It returns the cells as committed.
func (x *execution) store(ctx context.Context, w work) []ledger.Cell {
	sums := make([]seriesResult, len(w.task.All()))
	var cells []ledger.Cell
	parts := w.batch.parts
	if w.task.Reason == ReasonDerive {
		parts = []*market.Candles{nil}
	}
	for i, part := range parts {
		last := i == len(parts)-1
		err := x.persist(ctx, func(ctx context.Context) error {
			one, err := x.commit(ctx, w, part, last, sums)
			if err == nil {
				cells = one
			}
			return err
		})
		if err != nil {
			return x.storeFailed(ctx, w, sums, err)
		}
	}
	return cells
}

// commit stores one part in one transaction. It adds to sums only after the commit. The cells are written with the last part:
// a task is done when all of it is.
func (x *execution) commit(
	ctx context.Context, w work, part *market.Candles, last bool, sums []seriesResult,
) ([]ledger.Cell, error) {
	tx, err := x.Archive.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", w.task.Series(), err)
	}
	defer tx.Rollback()
	if x.run.Token != "" {
		if err := tx.Fence(ctx, x.run.ID, x.run.Token); err != nil {
			return nil, fmt.Errorf("store %s for run %d: %w", w.task.Series(), x.run.ID, err)
		}
	}
	totals, err := x.write(ctx, tx, w.task, part)
	if err != nil {
		return nil, err
	}
	for i := range totals {
		totals[i] = sums[i].add(totals[i])
	}
	var cells []ledger.Cell
	if last {
		if cells, err = x.evidence(ctx, tx, w, totals); err != nil {
			return nil, err
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return nil, fmt.Errorf("commit %s: %w", w.task.Series(), err)
	}
	copy(sums, totals)
	return cells, nil
}

// write upserts the base and rebuilds what derives from it, in the order of Task.All.
func (x *execution) write(ctx context.Context, tx Tx, task Task, part *market.Candles) ([]seriesResult, error) {
	var stored market.Stored
	var err error
	if part == nil { // all of the stored base is derived from
		part, stored.Touched = &market.Candles{}, market.Window{From: firstTrade(), To: x.Now()}
	} else if stored, err = tx.Upsert(ctx, task.Series(), part); err != nil {
		return nil, fmt.Errorf("store %s: %w", task.Series(), err)
	}
	state, _, err := tx.State(ctx, task.Series())
	if err != nil {
		return nil, fmt.Errorf("read the newest bar of %s: %w", task.Series(), err)
	}
	base := seriesResult{Stored: stored, given: part.Len(), newest: state.Newest}
	derived, err := x.derive(ctx, tx, task, stored.Touched)
	if err != nil {
		return nil, err
	}
	return append([]seriesResult{base}, derived...), nil
}

// derivation is a derived series with the part of the base from which it is rebuilt.
type derivation struct {
	series market.Series
	newest time.Time // start of its last bar before; zero when there is none
	span   market.Window
}

// derive rebuilds the derived series of a task. The base is read once, for all of them together.
func (x *execution) derive(ctx context.Context, tx Tx, task Task, touched market.Window) ([]seriesResult, error) {
	now := x.Now()
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
		if results[i].Stored, err = tx.Upsert(ctx, d.series, bars); err != nil {
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

// evidence writes the cells of a task with its last bars.
func (x *execution) evidence(ctx context.Context, tx Tx, w work, totals []seriesResult) ([]ledger.Cell, error) {
	cells := x.cellsOf(w.task, ledger.CellStored, reasonOf(w), w.batch.requests)
	totals = leftOf(w.task, totals)
	for i := range cells {
		cell, total := &cells[i], totals[i]
		cell.From, cell.To, cell.Newest = w.batch.window.From, w.batch.window.To, total.newest
		count(cell, total)
		if err := tx.RecordCell(ctx, *cell); err != nil {
			return nil, fmt.Errorf("record the evidence of %s %s: %w", cell.Instrument, cell.Timeframe, err)
		}
	}
	return cells, nil
}

// leftOf picks of what was done to the series of a task what cellsOf makes cells for.
func leftOf(task Task, all []seriesResult) []seriesResult {
	var left []seriesResult
	for i, timeframe := range task.All() {
		if task.left(timeframe) {
			left = append(left, all[i])
		}
	}
	return left
}

// count writes into a cell what became of its bars.
func count(cell *ledger.Cell, total seriesResult) {
	cell.Fetched, cell.Inserted = total.given, total.Inserted
	cell.Changed, cell.Unchanged = total.Changed, total.Unchanged
}

// storeFailed tells what a task came to whose bars could not all be committed; the counts are of what was.
func (x *execution) storeFailed(ctx context.Context, w work, sums []seriesResult, err error) []ledger.Cell {
	cells := x.cellsOf(w.task, ledger.CellFailed, err.Error(), w.batch.requests)
	sums = leftOf(w.task, sums)
	for i := range cells {
		count(&cells[i], sums[i])
	}
	x.record(ctx, cells)
	return cells
}

// reasonOf is what a person reads in the evidence of a stored task.
func reasonOf(w work) string {
	reason := string(w.task.Reason)
	if w.task.Reason == ReasonZeroRecords {
		reason += ", backfill"
	}
	if w.batch.note != "" {
		reason += "; " + w.batch.note
	}
	return reason
}
