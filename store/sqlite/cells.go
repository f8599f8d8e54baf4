package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"barkeep/ledger"
)

// RecordCell writes the evidence of a cell together with the bars of this transaction: either both are stored or neither.
// A second one of the same run, instrument and timeframe replaces the first.
func (t *Tx) RecordCell(ctx context.Context, cell ledger.Cell) error {
	_, err := t.exec(ctx, `
		INSERT INTO cells (run_id, instrument, timeframe, state, reason, window_from, window_to, requests, fetched,
		       inserted, changed, unchanged, newest, finished)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (run_id, instrument, timeframe) DO UPDATE SET state = excluded.state, reason = excluded.reason,
		       window_from = excluded.window_from, window_to = excluded.window_to, requests = excluded.requests,
		       fetched = excluded.fetched, inserted = excluded.inserted, changed = excluded.changed,
		       unchanged = excluded.unchanged, newest = excluded.newest, finished = excluded.finished`,
		cell.RunID, cell.Instrument, cell.Timeframe, string(cell.State), cell.Reason, instant(cell.From), instant(cell.To),
		cell.Requests, cell.Fetched, cell.Inserted, cell.Changed, cell.Unchanged, instant(cell.Newest), instant(cell.Finished))
	if err != nil {
		return fmt.Errorf("record cell %s %s of run %d: %w", cell.Instrument, cell.Timeframe, cell.RunID, err)
	}
	return nil
}

// RecordCell writes a cell in a transaction of its own: one that stored nothing, because it failed.
func (a *Archive) RecordCell(ctx context.Context, cell ledger.Cell) error {
	return a.write(ctx, func(tx *Tx) error { return tx.RecordCell(ctx, cell) })
}

// cellColumns are what scanCell reads, of a table called c.
const cellColumns = `c.run_id, c.instrument, c.timeframe, c.state, c.reason, c.window_from, c.window_to, c.requests, c.fetched,
	c.inserted, c.changed, c.unchanged, c.newest, c.finished`

// Cells returns the cells of a run, ordered by instrument and timeframe as text.
func (a *Archive) Cells(ctx context.Context, runID int64) ([]ledger.Cell, error) {
	rows, err := a.reader.QueryContext(ctx, `
		SELECT `+cellColumns+`
		FROM cells c
		WHERE c.run_id = ?
		ORDER BY c.instrument, c.timeframe`, runID)
	if err != nil {
		return nil, fmt.Errorf("cells of run %d: %w", runID, err)
	}
	cells, err := collect(rows, scanCell)
	if err != nil {
		return nil, fmt.Errorf("cells of run %d: %w", runID, err)
	}
	return cells, nil
}

func scanCell(rows *sql.Rows) (c ledger.Cell, err error) {
	var from, to, newest, finished sql.NullInt64
	err = rows.Scan(&c.RunID, &c.Instrument, &c.Timeframe, &c.State, &c.Reason, &from, &to, &c.Requests, &c.Fetched,
		&c.Inserted, &c.Changed, &c.Unchanged, &newest, &finished)
	c.From, c.To, c.Newest, c.Finished = moment(from), moment(to), moment(newest), moment(finished)
	return c, err
}
