package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
)

// Tx is an engine's write transaction but for its end. After an error of a statement it is not committed any more.
type Tx struct {
	q   Session
	d   Dialect
	run *int64 // that Fence let through; 0 for none
}

// NewTx makes it over the statements of an engine's transaction.
func NewTx(q Session, d Dialect) Tx { return Tx{q, d, new(int64)} }

// Fence fails with an error that wraps ledger.ErrLost unless the run is running and has the token. Until the transaction ends
// the run stays so: claims and ends of the run wait for it. The lock is the weakest that makes them wait; heartbeats go on. What
// the transaction writes after it bears the run's number.
func (t Tx) Fence(ctx context.Context, runID int64, token string) error {
	if err := fence(ctx, t.q, t.d, runID, token); err != nil {
		return t.q.Fail(fmt.Errorf("fence run %d: %w", runID, err))
	}
	*t.run = runID
	return nil
}

func fence(ctx context.Context, q Querier, d Dialect, runID int64, token string) error {
	var id, found int64
	err := q.Query(ctx, `SELECT id FROM runs WHERE id = $1 AND token = $2 AND state = 'running'`+d.ForKeyShare,
		[]any{runID, token}, []any{&id}, func() error {
			found++
			return nil
		})
	if err == nil && found == 0 {
		err = ledger.ErrLost
	}
	return err
}

// Heartbeat lets the lease of a run end no sooner than lease from now, by the database's clock, if the run (by its ID) is
// running and has the token; also when its lease had ended and nobody took it over. Still is false if it is not. In SQLite it
// waits for other writers of the file, so a lease has to be longer than the longest of their transactions.
func (s *Store) Heartbeat(ctx context.Context, run ledger.Run, lease time.Duration) (still bool, err error) {
	until := s.d.After("$3")
	n, err := s.exec(ctx, `
		UPDATE runs SET lease_until = CASE WHEN lease_until > `+until+` THEN lease_until ELSE `+until+` END
		WHERE id = $1 AND token = $2 AND state = 'running'`, run.ID, run.Token, micros(lease))
	if err != nil {
		return false, fmt.Errorf("heartbeat of run %d: %w", run.ID, err)
	}
	return n == 1, nil
}

// Finish writes the state, the reason and the end of a run if it (by its ID) is running and has the token. It is true also
// if such a run has that state already, so that it can be repeated; false when the run was taken over. It waits for the
// transactions that Fence let through.
func (s *Store) Finish(ctx context.Context, run ledger.Run) (ok bool, err error) {
	if run.State == ledger.StateRunning || run.State == "" {
		err = errors.New("the state is no end of a run: " + string(run.State))
	} else {
		err = s.db.Direct(ctx, func(q Querier) error {
			ok, err = s.finish(ctx, q, run)
			return err
		})
	}
	if err != nil {
		return false, fmt.Errorf("finish run %d: %w", run.ID, err)
	}
	return ok, nil
}

func (s *Store) finish(ctx context.Context, q Querier, run ledger.Run) (ok bool, err error) {
	n, err := q.Exec(ctx, `
		WITH held AS (
			SELECT r.id AS held_id FROM runs r WHERE r.id = $1 AND r.token = $2 AND r.state = 'running'`+s.d.ForUpdate+`
		)
		UPDATE runs SET state = $3, reason = $4, finished = $5
		FROM held
		WHERE id = held_id`, run.ID, run.Token, string(run.State), s.d.reason(run.Reason), s.d.instant(run.Finished))
	if err != nil || n == 1 {
		return err == nil, err
	}
	var id int64
	return one(ctx, q, `SELECT id FROM runs WHERE id = $1 AND token = $2 AND state = $3`,
		[]any{run.ID, run.Token, string(run.State)}, []any{&id})
}
