package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
)

// Fence fails with an error that wraps ledger.ErrLost unless the run is running and bears the token; then nothing of the
// transaction can be committed. The transaction holds the file's only write lock: until it ends the run stays so.
func (t *Tx) Fence(ctx context.Context, runID int64, token string) error {
	_, held, err := t.oneRun(ctx, `SELECT `+runColumns+` FROM runs WHERE id = ? AND token = ? AND state = 'running'`,
		runID, token)
	if err == nil && !held {
		err = t.fail(ledger.ErrLost)
	}
	if err != nil {
		return fmt.Errorf("fence run %d: %w", runID, err)
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

// Heartbeat lets the lease of a run end no sooner than lease from now, by the machine's clock, if the run (by its ID) is
// running and bears the token; also when its lease had ended and nobody took it over. Still is false if it is not. It waits
// for other writers of the file, so a lease has to be longer than the longest of their transactions.
func (a *Archive) Heartbeat(ctx context.Context, run ledger.Run, lease time.Duration) (still bool, err error) {
	err = a.write(ctx, func(tx *Tx) error {
		n, err := tx.exec(ctx, `
			UPDATE runs SET lease_until = max(coalesce(lease_until, 0), `+clockNow+` + ?)
			WHERE id = ? AND token = ? AND state = 'running'`, leaseMillis(lease), run.ID, run.Token)
		still = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("heartbeat of run %d: %w", run.ID, err)
	}
	return still, nil
}

// Finish writes the state, the reason and the end of a run if it (by its ID) is running and bears the token. It is true also
// if such a run has that state already, so that it can be repeated; false when the run was taken over.
func (a *Archive) Finish(ctx context.Context, run ledger.Run) (ok bool, err error) {
	if run.State == ledger.StateRunning || run.State == "" {
		return false, fmt.Errorf("finish run %d: %w", run.ID, errors.New("the state is no end of a run: "+string(run.State)))
	}
	err = a.write(ctx, func(tx *Tx) error {
		n, err := tx.exec(ctx, `
			UPDATE runs SET state = ?, reason = ?, finished = ? WHERE id = ? AND token = ? AND state = 'running'`,
			string(run.State), run.Reason, instant(run.Finished), run.ID, run.Token)
		if ok = n == 1; ok || err != nil {
			return err
		}
		_, ok, err = tx.oneRun(ctx, `SELECT `+runColumns+` FROM runs WHERE id = ? AND token = ? AND state = ?`,
			run.ID, run.Token, string(run.State))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("finish run %d: %w", run.ID, err)
	}
	return ok, nil
}
