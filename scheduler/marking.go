package scheduler

import (
	"context"

	"barkeep/ledger"
)

// beat keeps the run alive in the ledger and in its marker until ctx ends. When the ledger says that the run was taken over,
// it stops the work. A ledger that does not answer is no reason to: whatever the work commits is fenced.
func (q *question) beat(ctx context.Context, run ledger.Run, stop context.CancelCauseFunc) {
	q.mark(ctx, run)
	for sleep(ctx, q.Heartbeat) == nil {
		still, err := q.heartbeat(ctx, run)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			q.Logger.WarnContext(ctx, "the ledger missed a heartbeat", "slot", q.slot.Key(), "run", run.ID, "error", err)
		case !still:
			stop(ledger.ErrLost)
			return
		}
		q.mark(ctx, run)
	}
}

func (q *question) heartbeat(ctx context.Context, run ledger.Run) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, q.Heartbeat)
	defer cancel()
	return q.Ledger.Heartbeat(ctx, run, q.Lease)
}

// mark writes the run's number into the marker and lets it live on; one that Redis lost is put back.
func (q *question) mark(ctx context.Context, run ledger.Run) {
	if q.Markers == nil || run.Forced {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, q.MarkerTimeout)
	defer cancel()
	lease := ledger.MarkerOf(run)
	still, err := q.Markers.Extend(ctx, q.slot, lease, q.Lease)
	if err == nil && !still {
		// Another may have it who asks the ledger just now, and will leave.
		_, _, err = q.Markers.Claim(ctx, q.slot, lease, q.Lease)
	}
	if err != nil {
		q.Logger.DebugContext(ctx, "marker not extended", "slot", q.slot.Key(), "error", err)
	}
	q.marked = true
}

// putBack writes that the slot is done, which the ledger has said. That it cannot be written is no failure: whoever asks
// next is told by the ledger, and tries again.
func (q *question) putBack(ctx context.Context, run ledger.Run) {
	if q.Markers == nil || run.Forced {
		return
	}
	q.confirmed.set(q.slot, proofOf(run))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.MarkerTimeout)
	defer cancel()
	if err := q.Markers.Done(ctx, q.slot, ledger.MarkerOf(run), q.MarkerTTL); err != nil {
		q.Logger.WarnContext(ctx, "the marker does not say done yet", "slot", q.slot.Key(), "run", run.ID, "error", err)
	}
}

// unmark gives the marker back if it may be ours.
func (q *question) unmark(ctx context.Context) {
	if q.marked {
		q.release(ctx, q.token)
	}
}

// release deletes the marker that bears the token.
func (q *question) release(ctx context.Context, token string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.MarkerTimeout)
	defer cancel()
	if err := q.Markers.Release(ctx, q.slot, token); err != nil {
		q.Logger.WarnContext(ctx, "the marker was not given back and runs out", "slot", q.slot.Key(), "error", err)
	}
}
