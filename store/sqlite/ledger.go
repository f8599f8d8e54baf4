package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
)

// StartRun writes a new run and returns its id; the one in the argument is ignored.
func (a *Archive) StartRun(ctx context.Context, run ledger.Run) (id int64, err error) {
	err = a.write(ctx, func(tx *Tx) error {
		return tx.conn.QueryRowContext(ctx, `
			INSERT INTO runs (job, trading_date, slot, attempt, forced, entry, host, pid, state, reason, started, finished)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			RETURNING id`,
			string(run.Job), run.TradingDate, run.Slot, run.Attempt, run.Forced, run.Entry, run.Host, run.PID,
			string(run.State), run.Reason, run.Started.UnixMicro(), instant(run.Finished)).Scan(&id)
	})
	if err != nil {
		return 0, fmt.Errorf("start run of %s: %w", run.Job, err)
	}
	return id, nil
}

// FinishRun writes the state, the reason and the end of a run; an error when there is no such run.
func (a *Archive) FinishRun(ctx context.Context, run ledger.Run) error {
	err := a.write(ctx, func(tx *Tx) error {
		n, err := tx.exec(ctx, `UPDATE runs SET state = ?, reason = ?, finished = ? WHERE id = ?`,
			string(run.State), run.Reason, instant(run.Finished), run.ID)
		if err == nil && n == 0 {
			err = errors.New("there is no such run")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("finish run %d: %w", run.ID, err)
	}
	return nil
}

// Runs returns the newest runs, newest first, limit at most.
func (a *Archive) Runs(ctx context.Context, limit int) ([]ledger.Run, error) {
	rows, err := a.reader.QueryContext(ctx, `
		SELECT id, job, trading_date, slot, attempt, forced, entry, host, pid, state, reason, started, finished
		FROM runs
		ORDER BY id DESC
		LIMIT ?`, max(0, limit))
	if err != nil {
		return nil, fmt.Errorf("runs of %s: %w", a.path, err)
	}
	runs, err := collect(rows, scanRun)
	if err != nil {
		return nil, fmt.Errorf("runs of %s: %w", a.path, err)
	}
	return runs, nil
}

func scanRun(rows *sql.Rows) (r ledger.Run, err error) {
	var started, finished sql.NullInt64
	err = rows.Scan(&r.ID, &r.Job, &r.TradingDate, &r.Slot, &r.Attempt, &r.Forced, &r.Entry, &r.Host, &r.PID,
		&r.State, &r.Reason, &started, &finished)
	r.Started, r.Finished = moment(started), moment(finished)
	return r, err
}

// instant is how the ledger stores a time: Unix microseconds, NULL for the zero time.
func instant(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// moment reads what instant wrote.
func moment(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return time.UnixMicro(us.Int64).UTC()
}
