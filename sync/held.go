package syncer

import (
	"context"
	"errors"
	"fmt"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
)

// again stores, at the end of a run, what was held back because of its scale: another answer may have told meanwhile of the split
// that explains it, since intervals go over to a new scale one by one. What nothing explains is noted for people.
func (x *execution) again(ctx context.Context) {
	for _, w := range x.held {
		w.cells = x.store(ctx, w)
		x.cache(ctx, w)
		x.end(ctx, w)
	}
	x.held = nil
	x.confirm(ctx)
}

// confirm asks once more, after the stored bars of an instrument were brought to another scale, for all that the provider serves
// of its series: on the new scale it rounds otherwise than we do, and its answer proves the ratio. What fails here changes
// nothing of what the run has stored.
func (x *execution) confirm(ctx context.Context) {
	for i, task := range x.plan.Tasks {
		cells := x.cells[i]
		if !x.rescaled[task.Instrument.Name] || task.Reason != ReasonUpdate || len(cells) == 0 || cells[0].State != ledger.CellStored {
			continue
		}
		w, err := x.whole(ctx, i, task)
		if err == nil && w.batch != nil {
			err = x.storeAgain(ctx, &w, cells)
		} else if err == nil {
			err = errors.New(w.cells[0].Reason)
		}
		w.cancel()
		if err != nil {
			x.fault(ctx, "not compared with the provider's bars on the new scale", err, task.Series().String())
			continue
		}
		x.cache(ctx, w)
		x.end(ctx, w)
	}
}

// whole asks for the whole window of a task.
func (x *execution) whole(ctx context.Context, index int, task Task) (work, error) {
	w := work{index: index, task: task, cancel: func() {}}
	states, err := x.Archive.States(ctx)
	if err != nil {
		return w, fmt.Errorf("plan %s again: %w", task.Series(), err)
	}
	request := Request{Instruments: []market.Instrument{task.Instrument}, Timeframes: task.All(), Backfill: true}
	w.task = MakePlan(x.Capabilities, request, states, nil, x.Now()).Tasks[0]
	w.task.imported, w.task.Reason = task.imported, ReasonRestated
	return x.fetch(ctx, w), nil
}

// storeAgain stores a second answer for a task; the counts of the evidence are those of both.
func (x *execution) storeAgain(ctx context.Context, w *work, cells []ledger.Cell) error {
	done := &committed{sums: make([]seriesResult, len(w.task.All()))}
	for i, timeframe := range w.task.All() {
		for _, c := range cells {
			if c.Timeframe == string(timeframe) {
				done.sums[i].Stored = market.Stored{Inserted: c.Inserted, Changed: c.Changed, Unchanged: c.Unchanged}
				done.sums[i].given, done.sums[i].newest = c.Fetched, c.Newest
			}
		}
	}
	done.first = cells[0].Reason
	w.batch.requests += cells[0].Requests
	err := x.storeParts(ctx, *w, done)
	if held, ok := heldBack(err); ok {
		w.cells = x.hold(ctx, *w, held)
		return nil
	}
	w.cells = done.cells
	return err
}

// hold notes that an answer contradicts its series, with the evidence of it, in one transaction.
func (x *execution) hold(ctx context.Context, w work, held store.Held) []ledger.Cell {
	cells := x.cellsOf(w.task, ledger.CellHeld, heldError{held}.Error(), w.batch.requests)
	err := x.persist(ctx, func(ctx context.Context) error {
		tx, err := x.begin(ctx, w)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := tx.HoldBack(ctx, held); err != nil {
			return fmt.Errorf("note what is held back of %s: %w", held.Series, err)
		}
		if err := x.coverFailed(ctx, tx, w, cells[0]); err != nil {
			return err
		}
		for _, cell := range cells {
			if err := tx.RecordCell(ctx, cell); err != nil {
				return fmt.Errorf("record the evidence of %s %s: %w", cell.Instrument, cell.Timeframe, err)
			}
		}
		return tx.Commit(ctx)
	})
	if err != nil {
		for i := range cells {
			cells[i].State, cells[i].Reason = ledger.CellFailed, cells[i].Reason+"; not noted: "+err.Error()
		}
		x.record(ctx, cells)
	}
	x.Logger.WarnContext(ctx, "an answer was held back", "series", w.task.Series().String(), "cause",
		string(held.Cause), "says", held.Says)
	return cells
}
