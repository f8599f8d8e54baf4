package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"barkeep/ledger"
)

// adHocLease is how long a run of StartRun counts as in progress unless its heart beats: nothing else tells that the
// process of a run ad hoc died.
const adHocLease = 10 * time.Minute

// StartRun writes a new run and returns its id; the one in the argument is ignored. It asks nobody: a slot's run is begun
// by Claim, and is refused here with an error where the slot has one that is running.
func (a *Archive) StartRun(ctx context.Context, run ledger.Run) (id int64, err error) {
	err = a.pool.QueryRow(ctx, `
		INSERT INTO runs (job, trading_date, slot, attempt, forced, entry, host, pid, state, reason, started, finished, token,
		       lease_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text, $10, $11, $12, $13,
		       CASE WHEN $9::text = 'running' THEN clock_timestamp() + $14::interval END)
		RETURNING id`,
		string(run.Job), run.TradingDate, run.Slot, run.Attempt, run.Forced, text(run.Entry), text(run.Host), run.PID,
		string(run.State), text(run.Reason), run.Started, instant(run.Finished), run.Token, adHocLease).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("start run of %s: %w", run.Job, err)
	}
	return id, nil
}

// FinishRun writes the state, the reason and the end of a run; an error when there is no such run.
func (a *Archive) FinishRun(ctx context.Context, run ledger.Run) error {
	tag, err := a.pool.Exec(ctx, `UPDATE runs SET state = $2, reason = $3, finished = $4 WHERE id = $1`,
		run.ID, string(run.State), text(run.Reason), instant(run.Finished))
	if err == nil && tag.RowsAffected() == 0 {
		err = errors.New("no such run")
	}
	if err != nil {
		return fmt.Errorf("finish run %d: %w", run.ID, err)
	}
	return nil
}

// Runs returns the newest runs, newest first, limit at most. A slot's run whose lease is over reads as abandoned.
func (a *Archive) Runs(ctx context.Context, limit int) ([]ledger.Run, error) {
	runs, err := runs(ctx, a.pool, `SELECT `+runColumns+` FROM runs ORDER BY id DESC LIMIT $1`, max(0, limit))
	if err != nil {
		return nil, fmt.Errorf("the newest %d runs: %w", limit, err)
	}
	return runs, nil
}

// Run returns a run by its id; false when there is none. A slot's run whose lease is over reads as abandoned.
func (a *Archive) Run(ctx context.Context, id int64) (ledger.Run, bool, error) {
	run, found, err := oneRun(ctx, a.pool, `SELECT `+runColumns+` FROM runs WHERE id = $1`, id)
	if err != nil {
		return ledger.Run{}, false, fmt.Errorf("run %d: %w", id, err)
	}
	return run, found, nil
}

// runColumns are what scanRun reads. The last one tells that the lease of a slot's run is over; runs ad hoc need no lease.
const runColumns = `id, job, trading_date, slot, attempt, forced, entry, host, pid, state, reason, started, finished, token,
	state = 'running' AND trading_date <> '' AND coalesce(lease_until <= clock_timestamp(), true)`

// leaseEnded is the reason of runs that were abandoned.
const leaseEnded = "lease ended"

func scanRun(row pgx.CollectableRow) (r ledger.Run, err error) {
	var started, finished *time.Time
	var over bool
	err = row.Scan(&r.ID, &r.Job, &r.TradingDate, &r.Slot, &r.Attempt, &r.Forced, &r.Entry, &r.Host, &r.PID,
		&r.State, &r.Reason, &started, &finished, &r.Token, &over)
	r.Started, r.Finished = moment(started), moment(finished)
	if over {
		r.State, r.Reason = ledger.StateAbandoned, leaseEnded
	}
	return r, err
}

// runs reads all rows of a statement that returns runColumns.
func runs(ctx context.Context, q querier, sql string, args ...any) ([]ledger.Run, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanRun)
}

// oneRun reads the first row of a statement that returns runColumns; false when there is none.
func oneRun(ctx context.Context, q querier, sql string, args ...any) (ledger.Run, bool, error) {
	all, err := runs(ctx, q, sql, args...)
	if err != nil || len(all) == 0 {
		return ledger.Run{}, false, err
	}
	return all[0], true, nil
}

// instant is how a time is stored: NULL for the zero time.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// moment reads what instant wrote.
func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// text makes words that come from elsewhere, a provider's answer say, storable: PostgreSQL refuses a NUL and bytes that
// are no UTF-8, and an ugly reason must not keep a failure out of the ledger.
func text(words string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(words, "\uFFFD"), "\x00", "\uFFFD")
}
