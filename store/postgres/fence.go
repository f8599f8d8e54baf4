package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
)

// Fence fails with an error that wraps ledger.ErrLost unless the run is running and bears the token; then nothing of the
// transaction can be committed. Until the transaction ends the run stays so: claims and ends of the run wait for it. The
// lock is the weakest that makes them wait, FOR KEY SHARE, beside which heartbeats go on.
func (t *Tx) Fence(ctx context.Context, runID int64, token string) error {
	err := t.usable(ctx)
	if err == nil {
		var one int
		err = t.tx.QueryRow(ctx, `
			SELECT 1 FROM runs WHERE id = $1 AND token = $2 AND state = 'running' FOR KEY SHARE`, runID, token).Scan(&one)
	}
	if missing(err) {
		err = ledger.ErrLost
	}
	if err != nil {
		return t.fail(fmt.Errorf("fence run %d: %w", runID, because(ctx, err)))
	}
	return nil
}

// RecordCellOf writes a cell that stored nothing in a transaction of its own. If the run has a token the cell is written for
// this run and fenced: the error wraps ledger.ErrLost when the run was taken over.
func (a *Archive) RecordCellOf(ctx context.Context, run ledger.Run, cell ledger.Cell) error {
	if run.Token == "" {
		return a.RecordCell(ctx, cell)
	}
	cell.RunID = run.ID
	return a.write(ctx, func(tx *Tx) error {
		if err := tx.Fence(ctx, run.ID, run.Token); err != nil {
			return err
		}
		return tx.RecordCell(ctx, cell)
	})
}

// Heartbeat lets the lease of a run end no sooner than lease from now, by the server's clock, if the run (by its ID) is
// running and bears the token; also when its lease had ended and nobody took it over. Still is false if it is not.
func (a *Archive) Heartbeat(ctx context.Context, run ledger.Run, lease time.Duration) (still bool, err error) {
	tag, err := a.pool.Exec(ctx, `
		UPDATE runs SET lease_until = greatest(lease_until, clock_timestamp() + $3::interval)
		WHERE id = $1 AND token = $2 AND state = 'running'`, run.ID, run.Token, lease)
	if err != nil {
		return false, fmt.Errorf("heartbeat of run %d: %w", run.ID, err)
	}
	return tag.RowsAffected() == 1, nil
}

// Finish writes the state, the reason and the end of a run if it (by its ID) is running and bears the token. It is true also
// if such a run has that state already, so that it can be repeated; false when the run was taken over. It waits for the
// transactions that Fence let through.
func (a *Archive) Finish(ctx context.Context, run ledger.Run) (ok bool, err error) {
	if run.State == ledger.StateRunning || run.State == "" {
		err = errors.New("the state is no end of a run: " + string(run.State))
	} else {
		ok, err = a.finish(ctx, run)
	}
	if err != nil {
		return false, fmt.Errorf("finish run %d: %w", run.ID, err)
	}
	return ok, nil
}

func (a *Archive) finish(ctx context.Context, run ledger.Run) (ok bool, err error) {
	tag, err := a.pool.Exec(ctx, `
		WITH held AS (
			SELECT r.id AS held_id FROM runs r WHERE r.id = $1 AND r.token = $2 AND r.state = 'running' FOR UPDATE
		)
		UPDATE runs SET state = $3, reason = $4, finished = $5
		FROM held
		WHERE id = held_id`, run.ID, run.Token, string(run.State), text(run.Reason), instant(run.Finished))
	if err != nil || tag.RowsAffected() == 1 {
		return err == nil, err
	}
	err = a.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM runs WHERE id = $1 AND token = $2 AND state = $3)`,
		run.ID, run.Token, string(run.State)).Scan(&ok)
	return ok, err
}
