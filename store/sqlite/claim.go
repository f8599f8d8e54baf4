package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
)

// Claim begins a run of a slot unless another is in the way, and says which. In the way are, for a run that is not forced,
// one that is done and not forced, and for every run one that is running and whose lease is not over by the machine's clock.
// A run whose lease is over becomes abandoned. All of it is one write transaction, so that claims queue up with each other
// and with those that write cells. A claim may be repeated with the same token: it wins again as long as its run is running.
// Errors wrap ledger.ErrSlot where the run has no slot.
func (a *Archive) Claim(ctx context.Context, run ledger.Run, lease time.Duration) (claim ledger.Claim, err error) {
	slot, _ := ledger.SlotOf(run)
	err = slot.Check()
	switch {
	case err != nil:
	case run.Token == "" || lease <= 0:
		err = fmt.Errorf("token %q, lease %s; a claim needs a token and a lease of more than 0", run.Token, lease)
	default:
		err = a.write(ctx, func(tx *Tx) error {
			claim, err = tx.claim(ctx, run, lease)
			return err
		})
	}
	if err != nil {
		return ledger.Claim{}, fmt.Errorf("claim %s: %w", slot, err)
	}
	return claim, nil
}

func (t *Tx) claim(ctx context.Context, run ledger.Run, lease time.Duration) (claim ledger.Claim, err error) {
	slot, _ := ledger.SlotOf(run)
	rival, found, err := t.rival(ctx, slot, run.Forced)
	switch {
	case err != nil:
		return claim, err
	case found && rival.State != ledger.StateDone && rival.Token == run.Token:
		claim.Run, claim.Won, err = t.resume(ctx, rival, lease)
		return claim, err
	case found && rival.State != ledger.StateAbandoned:
		return ledger.Claim{Run: rival}, nil
	case found:
		if claim.Abandoned, err = t.abandon(ctx, rival, run.Started); err != nil {
			return claim, err
		}
	}
	claim.Run, claim.Won, err = t.begin(ctx, run, lease)
	return claim, err
}

// begin inserts the run as the next attempt.
func (t *Tx) begin(ctx context.Context, run ledger.Run, lease time.Duration) (ledger.Run, bool, error) {
	return alive(t.oneRun(ctx, `
		INSERT INTO runs (job, trading_date, slot, attempt, forced, entry, host, pid, state, started, token, lease_until)
		SELECT ?1, ?2, ?3, 1 + max(count(*), coalesce(max(r.attempt), 0)), ?4, ?5, ?6, ?7, 'running', ?8, ?9, `+clockNow+` + ?10
		FROM runs r
		WHERE r.job = ?1 AND r.trading_date = ?2 AND r.slot = ?3 AND r.trading_date <> '' AND r.state <> 'missed'
		RETURNING `+runColumns,
		string(run.Job), run.TradingDate, run.Slot, run.Forced, run.Entry, run.Host, run.PID, run.Started.UnixMicro(),
		run.Token, leaseMillis(lease)))
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
func (t *Tx) rival(ctx context.Context, slot ledger.Slot, forced bool) (ledger.Run, bool, error) {
	return t.oneRun(ctx, `
		SELECT `+runColumns+`
		FROM runs
		WHERE job = ? AND trading_date = ? AND slot = ? AND trading_date <> ''
		  AND (state = 'running' OR state = 'done' AND NOT forced AND NOT ?)
		ORDER BY state = 'done' DESC, id DESC
		LIMIT 1`, string(slot.Job), slot.Date, slot.Index, forced)
}

// resume lets the lease of a run begin again whose claim was committed but not heard of.
func (t *Tx) resume(ctx context.Context, run ledger.Run, lease time.Duration) (ledger.Run, bool, error) {
	return alive(t.oneRun(ctx, `UPDATE runs SET lease_until = `+clockNow+` + ? WHERE id = ? RETURNING `+runColumns,
		leaseMillis(lease), run.ID))
}

// abandon ends a run that was read as abandoned in this transaction.
func (t *Tx) abandon(ctx context.Context, run ledger.Run, now time.Time) (ledger.Run, error) {
	abandoned, found, err := t.oneRun(ctx, `
		UPDATE runs SET state = 'abandoned', reason = ?, finished = ? WHERE id = ? RETURNING `+runColumns,
		leaseEnded, now.UnixMicro(), run.ID)
	if err == nil && !found {
		err = errors.New("the run vanished")
	}
	return abandoned, err
}

// leaseMillis is a duration in the milliseconds of clockNow, rounded up, so that no lease is none.
func leaseMillis(d time.Duration) int64 { return (d + time.Millisecond - 1).Milliseconds() }
