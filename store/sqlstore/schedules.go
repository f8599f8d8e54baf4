package sqlstore

import (
	"context"
	"fmt"
	"time"

	"barkeep/ledger"
)

// ScheduleChanges are the schedules by which the job was run, each with since when, rising; to the microsecond.
func (s *Store) ScheduleChanges(ctx context.Context, job ledger.Job) ([]ledger.ScheduleChange, error) {
	changes, err := scheduleChanges(ctx, s.db, job)
	if err != nil {
		return nil, fmt.Errorf("by which schedules %s was run: %w", job, err)
	}
	return changes, nil
}

func scheduleChanges(ctx context.Context, q Querier, job ledger.Job) (changes []ledger.ScheduleChange, err error) {
	var since int64
	var schedule string
	err = q.Query(ctx, `SELECT since, schedule FROM schedule_changes WHERE job = $1 ORDER BY since`, []any{string(job)},
		[]any{&since, &schedule}, func() error {
			changes = append(changes, ledger.ScheduleChange{Since: time.UnixMicro(since).UTC(), Schedule: schedule})
			return nil
		})
	return changes, err
}

// clockSlack is how far the clocks of two machines may be apart without one of them counting as wrong here.
const clockSlack = time.Hour

// ChangeSchedule records that the job is run by this schedule (its text) from now on, unless it is so already, and returns what
// ScheduleChanges does then. What was recorded for a time well after now came from a wrong clock, and goes; unless it is now that
// is wrong, by the database's clock and by the slots that were run. Then the change counts from the latest of these.
func (s *Store) ChangeSchedule(
	ctx context.Context, job ledger.Job, schedule string, now time.Time,
) (changes []ledger.ScheduleChange, err error) {
	schedule = text(schedule)
	err = s.db.Write(ctx, func(q Querier) error {
		// The row of the previous release's table is the lock: one process at a time.
		if _, err := q.Exec(ctx, `
			INSERT INTO schedules (job, schedule, since) VALUES ($1, $2, $3)
			ON CONFLICT (job) DO UPDATE SET schedule = excluded.schedule,
			       since = CASE WHEN schedules.schedule = excluded.schedule THEN schedules.since ELSE excluded.since END`,
			string(job), schedule, s.d.Time(now)); err != nil {
			return err
		}
		latest, err := s.latest(ctx, q, job, now)
		if err != nil {
			return err
		}
		if _, err := q.Exec(ctx, `DELETE FROM schedule_changes WHERE job = $1 AND since > $2`, string(job),
			latest.Add(clockSlack).UnixMicro()); err != nil {
			return err
		}
		if changes, err = scheduleChanges(ctx, q, job); err != nil {
			return err
		}
		since := now.UnixMicro()
		if n := len(changes); n > 0 && changes[n-1].Schedule == schedule {
			return nil
		} else if n > 0 {
			if now.Before(changes[n-1].Since.Add(-clockSlack)) {
				since = latest.UnixMicro()
			}
			since = max(since, changes[n-1].Since.UnixMicro()+1)
		}
		_, err = q.Exec(ctx, `
			INSERT INTO schedule_changes (job, since, schedule) VALUES ($1, $2, $3)
			ON CONFLICT (job, since) DO UPDATE SET schedule = excluded.schedule`, string(job), since, schedule)
		if err == nil {
			changes, err = scheduleChanges(ctx, q, job)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("record that %s is run at %s: %w", job, schedule, err)
	}
	return changes, nil
}

// DropSchedules forgets which schedules came into force before a time.
func (s *Store) DropSchedules(ctx context.Context, job ledger.Job, before time.Time) error {
	_, err := s.exec(ctx, `DELETE FROM schedule_changes WHERE job = $1 AND since < $2`, string(job), before.UnixMicro())
	if err != nil {
		return fmt.Errorf("forget by which schedules %s was run before %s: %w", job, before.UTC().Format(time.RFC3339), err)
	}
	return nil
}

// latest is the latest of now, the database's clock, and the newest slot of the job that was run: it is not earlier than that.
func (s *Store) latest(ctx context.Context, q Querier, job ledger.Job, now time.Time) (time.Time, error) {
	var clock, slot int64
	_, err := one(ctx, q, `
		SELECT `+s.d.NowMicros+`, coalesce(max(slot_at), 0) FROM runs WHERE job = $1 AND state <> 'missed'`, []any{string(job)},
		[]any{&clock, &slot})
	return time.UnixMicro(max(now.UnixMicro(), clock, slot*1_000_000)), err
}

// Audited is the instant before which all slots of the job are done or told; the zero time when it was never written.
func (s *Store) Audited(ctx context.Context, job ledger.Job) (until time.Time, err error) {
	var micros int64
	found, err := one(ctx, s.db, `SELECT until FROM audits WHERE job = $1`, []any{string(job)}, []any{&micros})
	if err != nil {
		return time.Time{}, fmt.Errorf("up to when the slots of %s were audited: %w", job, err)
	}
	if found {
		until = time.UnixMicro(micros).UTC()
	}
	return until, nil
}

// SetAudited writes what Audited returns.
func (s *Store) SetAudited(ctx context.Context, job ledger.Job, until time.Time) error {
	_, err := s.exec(ctx, `
		INSERT INTO audits (job, until) VALUES ($1, $2) ON CONFLICT (job) DO UPDATE SET until = excluded.until`, string(job),
		until.UnixMicro())
	if err != nil {
		return fmt.Errorf("record up to when the slots of %s were audited: %w", job, err)
	}
	return nil
}

// NameSlots gives the runs of earlier releases, which wrote the date and the number of their slot only, the slot that they were
// for as far as find tells it; and their cells what makes them effective imports. It returns how many it named. It may be
// repeated, and costs little where nothing is to be named.
func (s *Store) NameSlots(ctx context.Context, find func(ledger.Run) (ledger.Slot, bool)) (named int, err error) {
	const unnamed = ` FROM runs WHERE trading_date <> '' AND slot_at IS NULL`
	old, err := s.d.runs(ctx, s.db, `SELECT `+s.d.runColumns()+unnamed+` ORDER BY id`)
	if err != nil {
		return 0, fmt.Errorf("read the runs of earlier releases: %w", err)
	}
	for _, run := range old {
		slot, ok := find(run)
		if !ok {
			continue
		}
		if err := s.db.Write(ctx, func(q Querier) error { return s.nameSlot(ctx, q, run.ID, slot) }); err != nil {
			return named, fmt.Errorf("name the slot of run %d: %w", run.ID, err)
		}
		named++
	}
	return named, nil
}

func (s *Store) nameSlot(ctx context.Context, q Querier, run int64, slot ledger.Slot) error {
	// Where a run of the slot is running, or is missed, already, the older one stays as it is: the index lets one be.
	n, err := q.Exec(ctx, `
		UPDATE runs SET slot_at = $2, slot_time = $3, slot_zone = $4
		WHERE id = $1 AND slot_at IS NULL AND NOT EXISTS (
			SELECT 1 FROM runs o WHERE o.job = runs.job AND o.slot_at = $2 AND
			       (o.state = runs.state AND o.state IN ('running', 'missed') OR o.attempt = runs.attempt))`,
		run, slotAt(slot), slot.Time, slot.Zone)
	if err != nil || n == 0 {
		return err
	}
	_, err = q.Exec(ctx, `
		UPDATE cells SET job = $2, slot_at = $3
		WHERE run_id = $1 AND state IN ('stored', 'closed', 'unavailable')
		  AND EXISTS (SELECT 1 FROM runs r WHERE r.id = $1 AND NOT r.forced)
		  AND NOT EXISTS (SELECT 1 FROM cells o WHERE o.job = $2 AND o.slot_at = $3 AND o.instrument = cells.instrument
		                  AND o.timeframe = cells.timeframe)`, run, string(slot.Job), slotAt(slot))
	return err
}
