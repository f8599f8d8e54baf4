package syncer

import (
	"context"
	"fmt"
	"time"

	"barkeep/coverage"
	"barkeep/market"
)

// lose gives the absent bars that have left the provider's window that reason, where no answer of the run has done so: those that
// nothing was asked around. What fails is done by the next run.
func (x *execution) lose(ctx context.Context) {
	if ctx.Err() != nil || x.lasting() != nil {
		return
	}
	for _, task := range x.plan.Tasks {
		if span := task.lost(x.Now()); !span.Empty() {
			if err := x.loseOf(ctx, task, span); err != nil {
				x.fault(ctx, "coverage not recorded", err, task.Series().String())
			}
		}
	}
}

// lost is where bars of the gaps of a task have left the provider's window that were to be asked for again.
func (t *Task) lost(now time.Time) (span market.Window) {
	wall := now.Add(-t.native.DeepCap)
	for _, g := range t.absent {
		if leaves := coverage.Leaves(g, t.native.DeepCap); leaves.IsZero() || leaves.After(now) {
			continue
		}
		if g.Reason.Healable() || g.Last.Before(wall) { // of null bars that are asked for again, all at once
			span = span.Union(market.Window{From: g.First, To: earlier(wall, g.Last.Add(time.Second))})
		}
	}
	return span
}

func (x *execution) loseOf(ctx context.Context, task Task, span market.Window) error {
	tx, err := x.begin(ctx, work{task: task})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := tx.LockSeries(ctx, task.Series()); err != nil {
		return fmt.Errorf("cover %s: %w", task.Series(), err)
	}
	if err := x.judgeSpan(ctx, tx, task, span, market.Window{}); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// judgeSpan judges a span of a series, and of what derives from it, in which nothing was asked and no bar has changed. Closed is
// when the exchange was closed unforeseen. A series whose calendar was changed meanwhile is left alone.
func (x *execution) judgeSpan(ctx context.Context, tx Tx, task Task, span, closed market.Window) error {
	task.native, _ = x.Capabilities.Of(task.Base)
	c := x.covering(tx, task, "")
	old, err := c.of(ctx, task.Base)
	if err != nil || old.Calendar != task.Instrument.Calendar.Version() {
		return err
	}
	err = c.judge(ctx, coverage.Judgement{
		Subject: c.subject(), Old: old, Again: span, Closed: closed, Until: old.Horizon, Now: c.moment(),
	})
	if err != nil {
		return err
	}
	held, err := hold(ctx, tx, task.Instrument.Name)
	if err != nil {
		return err
	}
	for _, timeframe := range derivedOf(x.Capabilities, task, held.of) {
		if err := c.derived(ctx, timeframe, market.Window{}, span); err != nil {
			return err
		}
	}
	return nil
}
