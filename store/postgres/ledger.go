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

// StartRun writes a new run and returns its id; the one in the argument is ignored.
func (a *Archive) StartRun(ctx context.Context, run ledger.Run) (id int64, err error) {
	err = a.pool.QueryRow(ctx, `
		INSERT INTO runs (job, trading_date, slot, attempt, forced, entry, host, pid, state, reason, started, finished)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		RETURNING id`,
		string(run.Job), run.TradingDate, run.Slot, run.Attempt, run.Forced, text(run.Entry), text(run.Host), run.PID,
		string(run.State), text(run.Reason), run.Started, instant(run.Finished)).Scan(&id)
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

// Runs returns the newest runs, newest first, limit at most.
func (a *Archive) Runs(ctx context.Context, limit int) ([]ledger.Run, error) {
	rows, err := a.pool.Query(ctx, `
		SELECT id, job, trading_date, slot, attempt, forced, entry, host, pid, state, reason, started, finished
		FROM runs
		ORDER BY id DESC
		LIMIT $1`, max(0, limit))
	if err != nil {
		return nil, fmt.Errorf("the newest %d runs: %w", limit, err)
	}
	runs, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r ledger.Run, err error) {
		var started, finished *time.Time
		err = row.Scan(&r.ID, &r.Job, &r.TradingDate, &r.Slot, &r.Attempt, &r.Forced, &r.Entry, &r.Host, &r.PID,
			&r.State, &r.Reason, &started, &finished)
		r.Started, r.Finished = moment(started), moment(finished)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("the newest %d runs: %w", limit, err)
	}
	return runs, nil
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
