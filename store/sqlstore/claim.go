package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
)

// claimRounds bounds how often a claim looks again after a run of the slot began or ended between two of its statements.
const claimRounds = 100

// errMoved tells that what a claim has read is no longer so.
var errMoved = errors.New("its runs begin and end faster than they can be read")

// Claim begins a run unless something is in the way, and says what.
//
// In the way of a run with a slot is one that is running and whose lease is not over by the database's clock; and, of one that is
// not forced, that the slot is done for the series that are kept (ledger.Kept.Judge). Nothing is in the way of an ad-hoc run.
// Runs of the slot, or ad-hoc runs of the job, whose lease is over become abandoned; the claim waits for the transactions that
// write for them, so that every cell is committed before its run is taken over or never. A claim may be repeated with the same
// token: it wins again as long as its run is running. Errors wrap ledger.ErrSlot where the slot is none.
func (s *Store) Claim(
	ctx context.Context, run ledger.Run, kept ledger.Kept, lease time.Duration,
) (claim ledger.Claim, err error) {
	slot, scheduled := run.Slot, run.Scheduled()
	switch {
	case scheduled && run.Job != slot.Job:
		err = fmt.Errorf("%w: a run of job %q for %s", ledger.ErrSlot, run.Job, slot)
	case scheduled:
		err = slot.Check()
	case run.Job == "":
		err = fmt.Errorf("%w: the run has no job", ledger.ErrSlot)
	}
	switch {
	case err != nil:
	case run.Token == "" || lease <= 0:
		err = fmt.Errorf("token %q, lease %s; a claim needs a token and a lease of more than 0", run.Token, lease)
	case scheduled:
		claim, err = s.claimSlot(ctx, run, kept, lease)
	default:
		claim, err = s.claimAdHoc(ctx, run, lease)
	}
	switch {
	case err == nil:
		return claim, nil
	case scheduled:
		return ledger.Claim{}, fmt.Errorf("claim %s: %w", slot, err)
	}
	return ledger.Claim{}, fmt.Errorf("begin an ad-hoc run of %s: %w", run.Job, err)
}

func (s *Store) claimSlot(
	ctx context.Context, run ledger.Run, kept ledger.Kept, lease time.Duration,
) (claim ledger.Claim, err error) {
	// Mostly a look is enough to know that another has it, or that it is done.
	seen, found, err := s.judged(ctx, s.db, run.Slot, kept, 0)
	switch {
	case err != nil:
		return claim, err
	case found && !run.Forced && seen.State == ledger.StateDone,
		found && seen.State == ledger.StateRunning && seen.Token != run.Token:
		return ledger.Claim{Run: seen}, nil
	}
	err = s.settle(ctx, func(q Querier) (err error) {
		claim, err = s.decide(ctx, q, run, kept, lease)
		return err
	})
	if errors.Is(err, errDone) {
		err = nil
	}
	return claim, err
}

// settle runs do in a transaction of its own, and again in a new one while it returns errMoved.
func (s *Store) settle(ctx context.Context, do func(Querier) error) (err error) {
	for range claimRounds {
		if err = s.db.Write(ctx, do); !errors.Is(err, errMoved) {
			return err
		}
	}
	return err
}

// decide claims a slot. It looks whether the slot is done only when the new run keeps others from beginning one, and takes the
// run back (errDone) if it is.
func (s *Store) decide(
	ctx context.Context, q Querier, run ledger.Run, kept ledger.Kept, lease time.Duration,
) (claim ledger.Claim, err error) {
	claim.Run, claim.Won, err = s.begin(ctx, q, run, lease)
	if err == nil && !claim.Won {
		claim, err = s.takeOver(ctx, q, run, lease)
	}
	switch {
	case err != nil && s.d.Contended(err):
		return claim, errMoved
	case err != nil || !claim.Won || run.Forced || len(claim.Abandoned) > 0: // an abandoned run is followed by one that ends
		return claim, err
	}
	judged, found, err := s.judged(ctx, q, run.Slot, kept, claim.Run.ID)
	if err == nil && found && judged.State == ledger.StateDone {
		return ledger.Claim{Run: judged}, errDone
	}
	return claim, err
}

// takeOver deals with the run that keeps another from beginning: it is the claim's own, alive, or dead.
func (s *Store) takeOver(ctx context.Context, q Querier, run ledger.Run, lease time.Duration) (claim ledger.Claim, err error) {
	other, found, err := s.running(ctx, q, run.Slot)
	switch {
	case err != nil:
		return claim, err
	case found && other.Token == run.Token:
		claim.Run, claim.Won, err = s.resume(ctx, q, other, lease)
	case found && other.State == ledger.StateRunning:
		return ledger.Claim{Run: other}, nil
	case found:
		if other, err = s.abandon(ctx, q, other, run.Started); err != nil {
			return claim, err
		}
		claim.Abandoned = []ledger.Run{other}
		claim.Run, claim.Won, err = s.begin(ctx, q, run, lease)
	}
	if err == nil && !claim.Won {
		err = errMoved
	}
	return claim, err
}

