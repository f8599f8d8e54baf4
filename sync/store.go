package syncer

import (
	"context"
	"fmt"

	"barkeep/ledger"
	"barkeep/market"
)

// store commits a task: its base bars, everything resampled from them, and the evidence, in one transaction a request, so
// that a derived series never speaks of other base bars than those stored. It returns the cells as committed.
func (x *execution) store(ctx context.Context, w work) []ledger.Cell {
	sums := make([]market.Stored, len(w.task.All()))
	fetched := make([]int, len(sums))
	var cells []ledger.Cell
	for i, part := range w.batch.parts {
		last := i == len(w.batch.parts)-1
		err := x.persist(ctx, func(ctx context.Context) error {
			one, err := x.commit(ctx, w, part, last, sums, fetched)
			if err == nil {
				cells = one
			}
			return err
		})
		if err != nil {
			return x.storeFailed(ctx, w, sums, fetched, err)
		}
	}
	return cells
}

// commit stores one part in one transaction. It adds to sums and fetched only after the commit. The cells are written with
// the last part: a task is done when all of it is.
func (x *execution) commit(
	ctx context.Context, w work, part *market.Candles, last bool, sums []market.Stored, fetched []int,
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
	results, counts, err := x.write(ctx, tx, w.task, part)
	if err != nil {
		return nil, err
	}
	var cells []ledger.Cell
	if last {
		if cells, err = x.evidence(ctx, tx, w, results, counts, sums, fetched); err != nil {
			return nil, err
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return nil, fmt.Errorf("commit %s: %w", w.task.Series(), err)
	}
	for i := range sums {
		sums[i], fetched[i] = sums[i].Add(results[i]), fetched[i]+counts[i]
	}
	return cells, nil
}

// write upserts the base and rebuilds what derives from it, in the order of Task.All.
func (x *execution) write(ctx context.Context, tx Tx, task Task, part *market.Candles) ([]market.Stored, []int, error) {
	stored, err := tx.Upsert(ctx, task.Series(), part)
	if err != nil {
		return nil, nil, fmt.Errorf("store %s: %w", task.Series(), err)
	}
	results, counts := []market.Stored{stored}, []int{part.Len()}
	for _, timeframe := range task.Derived {
		stored, n, err := x.derive(ctx, tx, task, timeframe, stored.Touched)
		if err != nil {
			return nil, nil, fmt.Errorf("derive %s %s from %s: %w", task.Instrument.Name, timeframe, task.Base, err)
		}
		results, counts = append(results, stored), append(counts, n)
	}
	return results, counts, nil
}

// derive rebuilds a derived series for exactly the range that its base changed, and from its newest bar on: a bar may have
// become complete only because time has passed. A derived series without bars is built from the whole base.
func (x *execution) derive(
	ctx context.Context, tx Tx, task Task, timeframe market.Timeframe, touched market.Window,
) (market.Stored, int, error) {
	series := market.Series{Instrument: task.Instrument.Name, Timeframe: timeframe}
	now := x.Now()
	held, _, err := tx.State(ctx, series)
	if err != nil {
		return market.Stored{}, 0, err
	}
	newest, ok := held.Newest, held.Count > 0
	if !ok {
		newest = firstTrade()
	}
	span := touched.Union(market.Window{From: newest, To: now})
	if ok {
		span = timeframe.Span(task.Instrument.Calendar, span)
	}
	base, err := tx.Candles(ctx, task.Series(), span)
	if err != nil {
		return market.Stored{}, 0, err
	}
	bars := market.Resample(base, task.Base, timeframe, task.Instrument.Calendar, now)
	if bars.Len() == 0 {
		return market.Stored{}, 0, nil
	}
	stored, err := tx.Upsert(ctx, series, bars)
	return stored, bars.Len(), err
}

// evidence writes the cells of a task with its last bars.
func (x *execution) evidence(
	ctx context.Context, tx Tx, w work, results []market.Stored, counts []int, sums []market.Stored, fetched []int,
) ([]ledger.Cell, error) {
	cells := x.cellsOf(w.task, ledger.CellStored, reasonOf(w), w.batch.requests)
	for i := range cells {
		total := sums[i].Add(results[i])
		cell := &cells[i]
		cell.From, cell.To = w.batch.window.From, w.batch.window.To
		cell.Fetched, cell.Inserted = fetched[i]+counts[i], total.Inserted
		cell.Changed, cell.Unchanged = total.Changed, total.Unchanged
		series := market.Series{Instrument: cell.Instrument, Timeframe: market.Timeframe(cell.Timeframe)}
		held, _, err := tx.State(ctx, series)
		if err != nil {
			return nil, fmt.Errorf("read the newest bar of %s: %w", series, err)
		}
		cell.Newest = held.Newest
		if err := tx.RecordCell(ctx, *cell); err != nil {
			return nil, fmt.Errorf("record the evidence of %s: %w", series, err)
		}
	}
	return cells, nil
}

// storeFailed tells what a task came to whose bars could not all be committed; the counts are of what was.
func (x *execution) storeFailed(ctx context.Context, w work, sums []market.Stored, fetched []int, err error) []ledger.Cell {
	cells := x.cellsOf(w.task, ledger.CellFailed, err.Error(), w.batch.requests)
	for i := range cells {
		cells[i].Fetched, cells[i].Inserted = fetched[i], sums[i].Inserted
		cells[i].Changed, cells[i].Unchanged = sums[i].Changed, sums[i].Unchanged
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
