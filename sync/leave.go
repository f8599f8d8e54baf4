package syncer

import (
	"context"
	"fmt"
	"time"

	"barkeep/coverage"
	"barkeep/ledger"
	"barkeep/market"
)

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

// coverFailed notes why the bars of a task that stored nothing are absent.
func (x *execution) coverFailed(ctx context.Context, tx Tx, w work, cell ledger.Cell) error {
	answers := w.asked
	if reason := gapReason(w.task, cell, w.cause, x.Now()); reason != "" {
		window := w.task.Window
		if w.begins.Before(window.To) { // what no request can bring is not missing for want of an answer
			window.From = later(window.From, w.begins)
		}
		answers = []coverage.Answer{{Window: window, Whole: reason}}
	}
	if len(answers) == 0 {
		return nil
	}
	if err := tx.LockSeries(ctx, w.task.Series()); err != nil {
		return fmt.Errorf("cover %s: %w", w.task.Series(), err)
	}
	c := x.covering(tx, w.task, "")
	if err := c.base(ctx, answers, market.Window{}); err != nil {
		return err
	}
	held, err := hold(ctx, tx, w.task.Instrument.Name)
	if err != nil {
		return err
	}
	for _, timeframe := range derivedOf(x.Capabilities, w.task, held.of) {
		if err := c.derived(ctx, timeframe, market.Window{}, windowOf(answers)); err != nil {
			return err
		}
	}
	return nil
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