// errDone undoes the beginning of a run whose slot is done.
var errDone = errors.New("the slot is done")

// claimAdHoc begins a run without a slot.
func (s *Store) claimAdHoc(ctx context.Context, run ledger.Run, lease time.Duration) (claim ledger.Claim, err error) {
	err = s.settle(ctx, func(q Querier) error {
		claim = ledger.Claim{}
		running, err := s.d.runs(ctx, q, `
			SELECT `+s.d.runColumns()+`
			FROM runs
			WHERE job = $1 AND trading_date = '' AND state = 'running'
			ORDER BY id`, string(run.Job))
		if err != nil {
			return err
		}
		for _, other := range running {
			if other.Token == run.Token {
				claim.Run, claim.Won, err = s.resume(ctx, q, other, lease)
			} else if other.State == ledger.StateAbandoned {
				if other, err = s.abandon(ctx, q, other, run.Started); err == nil {
					claim.Abandoned = append(claim.Abandoned, other)
				}
			}
			if err != nil {
				return err
			}
		}
		if !claim.Won {
			claim.Run, claim.Won, err = s.begin(ctx, q, run, lease)
		}
		if err == nil && !claim.Won {
			err = errMoved
		}
		return err
	})
	return claim, err
}

// begin inserts the run unless an index says that another is in the way. The attempt is counted in the same statement.
func (s *Store) begin(ctx context.Context, q Querier, run ledger.Run, lease time.Duration) (ledger.Run, bool, error) {
	return alive(s.d.oneRun(ctx, q, `
		INSERT INTO runs (job, trading_date, slot, attempt, forced, entry, host, pid, state, started, token, lease_until,
		       slot_at, slot_time, slot_zone)
		SELECT CAST($1 AS text), CAST($2 AS text), CAST($3 AS integer),
		       1 + CASE WHEN count(*) < max(r.attempt) THEN max(r.attempt) ELSE count(*) END,
		       CAST($4 AS boolean), CAST($5 AS text), CAST($6 AS text), CAST($7 AS bigint), 'running', CAST($8 AS timestamptz),
		       CAST($9 AS text), `+s.d.After("$10")+`, CAST($11 AS bigint), CAST($12 AS text), CAST($13 AS text)
		FROM runs r
		WHERE r.job = $1 AND r.slot_at = $11 AND r.state <> 'missed'
		ON CONFLICT DO NOTHING
		RETURNING `+s.d.runColumns(),
		string(run.Job), text(run.Slot.Date), run.Slot.Index, run.Forced, text(run.Entry), text(run.Host), run.PID,
		s.d.Time(run.Started), run.Token, micros(lease), slotAt(run.Slot), text(run.Slot.Time), text(run.Slot.Zone)))
}

// alive is a run whose lease has just begun. A very short one may be over already when the row is read.
func alive(run ledger.Run, found bool, err error) (ledger.Run, bool, error) {
	if found {
		run.State, run.Reason = ledger.StateRunning, ""
	}
	return run, found, err
}

// slotAt is a slot's instant as tables hold it: NULL for that of an ad-hoc run.
func slotAt(slot ledger.Slot) any {
	if slot.At.IsZero() {
		return nil
	}
	return slot.At.Unix()
}

// running is the run of a slot that is running, of which there is one at most. It reads as abandoned when its lease is over.
func (s *Store) running(ctx context.Context, q Querier, slot ledger.Slot) (ledger.Run, bool, error) {
	return s.d.oneRun(ctx, q, `
		SELECT `+s.d.runColumns()+`
		FROM runs
		WHERE job = $1 AND slot_at = $2 AND state = 'running'`, string(slot.Job), slotAt(slot))
}

// resume lets the lease of a run begin again whose claim was committed but whose answer did not arrive.
func (s *Store) resume(ctx context.Context, q Querier, run ledger.Run, lease time.Duration) (ledger.Run, bool, error) {
	return alive(s.d.oneRun(ctx, q, `
		UPDATE runs SET lease_until = `+s.d.After("$3")+`
		WHERE id = $1 AND token = $2 AND state = 'running'
		RETURNING `+s.d.runColumns(), run.ID, run.Token, micros(lease)))
}

// abandon ends a run whose lease is over, or says errMoved where it no longer is so. Its lock waits for the transactions that
// Fence let through and keeps new ones out, which PostgreSQL's UPDATE alone would not.
func (s *Store) abandon(ctx context.Context, q Querier, run ledger.Run, now time.Time) (ledger.Run, error) {
	abandoned, still, err := s.d.oneRun(ctx, q, `
		WITH held AS (
			SELECT r.id AS held_id
			FROM runs r
			WHERE r.id = $1 AND r.state = 'running' AND coalesce(r.lease_until <= `+s.d.Now+`, true)`+s.d.ForUpdate+`
		)
		UPDATE runs SET state = 'abandoned', reason = $2, finished = $3
		FROM held
		WHERE id = held_id
		RETURNING `+s.d.runColumns(), run.ID, leaseEnded, s.d.Time(now))
	if err == nil && !still {
		err = errMoved
	}
	return abandoned, err
}
