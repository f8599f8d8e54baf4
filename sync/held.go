package syncer

import (
	"context"
	"fmt"

	"barkeep/ledger"
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
}

// postpone tells whether a task waits for the end of the run, since its answer was held back because of its scale.
func (x *execution) postpone(w work, held store.Held) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if held.Cause != store.HeldScale || x.ending {
		return false
	}
	x.held = append(x.held, w)
	return true
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
	x.Logger.WarnContext(ctx, "an answer was held back", "series", w.task.Series().String(), "cause", string(held.Cause), "says", held.Says)
	return cells
}
