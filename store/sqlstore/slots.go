package sqlstore

import (
	"context"
	"fmt"
	"time"

	"barkeep/ledger"
)

// standingFirst sorts the runs of a slot so that the one that tells how it stands comes first: the one that is done, the one
// that is running with its lease not over, the newest.
func (d *Dialect) standingFirst() string {
	return `CASE WHEN state = 'done' THEN 1 WHEN state = 'running' AND lease_until > ` + d.Now + ` THEN 2 ELSE 3 END, id DESC`
}

// Latest is the run that tells how a slot stands: the one that is done if there is one, else the one that is running, else
// the newest, also a row that says it was missed. Forced runs are left out, and a run whose lease is over reads as
// abandoned. False when there is none.
func (s *Store) Latest(ctx context.Context, slot ledger.Slot) (ledger.Run, bool, error) {
	run, found, err := oneRun(ctx, s.db, `
		SELECT `+s.d.runColumns()+`
		FROM runs
		WHERE job = $1 AND trading_date = $2 AND slot = $3 AND trading_date <> '' AND NOT forced
		ORDER BY `+s.d.standingFirst()+`
		LIMIT 1`, string(slot.Job), slot.Date, slot.Index)
	if err != nil {
		return ledger.Run{}, false, fmt.Errorf("latest run of %s: %w", slot, err)
	}
	return run, found, nil
}

// Standing is Latest of every slot of the job with a slot date from from to to, both included; ordered by date and slot.
// Slots without a run are left out.
func (s *Store) Standing(ctx context.Context, job ledger.Job, from, to string) ([]ledger.Run, error) {
	found, err := runs(ctx, s.db, `
		SELECT `+s.d.runColumns()+`
		FROM (
			SELECT r.*, row_number() OVER (PARTITION BY trading_date, slot ORDER BY `+s.d.standingFirst()+`) AS nth
			FROM runs r
			WHERE job = $1 AND trading_date >= $2 AND trading_date <= $3 AND trading_date <> '' AND NOT forced
		) t
		WHERE nth = 1
		ORDER BY trading_date, slot`, string(job), from, to)
	if err != nil {
		return nil, fmt.Errorf("how the slots of %s from %s to %s stand: %w", job, from, to, err)
	}
	return found, nil
}

// Since is the instant since which the job is run by this schedule, to the microsecond. The first call for a job, and the
// first with another text than the last, write now and return it; all others return what is written.
func (s *Store) Since(ctx context.Context, job ledger.Job, schedule string, now time.Time) (time.Time, error) {
	var since stamp
	schedule = text(schedule)
	found, err := one(ctx, s.db, `SELECT since FROM schedules WHERE job = $1 AND schedule = $2`,
		[]any{string(job), schedule}, []any{&since})
	if err == nil && !found {
		err = s.db.Direct(ctx, func(q Querier) error {
			_, err := one(ctx, q, `
				INSERT INTO schedules (job, schedule, since) VALUES ($1, $2, $3)
				ON CONFLICT (job) DO UPDATE SET schedule = excluded.schedule,
				       since = CASE WHEN schedules.schedule = excluded.schedule THEN schedules.since ELSE excluded.since END
				RETURNING since`, []any{string(job), schedule, s.d.Time(now)}, []any{&since})
			return err
		})
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("since when %s is run at %s: %w", job, schedule, err)
	}
	return since.Time, nil
}

// Missed records once that a slot passed without a success: a row in state missed, with attempt 0 and now as its start and
// end; a run of the slot whose lease is over becomes abandoned. It does nothing and returns false if a run of the slot is
// done and not forced, or running with its lease not over. Errors wrap ledger.ErrSlot where the slot is none.
func (s *Store) Missed(ctx context.Context, slot ledger.Slot, reason string, now time.Time) (recorded bool, err error) {
	if err = slot.Check(); err == nil {
		err = s.settle(ctx, func(q Querier) error {
			recorded, err = s.missed(ctx, q, slot, reason, now)
			return err
		})
	}
	if err != nil {
		return false, fmt.Errorf("record that %s was missed: %w", slot, err)
	}
	return recorded, nil
}

func (s *Store) missed(ctx context.Context, q Querier, slot ledger.Slot, reason string, now time.Time) (bool, error) {
	run, found, err := s.inTheWay(ctx, q, slot, false)
	switch {
	case err != nil:
		return false, err
	case found && run.State != ledger.StateAbandoned:
		return false, nil
	case found:
		if _, err := s.abandon(ctx, q, run, now); err != nil {
			return false, err
		}
	}
	_, err = q.Exec(ctx, `
		INSERT INTO runs (job, trading_date, slot, attempt, state, reason, started, finished)
		VALUES ($1, $2, $3, 0, 'missed', $4, $5, $5)
		ON CONFLICT DO NOTHING`, string(slot.Job), slot.Date, slot.Index, text(reason), s.d.Time(now))
	return err == nil, err
}
