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

// Claim begins a run unless another is in the way, and says which; one statement where a slot has none.
//
// In the way of a run with a slot are, if it is not forced, one that is done and not forced, and always one that is running
// and whose lease is not over by the database's clock. Nothing is in the way of an ad-hoc run. Runs of the slot, or ad-hoc
// runs of the job, whose lease is over become abandoned; the claim waits for the transactions that write for them, so that
// every cell is committed before its run is taken over or never. A claim may be repeated with the same token: it wins again
// as long as its run is running. Errors wrap ledger.ErrSlot where the slot is none.
func (s *Store) Claim(ctx context.Context, run ledger.Run, lease time.Duration) (claim ledger.Claim, err error) {
	slot, scheduled := ledger.SlotOf(run)
	switch {
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
		claim, err = s.claimSlot(ctx, slot, run, lease)
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

func (s *Store) claimSlot(ctx context.Context, slot ledger.Slot, run ledger.Run, lease time.Duration) (ledger.Claim, error) {
	var claim ledger.Claim
	settled := false
	err := s.db.Direct(ctx, func(q Querier) (err error) {
		claim.Run, claim.Won, err = s.begin(ctx, q, run, lease)
		if claim.Won || err != nil && !s.d.Contended(err) {
			settled = true
			return err
		}
		// Mostly a look is enough to know who won.
		claim.Run, settled, err = s.inTheWay(ctx, q, slot, run.Forced)
		settled = settled && claim.Run.State != ledger.StateAbandoned && claim.Run.Token != run.Token
		return err
	})
	if err != nil || settled {
		return claim, err
	}
	err = s.settle(ctx, func(q Querier) (err error) {
		claim, err = s.decide(ctx, q, slot, run, lease)
		return err
	})
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

// decide claims a slot after it read what is in the way.
func (s *Store) decide(
	ctx context.Context, q Querier, slot ledger.Slot, run ledger.Run, lease time.Duration,
) (claim ledger.Claim, err error) {
	other, found, err := s.inTheWay(ctx, q, slot, run.Forced)
	switch {
	case err != nil:
		return claim, err
	case found && other.State != ledger.StateDone && other.Token == run.Token:
		claim.Run, claim.Won, err = s.resume(ctx, q, other, lease)
	case found && other.State != ledger.StateAbandoned:
		return ledger.Claim{Run: other}, nil
	default:
		if found {
			if other, err = s.abandon(ctx, q, other, run.Started); err != nil {
				return claim, err
			}
			claim.Abandoned = []ledger.Run{other}
		}
		claim.Run, claim.Won, err = s.begin(ctx, q, run, lease)
	}
	if err == nil && !claim.Won {
		err = errMoved
	}
	return claim, err
}

// claimAdHoc begins a run without a slot.
func (s *Store) claimAdHoc(ctx context.Context, run ledger.Run, lease time.Duration) (claim ledger.Claim, err error) {
	err = s.settle(ctx, func(q Querier) error {
		claim = ledger.Claim{}
		running, err := runs(ctx, q, `
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
	return alive(oneRun(ctx, q, `
		INSERT INTO runs (job, trading_date, slot, attempt, forced, entry, host, pid, state, started, token, lease_until)
		SELECT CAST($1 AS text), CAST($2 AS text), CAST($3 AS integer),
		       1 + CASE WHEN count(*) < max(r.attempt) THEN max(r.attempt) ELSE count(*) END,
		       CAST($4 AS boolean), CAST($5 AS text), CAST($6 AS text), CAST($7 AS bigint), 'running', CAST($8 AS timestamptz),
		       CAST($9 AS text), `+s.d.After("$10")+`
		FROM runs r
		WHERE r.job = $1 AND r.trading_date = $2 AND r.slot = $3 AND r.trading_date <> '' AND r.state <> 'missed'
		ON CONFLICT DO NOTHING
		RETURNING `+s.d.runColumns(),
		string(run.Job), run.SlotDate, run.Slot, run.Forced, text(run.Entry), text(run.Host), run.PID, s.d.Time(run.Started),
		run.Token, micros(lease)))
}

// alive is a run whose lease has just begun. A very short one may be over already when the row is read.
func alive(run ledger.Run, found bool, err error) (ledger.Run, bool, error) {
	if found {
		run.State, run.Reason = ledger.StateRunning, ""
	}
	return run, found, err
}

// inTheWay is the run that is, or may be, in the way of a new one: an effective one that is done, else the running one, of
// which there is one at most. It reads as abandoned when its lease is over.
func (s *Store) inTheWay(ctx context.Context, q Querier, slot ledger.Slot, forced bool) (ledger.Run, bool, error) {
	return oneRun(ctx, q, `
		SELECT `+s.d.runColumns()+`
		FROM runs
		WHERE job = $1 AND trading_date = $2 AND slot = $3 AND trading_date <> ''
		  AND (state = 'running' OR state = 'done' AND NOT forced AND NOT CAST($4 AS boolean))
		ORDER BY state = 'done' DESC, id DESC
		LIMIT 1`, string(slot.Job), slot.Date, slot.Index, forced)
}

// resume lets the lease of a run begin again whose claim was committed but whose answer did not arrive.
func (s *Store) resume(ctx context.Context, q Querier, run ledger.Run, lease time.Duration) (ledger.Run, bool, error) {
	return alive(oneRun(ctx, q, `
		UPDATE runs SET lease_until = `+s.d.After("$3")+`
		WHERE id = $1 AND token = $2 AND state = 'running'
		RETURNING `+s.d.runColumns(), run.ID, run.Token, micros(lease)))
}

// abandon ends a run whose lease is over, or says errMoved where it no longer is so. Its lock waits for the transactions that
// Fence let through and keeps new ones out, which PostgreSQL's UPDATE alone would not.
func (s *Store) abandon(ctx context.Context, q Querier, run ledger.Run, now time.Time) (ledger.Run, error) {
	abandoned, still, err := oneRun(ctx, q, `
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
