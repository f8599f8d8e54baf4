package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
)

// This file holds what the contract in package store has no more. It is deleted with its last callers.

// adHocLease is how long a run of StartRun counts as in progress unless its heart beats.
const adHocLease = 10 * time.Minute

// StartRun writes a new run and returns its id. Claim takes its place.
func (s *Store) StartRun(ctx context.Context, run ledger.Run) (id int64, err error) {
	err = s.db.Direct(ctx, func(q Querier) error {
		_, err := one(ctx, q, `
			INSERT INTO runs (job, trading_date, slot, attempt, forced, entry, host, pid, state, reason, started, finished, token,
			       lease_until)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CAST($9 AS text), $10, $11, $12, $13,
			       CASE WHEN CAST($9 AS text) = 'running' THEN `+s.d.After("$14")+` END)
			RETURNING id`, []any{
			string(run.Job), run.TradingDate, run.Slot, run.Attempt, run.Forced, text(run.Entry), text(run.Host), run.PID,
			string(run.State), text(run.Reason), s.d.Time(run.Started), s.d.instant(run.Finished), run.Token, micros(adHocLease),
		}, []any{&id})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("start run of %s: %w", run.Job, err)
	}
	return id, nil
}

// FinishRun writes the state, the reason and the end of a run whatever its token is. Finish takes its place.
func (s *Store) FinishRun(ctx context.Context, run ledger.Run) error {
	err := s.db.Direct(ctx, func(q Querier) error {
		n, err := q.Exec(ctx, `UPDATE runs SET state = $2, reason = $3, finished = $4 WHERE id = $1`,
			run.ID, string(run.State), text(run.Reason), s.d.instant(run.Finished))
		if err == nil && n == 0 {
			err = errors.New("no such run")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("finish run %d: %w", run.ID, err)
	}
	return nil
}

// RecordCellOf is RecordCell, and without a check for a run that has no token.
func (s *Store) RecordCellOf(ctx context.Context, run ledger.Run, cell ledger.Cell) error {
	if run.Token != "" {
		return s.RecordCell(ctx, run, cell)
	}
	return s.db.Write(ctx, func(q Querier) error { return recordCell(ctx, q, s.d, cell) })
}

// Tell is Turn.
func (s *Store) Tell(
	ctx context.Context, slot ledger.Slot, kind ledger.NoticeKind, turn time.Duration,
) (ledger.Turn, error) {
	return s.Turn(ctx, slot, kind, turn)
}
