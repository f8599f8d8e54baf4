package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"barkeep/ledger"
)

// claimRounds bounds how often a claim looks again after a run of the slot began or ended under its eyes.
const claimRounds = 100

// errMoved tells that what a claim has read is no longer so.
var errMoved = errors.New("its runs begin and end faster than they can be read")

// Claim begins a run of a slot unless another is in the way, and says which; one statement where none is. In the way are, for
// a run that is not forced, one that is done and not forced, and for every run one that is running and whose lease is not
// over by the server's clock. A run whose lease is over becomes abandoned; the claim waits for the transaction that writes
// for it, if there is one, so that every cell is committed before the run is taken over or never. A claim may be repeated
// with the same token: it wins again as long as its run is running. Errors wrap ledger.ErrSlot where the run has no slot.
func (a *Archive) Claim(ctx context.Context, run ledger.Run, lease time.Duration) (ledger.Claim, error) {
	slot, _ := ledger.SlotOf(run)
	claim, err := ledger.Claim{}, slot.Check()
	switch {
	case err != nil:
	case run.Token == "" || lease <= 0:
		err = fmt.Errorf("token %q, lease %s; a claim needs a token and a lease of more than 0", run.Token, lease)
	default:
		claim, err = a.claim(ctx, run, lease)
	}
	if err != nil {
		return ledger.Claim{}, fmt.Errorf("claim %s: %w", slot, err)
	}
	return claim, nil
}

func (a *Archive) claim(ctx context.Context, run ledger.Run, lease time.Duration) (claim ledger.Claim, err error) {
	claim.Run, claim.Won, err = begin(ctx, a.pool, run, lease)
	if claim.Won || err != nil && !unserializable(err) {
		return claim, err
	}
	// Mostly a look is enough to know who won.
	slot, _ := ledger.SlotOf(run)
	winner, found, err := rival(ctx, a.pool, slot, run.Forced)
	if err != nil || found && winner.State != ledger.StateAbandoned && winner.Token != run.Token {
		return ledger.Claim{Run: winner}, err
	}
	err = a.settle(ctx, func(tx *Tx) error {
		claim, err = tx.claim(ctx, run, lease)
		return err
	})
	return claim, err
}

// settle runs do in a transaction of its own, and again in a new one while it returns errMoved.
func (a *Archive) settle(ctx context.Context, do func(*Tx) error) (err error) {
	for range claimRounds {
		if err = a.write(ctx, do); !errors.Is(err, errMoved) {
			return err
		}
	}
	return err
}

// claim decides with what is in the way in sight.
func (t *Tx) claim(ctx context.Context, run ledger.Run, lease time.Duration) (claim ledger.Claim, err error) {
	slot, _ := ledger.SlotOf(run)
	rival, found, err := rival(ctx, t.tx, slot, run.Forced)
	switch {
	case err != nil:
		return claim, err
	case found && rival.State != ledger.StateDone && rival.Token == run.Token:
		claim.Run, claim.Won, err = t.resume(ctx, rival, lease)
	case found && rival.State != ledger.StateAbandoned:
		return ledger.Claim{Run: rival}, nil
	default:
		if found {
			if claim.Abandoned, err = t.abandon(ctx, rival, run.Started); err != nil {
				return claim, err
			}
		}
		claim.Run, claim.Won, err = begin(ctx, t.tx, run, lease)
	}
	if err == nil && !claim.Won {
		err = errMoved
	}
	return claim, err
}

// begin inserts the run unless an index says that another is in the way. The attempt is counted in the same statement.
func begin(ctx context.Context, q querier, run ledger.Run, lease time.Duration) (begun ledger.Run, won bool, err error) {
	return alive(oneRun(ctx, q, `
		INSERT INTO runs (job, trading_date, slot, attempt, forced, entry, host, pid, state, started, token, lease_until)
		SELECT $1::text, $2::text, $3::integer, 1 + greatest(count(*), max(r.attempt)), $4::boolean, $5::text, $6::text,
		       $7::bigint, 'running', $8::timestamptz, $9::text, clock_timestamp() + $10::interval
		FROM runs r
		WHERE r.job = $1 AND r.trading_date = $2 AND r.slot = $3 AND r.trading_date <> '' AND r.state <> 'missed'
		ON CONFLICT DO NOTHING
		RETURNING `+runColumns,
		string(run.Job), run.TradingDate, run.Slot, run.Forced, text(run.Entry), text(run.Host), run.PID, run.Started,
		run.Token, lease))
}

// alive is a run whose lease has just begun. A very short one may be over already when the row is read.
func alive(run ledger.Run, found bool, err error) (ledger.Run, bool, error) {
	if found {
		run.State, run.Reason = ledger.StateRunning, ""
	}
	return run, found, err
}

// rival is the run that is, or may be, in the way of a new one: an effective one that is done, else the running one, of which
// there is one at most. It reads as abandoned when its lease is over.
func rival(ctx context.Context, q querier, slot ledger.Slot, forced bool) (ledger.Run, bool, error) {
	return oneRun(ctx, q, `
		SELECT `+runColumns+`
		FROM runs
		WHERE job = $1 AND trading_date = $2 AND slot = $3 AND trading_date <> ''
		  AND (state = 'running' OR state = 'done' AND NOT forced AND NOT $4)
		ORDER BY state = 'done' DESC, id DESC
		LIMIT 1`, string(slot.Job), slot.Date, slot.Index, forced)
}

// resume lets the lease of a run begin again whose claim was committed but not heard of.
func (t *Tx) resume(ctx context.Context, run ledger.Run, lease time.Duration) (ledger.Run, bool, error) {
	return alive(oneRun(ctx, t.tx, `
		UPDATE runs SET lease_until = clock_timestamp() + $3::interval
		WHERE id = $1 AND token = $2 AND state = 'running'
		RETURNING `+runColumns, run.ID, run.Token, lease))
}

// abandon ends a run whose lease is over. FOR UPDATE waits for the transactions that Fence let through and keeps new ones
// out, which the UPDATE alone would not.
func (t *Tx) abandon(ctx context.Context, run ledger.Run, now time.Time) (ledger.Run, error) {
	abandoned, still, err := oneRun(ctx, t.tx, `
		WITH held AS (
			SELECT r.id AS held_id
			FROM runs r
			WHERE r.id = $1 AND r.state = 'running' AND coalesce(r.lease_until <= clock_timestamp(), true)
			FOR UPDATE
		)
		UPDATE runs SET state = 'abandoned', reason = $2, finished = $3
		FROM held
		WHERE id = held_id
		RETURNING `+runColumns, run.ID, leaseEnded, now)
	if err == nil && !still {
		err = errMoved
	}
	return abandoned, err
}

// unserializable tells whether a statement lost to another one on a server whose transactions are serializable by default.
func unserializable(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "40001"
}
