package sqlstore

import (
	"context"
	"fmt"
	"time"

	"barkeep/ledger"
)

// RecordCell writes the evidence of a cell together with the bars of this transaction: either both are stored or neither.
// A second one of the same run, instrument and timeframe replaces the first.
func (t Tx) RecordCell(ctx context.Context, cell ledger.Cell) error {
	if err := recordCell(ctx, t.q, t.d, cell); err != nil {
		return fmt.Errorf("record cell %s %s of run %d: %w", cell.Instrument, cell.Timeframe, cell.RunID, err)
	}
	return nil
}

// hasCell tells whether this very evidence is stored, as it was given to RecordCell.
func (t Tx) hasCell(ctx context.Context, cell ledger.Cell) (bool, error) {
	found, err := t.d.cells(ctx, t.q, `
		SELECT `+cellColumns+`
		FROM cells c
		WHERE c.run_id = $1 AND c.instrument = $2 AND c.timeframe = $3`, cell.RunID, cell.Instrument, cell.Timeframe)
	if err != nil {
		return false, fmt.Errorf("cell %s %s of run %d: %w", cell.Instrument, cell.Timeframe, cell.RunID, err)
	}
	return len(found) == 1 && t.d.sameCell(found[0], cell), nil
}

// sameCell compares what is stored with what was written: times to the microsecond.
func (d *Dialect) sameCell(stored, written ledger.Cell) bool {
	for _, at := range []struct{ stored, written *time.Time }{
		{&stored.From, &written.From},
		{&stored.To, &written.To},
		{&stored.Newest, &written.Newest},
		{&stored.Finished, &written.Finished},
	} {
		if at.stored.Sub(*at.written).Abs() > time.Microsecond {
			return false
		}
		*at.stored = *at.written
	}
	written.Reason = d.hidden(d.reason(written.Reason))
	return stored == written
}

func recordCell(ctx context.Context, q Querier, d Dialect, cell ledger.Cell) error {
	// What makes the cell an effective import, which the index cells_effective lets be one: it is OK, and its run is for a slot
	// and not forced.
	const effective = `SELECT r.job, r.slot_at FROM runs r WHERE r.id = $1 AND NOT r.forced AND r.slot_at IS NOT NULL AND $15`
	_, err := q.Exec(ctx, `
		INSERT INTO cells (run_id, instrument, timeframe, state, reason, window_from, window_to, requests, fetched,
		       inserted, changed, unchanged, newest, finished, job, slot_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
		       (SELECT e.job FROM (`+effective+`) e), (SELECT e.slot_at FROM (`+effective+`) e))
		ON CONFLICT (run_id, instrument, timeframe) DO UPDATE SET state = excluded.state, reason = excluded.reason,
		       window_from = excluded.window_from, window_to = excluded.window_to, requests = excluded.requests,
		       fetched = excluded.fetched, inserted = excluded.inserted, changed = excluded.changed,
		       unchanged = excluded.unchanged, newest = excluded.newest, finished = excluded.finished,
		       job = excluded.job, slot_at = excluded.slot_at`,
		cell.RunID, cell.Instrument, cell.Timeframe, string(cell.State), d.reason(cell.Reason), d.instant(cell.From),
		d.instant(cell.To), cell.Requests, cell.Fetched, cell.Inserted, cell.Changed, cell.Unchanged, d.instant(cell.Newest),
		d.instant(cell.Finished), cell.State.OK())
	if d.Duplicate(err, "cells_effective", "cells.job", "cells.slot_at", "cells.instrument", "cells.timeframe") {
		err = fmt.Errorf("%w: %w", ledger.ErrImported, err)
	}
	return err
}

// RecordCell writes a cell that stored nothing, because it failed, for a run that has the token; in a transaction of its own.
// The error wraps ledger.ErrLost when the run was taken over.
func (s *Store) RecordCell(ctx context.Context, run ledger.Run, cell ledger.Cell) error {
	cell.RunID = run.ID
	err := s.db.Write(ctx, func(q Querier) error {
		if err := fence(ctx, q, s.d, run.ID, run.Token); err != nil {
			return err
		}
		return recordCell(ctx, q, s.d, cell)
	})
	if err != nil {
		return fmt.Errorf("record cell %s %s of run %d: %w", cell.Instrument, cell.Timeframe, cell.RunID, err)
	}
	return nil
}

// cellColumns are what cells reads, of a table called c.
const cellColumns = `c.run_id, c.instrument, c.timeframe, c.state, c.reason, c.window_from, c.window_to, c.requests, c.fetched,
	c.inserted, c.changed, c.unchanged, c.newest, c.finished`

// cells reads all rows of a statement that returns cellColumns.
func (d *Dialect) cells(ctx context.Context, q Querier, sql string, args ...any) ([]ledger.Cell, error) {
	all := []ledger.Cell{}
	var c ledger.Cell
	var from, to, newest, finished stamp
	into := []any{
		&c.RunID, &c.Instrument, &c.Timeframe, &c.State, &c.Reason, &from, &to, &c.Requests, &c.Fetched, &c.Inserted, &c.Changed,
		&c.Unchanged, &newest, &finished,
	}
	err := q.Query(ctx, sql, args, into, func() error {
		c.Reason = d.hidden(c.Reason)
		c.From, c.To, c.Newest, c.Finished = from.Time, to.Time, newest.Time, finished.Time
		all = append(all, c)
		return nil
	})
	return all, err
}

// order is that of cells and series: by instrument and timeframe as text.
func (d *Dialect) order(table string) string {
	return table + `instrument` + d.Bytewise + `, ` + table + `timeframe` + d.Bytewise
}

// Cells returns the cells of a run, ordered by instrument and timeframe as text.
func (s *Store) Cells(ctx context.Context, runID int64) ([]ledger.Cell, error) {
	found, err := s.d.cells(ctx, s.db, `
		SELECT `+cellColumns+`
		FROM cells c
		WHERE c.run_id = $1
		ORDER BY `+s.d.order("c."), runID)
	if err != nil {
		return nil, fmt.Errorf("cells of run %d: %w", runID, err)
	}
	return found, nil
}

// Committed returns the newest cell of each series over the attempts of a slot, forced ones left out; newest by run ID.
// They are ordered by instrument and timeframe as text.
func (s *Store) Committed(ctx context.Context, slot ledger.Slot) ([]ledger.Cell, error) {
	found, err := s.d.cells(ctx, s.db, `
		SELECT `+cellColumns+`
		FROM (
			SELECT c.*, row_number() OVER (PARTITION BY c.instrument, c.timeframe ORDER BY c.run_id DESC) AS nth
			FROM runs r JOIN cells c ON c.run_id = r.id
			WHERE r.job = $1 AND r.slot_at = $2 AND NOT r.forced
		) c
		WHERE c.nth = 1
		ORDER BY `+s.d.order("c."), string(slot.Job), slotAt(slot))
	if err != nil {
		return nil, fmt.Errorf("cells of %s: %w", slot, err)
	}
	return found, nil
}

// effective are the series that have an effective import of a slot, as cells that are OK and tell no more.
func effective(ctx context.Context, q Querier, slot ledger.Slot) ([]ledger.Cell, error) {
	var all []ledger.Cell
	c := ledger.Cell{State: ledger.CellStored}
	err := q.Query(ctx, `SELECT instrument, timeframe FROM cells WHERE job = $1 AND slot_at = $2`,
		[]any{string(slot.Job), slotAt(slot)}, []any{&c.Instrument, &c.Timeframe}, func() error {
			all = append(all, c)
			return nil
		})
	return all, err
}
