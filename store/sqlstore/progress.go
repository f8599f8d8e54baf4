package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"

	"barkeep/ledger"
)

// RecordProgress writes what a run is doing now, for other processes to show. The error wraps ledger.ErrLost when the run was
// taken over.
func (s *Store) RecordProgress(ctx context.Context, run ledger.Run, progress ledger.Progress) error {
	progress.Waiting = s.d.hidden(progress.Waiting)
	said, err := json.Marshal(progress)
	if err == nil {
		var n int64
		n, err = s.exec(ctx, `UPDATE runs SET progress = $3 WHERE id = $1 AND token = $2 AND state = 'running'`,
			run.ID, run.Token, text(string(said)))
		if err == nil && n == 0 {
			err = ledger.ErrLost
		}
	}
	if err != nil {
		return fmt.Errorf("record the progress of run %d: %w", run.ID, err)
	}
	return nil
}

// Progress is what a run in state running said last; false when it said nothing yet, or has ended.
func (s *Store) Progress(ctx context.Context, runID int64) (progress ledger.Progress, found bool, err error) {
	var said string
	found, err = one(ctx, s.db, `SELECT progress FROM runs WHERE id = $1 AND state = 'running' AND progress <> ''`,
		[]any{runID}, []any{&said})
	if err == nil && found {
		err = json.Unmarshal([]byte(said), &progress)
	}
	if err != nil {
		return ledger.Progress{}, false, fmt.Errorf("progress of run %d: %w", runID, err)
	}
	return progress, found, nil
}
