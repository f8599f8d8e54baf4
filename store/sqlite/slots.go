package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
)

// telling orders the runs of a slot by how much they tell of how it stands: the one that is done, the one that is running
// with its lease not over, the newest.
const telling = `CASE WHEN state = 'done' THEN 1 WHEN state = 'running' AND lease_until > ` + clockNow + ` THEN 2 ELSE 3 END,
	id DESC`

// Latest is the run that tells how a slot stands: the one that is done if there is one, else the one that is running, else
// the newest, also a row that says it was missed. Forced runs are left out, and a run whose lease is over reads as
// abandoned. False when there is none.
func (a *Archive) Latest(ctx context.Context, slot ledger.Slot) (ledger.Run, bool, error) {
	run, found, err := oneRun(ctx, a.reader, `
		SELECT `+runColumns+`
		FROM runs
		WHERE job = ? AND trading_date = ? AND slot = ? AND trading_date <> '' AND NOT forced
		ORDER BY `+telling+`
		LIMIT 1`, string(slot.Job), slot.Date, slot.Index)
	if err != nil {
		return ledger.Run{}, false, fmt.Errorf("latest run of %s: %w", slot, err)
	}
	return run, found, nil
}

// Standing is Latest of every slot of the job with a trading date from from to to, both included; ordered by date and slot.
// Slots without a run are left out.
func (a *Archive) Standing(ctx context.Context, job ledger.Job, from, to string) ([]ledger.Run, error) {
	found, err := runs(ctx, a.reader, `
		SELECT `+runColumns+`
		FROM (
			SELECT *, row_number() OVER (PARTITION BY trading_date, slot ORDER BY `+telling+`) AS place
			FROM runs
			WHERE job = ? AND trading_date >= ? AND trading_date <= ? AND trading_date <> '' AND NOT forced
		)
		WHERE place = 1
		ORDER BY trading_date, slot`, string(job), from, to)
	if err != nil {
		return nil, fmt.Errorf("how the slots of %s from %s to %s stand: %w", job, from, to, err)
	}
	return found, nil
}

// Committed returns the newest cell of each series over the attempts of a slot, forced ones left out; newest by run ID.
// They are ordered by instrument and timeframe as text.
func (a *Archive) Committed(ctx context.Context, slot ledger.Slot) ([]ledger.Cell, error) {
	rows, err := a.reader.QueryContext(ctx, `
		SELECT `+cellColumns+`
		FROM (
			SELECT c.*, row_number() OVER (PARTITION BY c.instrument, c.timeframe ORDER BY c.run_id DESC) AS place
			FROM runs r JOIN cells c ON c.run_id = r.id
			WHERE r.job = ? AND r.trading_date = ? AND r.slot = ? AND r.trading_date <> '' AND NOT r.forced
		) c
		WHERE c.place = 1
		ORDER BY c.instrument, c.timeframe`, string(slot.Job), slot.Date, slot.Index)
	if err != nil {
		return nil, fmt.Errorf("cells of %s: %w", slot, err)
	}
	cells, err := collect(rows, scanCell)
	if err != nil {
		return nil, fmt.Errorf("cells of %s: %w", slot, err)
	}
	return cells, nil
}

// InProgress is the oldest run of the job that is running with its lease not over, with a slot or ad hoc; false when there
// is none. A run of StartRun has a lease of ten minutes unless its heart beats.
func (a *Archive) InProgress(ctx context.Context, job ledger.Job) (ledger.Run, bool, error) {
	run, found, err := oneRun(ctx, a.reader, `
		SELECT `+runColumns+`
		FROM runs
		WHERE job = ? AND state = 'running' AND lease_until > `+clockNow+`
		ORDER BY id
		LIMIT 1`, string(job))
	if err != nil {
		return ledger.Run{}, false, fmt.Errorf("run of %s in progress: %w", job, err)
	}
	return run, found, nil
}

// Since is the instant since which the job is run by this schedule, to the microsecond. The first call for a job, and the
// first with another text than the last, write now and return it; all others return what is written.
func (a *Archive) Since(ctx context.Context, job ledger.Job, schedule string, now time.Time) (time.Time, error) {
	var since int64
	err := a.reader.QueryRowContext(ctx, `SELECT since FROM schedules WHERE job = ? AND schedule = ?`,
		string(job), schedule).Scan(&since)
	if errors.Is(err, sql.ErrNoRows) {
		err = a.write(ctx, func(tx *Tx) error {
			return tx.conn.QueryRowContext(context.WithoutCancel(ctx), `
				INSERT INTO schedules (job, schedule, since) VALUES (?, ?, ?)
				ON CONFLICT (job) DO UPDATE SET schedule = excluded.schedule,
				       since = CASE WHEN schedules.schedule = excluded.schedule THEN schedules.since ELSE excluded.since END
				RETURNING since`, string(job), schedule, now.UnixMicro()).Scan(&since)
		})
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("since when %s is run at %s: %w", job, schedule, err)
	}
	return time.UnixMicro(since).UTC(), nil
}

// Missed records once that a slot passed without a success: a row in state missed, with attempt 0 and now as its start and
// end; a run of the slot whose lease is over becomes abandoned. It does nothing and returns false if a run of the slot is
// done and not forced, or running with its lease not over. Errors wrap ledger.ErrSlot where the slot is none.
func (a *Archive) Missed(ctx context.Context, slot ledger.Slot, reason string, now time.Time) (recorded bool, err error) {
	if err = slot.Check(); err == nil {
		err = a.write(ctx, func(tx *Tx) error {
			recorded, err = tx.missed(ctx, slot, reason, now)
			return err
		})
	}
	if err != nil {
		return false, fmt.Errorf("record that %s was missed: %w", slot, err)
	}
	return recorded, nil
}

func (t *Tx) missed(ctx context.Context, slot ledger.Slot, reason string, now time.Time) (bool, error) {
	rival, found, err := t.rival(ctx, slot, false)
	switch {
	case err != nil:
		return false, err
	case found && rival.State != ledger.StateAbandoned:
		return false, nil
	case found:
		if _, err := t.abandon(ctx, rival, now); err != nil {
			return false, err
		}
	}
	_, err = t.exec(ctx, `
		INSERT INTO runs (job, trading_date, slot, attempt, state, reason, started, finished)
		VALUES (?1, ?2, ?3, 0, 'missed', ?4, ?5, ?5)
		ON CONFLICT DO NOTHING`, string(slot.Job), slot.Date, slot.Index, reason, now.UnixMicro())
	return err == nil, err
}
