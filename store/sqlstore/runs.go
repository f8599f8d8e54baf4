package sqlstore

import (
	"context"
	"fmt"
	"time"

	"barkeep/ledger"
	"barkeep/store"
)

// leaseEnded is the reason of runs that were abandoned.
const leaseEnded = "lease ended"

// runColumns are what runs reads. The last one tells that a running run's lease is over.
func (d *Dialect) runColumns() string {
	// The column of a slot date is called trading_date, as the previous release has it.
	return `id, job, trading_date, slot, slot_at, slot_time, slot_zone, attempt, forced, entry, host, pid, state, reason, started,
		finished, token, state = 'running' AND coalesce(lease_until <= ` + d.Now + `, true)`
}

// runs reads all rows of a statement that returns runColumns.
func (d *Dialect) runs(ctx context.Context, q Querier, sql string, args ...any) ([]ledger.Run, error) {
	all := []ledger.Run{}
	var r ledger.Run
	var started, finished stamp
	var at *int64
	var over bool
	into := []any{
		&r.ID, &r.Job, &r.Slot.Date, &r.Slot.Index, &at, &r.Slot.Time, &r.Slot.Zone, &r.Attempt, &r.Forced, &r.Entry, &r.Host,
		&r.PID, &r.State, &r.Reason, &started, &finished, &r.Token, &over,
	}
	err := q.Query(ctx, sql, args, into, func() error {
		r.Started, r.Finished = started.Time, finished.Time
		if r.Slot.Job, r.Slot.At = "", (time.Time{}); r.Slot.Date != "" {
			r.Slot.Job = r.Job
		}
		if at != nil {
			r.Slot.At = time.Unix(*at, 0).UTC()
		}
		if r.Reason = d.hidden(r.Reason); over {
			r.State, r.Reason = ledger.StateAbandoned, leaseEnded
		}
		all = append(all, r)
		return nil
	})
	return all, err
}

// oneRun reads the first row of a statement that returns runColumns; false when there is none.
func (d *Dialect) oneRun(ctx context.Context, q Querier, sql string, args ...any) (ledger.Run, bool, error) {
	all, err := d.runs(ctx, q, sql, args...)
	if err != nil || len(all) == 0 {
		return ledger.Run{}, false, err
	}
	return all[0], true, nil
}

// Runs returns the newest runs, newest first, limit at most. A run whose lease is over reads as abandoned.
func (s *Store) Runs(ctx context.Context, limit int) ([]ledger.Run, error) {
	found, err := s.d.runs(ctx, s.db, `SELECT `+s.d.runColumns()+` FROM runs ORDER BY id DESC LIMIT $1`, max(0, limit))
	if err != nil {
		return nil, fmt.Errorf("the newest %d runs: %w", limit, err)
	}
	return found, nil
}

// SelectRuns returns the newest runs that a filter selects, newest first, limit at most.
func (s *Store) SelectRuns(ctx context.Context, f store.RunFilter, limit int) ([]ledger.Run, error) {
	over := `CASE WHEN state = 'running' AND coalesce(lease_until <= ` + s.d.Now + `, true) THEN 'abandoned' ELSE state END`
	found, err := s.d.runs(ctx, s.db, `
		SELECT `+s.d.runColumns()+`
		FROM runs
		WHERE ($1 = '' OR job = $1) AND ($2 = '' OR `+over+` = $2) AND ($3 = 0 OR id < $3)
			AND ($4 = '' OR EXISTS (SELECT 1 FROM cells WHERE cells.run_id = runs.id AND cells.instrument = $4))
		ORDER BY id DESC
		LIMIT $5`, string(f.Job), string(f.State), f.Before, f.Instrument, max(0, limit))
	if err != nil {
		return nil, fmt.Errorf("the newest %d runs of %+v: %w", limit, f, err)
	}
	return found, nil
}

// Run returns a run by its id; false when there is none. A run whose lease is over reads as abandoned.
func (s *Store) Run(ctx context.Context, id int64) (ledger.Run, bool, error) {
	run, found, err := s.d.oneRun(ctx, s.db, `SELECT `+s.d.runColumns()+` FROM runs WHERE id = $1`, id)
	if err != nil {
		return ledger.Run{}, false, fmt.Errorf("run %d: %w", id, err)
	}
	return run, found, nil
}

// Oldest returns the first run; false when there is none yet. A run whose lease is over reads as abandoned.
func (s *Store) Oldest(ctx context.Context) (ledger.Run, bool, error) {
	run, found, err := s.d.oneRun(ctx, s.db, `SELECT `+s.d.runColumns()+` FROM runs ORDER BY id LIMIT 1`)
	if err != nil {
		return ledger.Run{}, false, fmt.Errorf("the oldest run: %w", err)
	}
	return run, found, nil
}

// InProgress is the oldest run of the job that is running with its lease not over, with a slot or without; false when there
// is none.
func (s *Store) InProgress(ctx context.Context, job ledger.Job) (ledger.Run, bool, error) {
	run, found, err := s.d.oneRun(ctx, s.db, `
		SELECT `+s.d.runColumns()+`
		FROM runs
		WHERE job = $1 AND state = 'running' AND lease_until > `+s.d.Now+`
		ORDER BY id
		LIMIT 1`, string(job))
	if err != nil {
		return ledger.Run{}, false, fmt.Errorf("run of %s in progress: %w", job, err)
	}
	return run, found, nil
}
