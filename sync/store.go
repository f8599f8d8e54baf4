package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/coverage"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
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

// committed is what the transactions of a task have come to.
type committed struct {
	sums  []seriesResult
	first string        // the evidence of an earlier answer; empty for most
	note  string        // what a person should know of it; empty for most
	cells []ledger.Cell // the evidence that the last of them wrote
	doubt *committed    // what one more has come to, should it have been committed: its answer was lost
}

// store commits a task and returns its cells as committed; nil when the task waits for others of the run.
func (x *execution) store(ctx context.Context, w work) []ledger.Cell {
	done := &committed{sums: make([]seriesResult, len(w.task.All()))}
	err := x.storeParts(ctx, w, done)
	if x.postpone(w, err) {
		return nil
	}
	if held, ok := heldBack(err); ok {
		return x.hold(ctx, w, held)
	}
	if err != nil {
		return x.storeFailed(ctx, w, done, err)
	}
	return done.cells
}

// storeParts commits the base bars of a task, everything resampled from them, and the evidence, in one transaction a request, so
// that a derived bar is never folded from other base bars than those stored. It adds to what is done.
func (x *execution) storeParts(ctx context.Context, w work, done *committed) error {
	for part := range w.batch.parts {
		err := x.persist(ctx, func(ctx context.Context) error { return x.commit(ctx, w, part, done) })
		if err == nil {
			continue
		}
		if store.Lasting(err) {
			x.breakOff(err)
		}
		if isHeld(err) || errors.Is(err, errLast) || !x.settled(ctx, w, done) {
			return err
		}
	}
	return nil
}

// commit stores one part in one transaction, unless an earlier try has done so. It adds to what is done only after the commit.
func (x *execution) commit(ctx context.Context, w work, part int, done *committed) error {
	tx, err := x.begin(ctx, w)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if found, err := x.lookUp(ctx, tx, w, done); found || err != nil {
		return err
	}
	bars, scaled, err := x.adapt(ctx, tx, w, part)
	if err != nil {
		return err
	}
	c := x.covering(tx, w.task, w.batch.listing.Type)
	totals, note, err := x.write(ctx, c, w, bars, part)
	if err != nil {
		return err
	}
	for i := range totals {
		totals[i] = done.sums[i].add(totals[i])
	}
	next := committed{sums: totals, first: done.first, note: join(done.note, join(scaled, note))}
	if next.cells, err = x.evidence(ctx, c, w, part, next); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		if errors.Is(err, store.ErrInDoubt) {
			done.doubt = &next
		}
		return fmt.Errorf("commit %s: %w", w.task.Series(), err)
	}
	*done = next
	return nil
}

// begin opens a transaction that is fenced by the run's token.
func (x *execution) begin(ctx context.Context, w work) (Tx, error) {
	tx, err := x.Archive.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", w.task.Series(), err)
	}
	if x.run.Token == "" {
		return tx, nil
	}
	if err := tx.Fence(ctx, x.run.ID, x.run.Token); err != nil {
		tx.Rollback()
		return nil, fmt.Errorf("store %s for run %d: %w", w.task.Series(), x.run.ID, err)
	}
	return tx, nil
}

// lookUp finds out what became of a transaction whose answer was lost: its evidence is stored, or nothing of it is.
func (x *execution) lookUp(ctx context.Context, tx Tx, w work, done *committed) (found bool, err error) {
	if done.doubt == nil {
		return false, nil
	}
	if found, err = tx.Settle(ctx, done.doubt.cells[0]); err != nil {
		return false, fmt.Errorf("find out whether %s was committed: %w", w.task.Series(), err)
	}
	x.Logger.InfoContext(ctx, "a commit without an answer was looked up", "series", w.task.Series().String(), "committed", found)
	if found {
		*done = *done.doubt
	}
	done.doubt = nil
	return found, nil
}

// settled is lookUp once more after the last try has failed, also when ctx has ended. It tells whether that try was committed.
func (x *execution) settled(ctx context.Context, w work, done *committed) (found bool) {
	if done.doubt == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	tx, err := x.begin(ctx, w)
	if err == nil {
		defer tx.Rollback()
		found, err = x.lookUp(ctx, tx, w, done)
	}
	if err != nil {
		x.fault(ctx, "commit left in doubt", err, w.task.Series().String())
	}
	return found
}

