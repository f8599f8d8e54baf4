package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
)

// adHocLease is how long a run of StartRun counts as in progress unless its heart beats: nothing else tells that the
// process of a run ad hoc died.
const adHocLease = 10 * time.Minute

// StartRun writes a new run and returns its id; the one in the argument is ignored. It asks nobody: a slot's run is begun
// by Claim, and is refused here with an error where the slot has one that is running.
func (a *Archive) StartRun(ctx context.Context, run ledger.Run) (id int64, err error) {
	err = a.write(ctx, func(tx *Tx) error {
		return tx.conn.QueryRowContext(ctx, `
			INSERT INTO runs (job, trading_date, slot, attempt, forced, entry, host, pid, state, reason, started, finished,
			       token, lease_until)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,
			       CASE WHEN ?9 = 'running' THEN `+clockNow+` + ?14 END)
			RETURNING id`,
			string(run.Job), run.TradingDate, run.Slot, run.Attempt, run.Forced, run.Entry, run.Host, run.PID,
			string(run.State), run.Reason, run.Started.UnixMicro(), instant(run.Finished), run.Token,
			adHocLease.Milliseconds()).Scan(&id)
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

// Runs returns the newest runs, newest first, limit at most. A slot's run whose lease is over reads as abandoned.
func (a *Archive) Runs(ctx context.Context, limit int) ([]ledger.Run, error) {
	runs, err := runs(ctx, a.reader, `SELECT `+runColumns+` FROM runs ORDER BY id DESC LIMIT ?`, max(0, limit))
	if err != nil {
		return nil, fmt.Errorf("runs of %s: %w", a.path, err)
	}
	return runs, nil
}

// Run returns a run by its id; false when there is none. A slot's run whose lease is over reads as abandoned.
func (a *Archive) Run(ctx context.Context, id int64) (ledger.Run, bool, error) {
	run, found, err := oneRun(ctx, a.reader, `SELECT `+runColumns+` FROM runs WHERE id = ?`, id)
	if err != nil {
		return ledger.Run{}, false, fmt.Errorf("run %d: %w", id, err)
	}
	return run, found, nil
}

// clockNow is the clock by which leases end: the machine's, in Unix milliseconds, as of the statement. It is not the
// archive's own, so that a process that lives at another time claims and loses runs as all others do.
const clockNow = `CAST(round(unixepoch('now', 'subsec') * 1000) AS INTEGER)`

// runColumns are what scanRun reads. The last one tells that the lease of a slot's run is over; runs ad hoc need no lease.
const runColumns = `id, job, trading_date, slot, attempt, forced, entry, host, pid, state, reason, started, finished, token,
	state = 'running' AND trading_date <> '' AND coalesce(lease_until <= ` + clockNow + `, 1)`

// leaseEnded is the reason of runs that were abandoned.
const leaseEnded = "lease ended"

func scanRun(rows *sql.Rows) (r ledger.Run, err error) {
	var started, finished sql.NullInt64
	var over bool
	err = rows.Scan(&r.ID, &r.Job, &r.TradingDate, &r.Slot, &r.Attempt, &r.Forced, &r.Entry, &r.Host, &r.PID,
		&r.State, &r.Reason, &started, &finished, &r.Token, &over)
	r.Started, r.Finished = moment(started), moment(finished)
	if over {
		r.State, r.Reason = ledger.StateAbandoned, leaseEnded
	}
	return r, err
}

// runs reads all rows of a statement that returns runColumns.
func runs(ctx context.Context, q querier, query string, args ...any) ([]ledger.Run, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanRun)
}

// oneRun reads the first row of a statement that returns runColumns; false when there is none.
func oneRun(ctx context.Context, q querier, query string, args ...any) (ledger.Run, bool, error) {
	all, err := runs(ctx, q, query, args...)
	if err != nil || len(all) == 0 {
		return ledger.Run{}, false, err
	}
	return all[0], true, nil
}

// oneRun is that of the archive within the transaction. It looks at ctx before and not while it runs, as exec does.
func (t *Tx) oneRun(ctx context.Context, query string, args ...any) (ledger.Run, bool, error) {
	if err := t.usable(ctx); err != nil {
		return ledger.Run{}, false, err
	}
	run, found, err := oneRun(context.WithoutCancel(ctx), t.conn, query, args...)
	if err != nil {
		return ledger.Run{}, false, t.fail(err)
	}
	return run, found, nil
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