// write upserts the base and rebuilds what derives from it, in the order of Task.All. Before the first part, what is stored by
// another calendar is brought to the instrument's; the note says so.
func (x *execution) write(
	ctx context.Context, c *covering, w work, bars *market.Candles, part int,
) (all []seriesResult, note string, err error) {
	tx, task, first := c.tx, w.task, part == 0
	if err := tx.LockSeries(ctx, task.Series()); err != nil {
		return nil, "", fmt.Errorf("store %s: %w", task.Series(), err)
	}
	held, err := hold(ctx, tx, task.Instrument.Name)
	if err != nil {
		return nil, "", err
	}
	all = make([]seriesResult, len(task.All()))
	unnoted := task.unnoted
	if task.Reason == ReasonRebuild || first && task.foreign || foreign(held[task.Base], task.Instrument.Calendar) {
		done, err := x.rebuild(ctx, tx, task)
		if err != nil {
			return nil, "", err
		}
		for i, timeframe := range task.All() {
			all[i] = done.results[timeframe]
		}
		note = done.String()
		x.Logger.InfoContext(ctx, "stored bars were brought to another calendar", "series", task.Series().String(), "result", note)
		if held, err = hold(ctx, tx, task.Instrument.Name); err != nil {
			return nil, "", err
		}
		unnoted = task.All()
		if err := c.all(ctx); err != nil {
			return nil, "", err
		}
	}
	if task.Reason != ReasonRebuild {
		written, err := x.writeAll(ctx, c, bars, w.batch.told(part), held)
		if err != nil {
			return nil, "", err
		}
		for i := range written {
			all[i] = all[i].add(written[i])
		}
	}
	for _, timeframe := range unnoted {
		series := market.Series{Instrument: task.Instrument.Name, Timeframe: timeframe}
		if err := tx.SetCalendar(ctx, series, task.Instrument.Calendar.Version()); err != nil {
			return nil, "", fmt.Errorf("store %s: %w", series, err)
		}
	}
	return all, note, nil
}

// writeAll upserts the base, where there is a part of it, and brings what derives from it to it. Held is what was stored before.
func (x *execution) writeAll(
	ctx context.Context, c *covering, part *market.Candles, answers []coverage.Answer, held holding,
) ([]seriesResult, error) {
	tx, task := c.tx, c.task
	base := seriesResult{newest: held[task.Base].Newest}
	if part != nil {
		var err error
		if base.Stored, err = tx.Upsert(ctx, task.Series(), part); err != nil {
			return nil, fmt.Errorf("store %s: %w", task.Series(), err)
		}
		base.given = part.Len()
		if c.before = held[task.Base]; base.Inserted == part.Len() {
			c.wrote = part
		}
		for _, ts := range part.TS {
			base.newest = later(base.newest, time.Unix(ts, 0).UTC())
		}
	}
	if err := c.base(ctx, answers, base.Touched); err != nil {
		return nil, err
	}
	derived, err := x.derive(ctx, c, base.Stored, held, windowOf(answers))
	if err != nil {
		return nil, err
	}
	return append([]seriesResult{base}, derived...), nil
}

// evidence writes the cells of a task with its bars. They are stored with its last part: a task is done when all of it is. Until
// then they say how far it came, which is what a run leaves that dies there, and by which a lost answer is settled.
func (x *execution) evidence(ctx context.Context, c *covering, w work, part int, done committed) ([]ledger.Cell, error) {
	state, reason := ledger.CellStored, join(done.first, join(reasonOf(w), done.note))
	if w.task.Reason != ReasonLag && part+1 == len(w.batch.parts) {
		stands, says, err := c.standing(ctx)
		if err != nil {
			return nil, err
		}
		state, reason = stands, join(says, reason)
	}
	if w.task.Reason == ReasonLag {
		state = ledger.CellClosed // nobody was asked
	}
	if part+1 < len(w.batch.parts) {
		state, reason = ledger.CellFailed, fmt.Sprintf("%d of %d parts are stored", part+1, len(w.batch.parts))
	}
	cells := x.cellsOf(w.task, state, reason, w.batch.requests)
	totals := leftOf(w.task, done.sums)
	for i := range cells {
		cell, total := &cells[i], totals[i]
		cell.From, cell.To, cell.Newest = w.batch.window.From, w.batch.window.To, total.newest
		count(cell, total)
		if err := c.tx.RecordCell(ctx, *cell); err != nil {
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

// storeFailed tells what a task came to whose bars could not all be committed; the counts are of what was. Evidence that may be
// stored is not written over: the next attempt reads it.
func (x *execution) storeFailed(ctx context.Context, w work, done *committed, err error) []ledger.Cell {
	if done.doubt != nil {
		err = fmt.Errorf("%w: %w", store.ErrInDoubt, err)
	}
	cells := x.cellsOf(w.task, ledger.CellFailed, err.Error(), w.batch.requests)
	sums := leftOf(w.task, done.sums)
	for i := range cells {
		count(&cells[i], sums[i])
	}
	if done.doubt == nil {
		x.record(ctx, cells)
	}
	return cells
}

// reasonOf is what a person reads in the evidence of a stored task.
func reasonOf(w work) string {
	reason := string(w.task.Reason)
	if w.task.Reason == ReasonZeroRecords {
		reason += ", backfill"
	}
	return join(reason, w.batch.note)
}

// join puts two notes into one; either may be empty.
func join(first, second string) string {
	if first == "" || second == "" {
		return first + second
	}
	return first + "; " + second
}
