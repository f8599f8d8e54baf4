package scheduler

import (
	"context"
	"fmt"

	"barkeep/ledger"
)

// proof names a run that the ledger has as done.
type proof struct {
	run   int64
	token string
}

func proofOf(run ledger.Run) proof { return proof{run.ID, run.Token} }

// believe answers a done marker. It is a copy of what the ledger said once, and outlives a restore of an older database; so
// the ledger is asked for the run before this process believes it for the first time. A ledger that does not answer leaves
// the question open: done is said on evidence only, and who asks again is answered once it is back. Markers that were
// confirmed before are believed meanwhile.
func (q *question) believe(ctx context.Context, marked ledger.Run) (Answer, error) {
	if q.confirmed.get(q.slot) == proofOf(marked) {
		return q.done(ctx, marked)
	}
	var latest ledger.Run
	var known bool
	err := q.again(ctx, func(ctx context.Context) (err error) {
		latest, known, err = q.Ledger.Latest(ctx, q.slot)
		return err
	})
	switch {
	case err != nil:
		return Answer{}, fmt.Errorf("look in the ledger for run %d, which by its marker did %s: %w", marked.ID, q.slot, err)
	case !known || latest.State != ledger.StateDone:
		q.retract(ctx, marked, latest)
		return q.claim(ctx)
	case proofOf(latest) != proofOf(marked):
		q.Logger.WarnContext(ctx, "the marker named another run than the ledger, and was put right", "slot", q.slot.Key(),
			"marker", marked.ID, "run", latest.ID)
		q.putBack(ctx, latest)
	default:
		q.confirmed.set(q.slot, proofOf(latest))
	}
	return q.done(ctx, latest)
}

// retract takes away a done marker whose run the ledger does not have. Where that can't be done it is passed over.
//
// It is not deleted but overwritten with this try's lease, so that the claim that follows finds it won. Another process may
// write between the look and that, and lose what it wrote: no more than by a Redis that forgets, since a heartbeat puts a
// lease back, and the ledger the word that the slot is done.
func (q *question) retract(ctx context.Context, marked, latest ledger.Run) {
	marker, found := q.look(ctx)
	if !found || proofOf(marker.RunOf(q.slot)) != proofOf(marked) || marker.State != ledger.MarkerDone {
		return // another was faster, or Redis went away
	}
	q.Logger.WarnContext(ctx, "the marker says done but the ledger lacks its run, as after a restore: the marker is removed",
		"slot", q.slot.Key(), "marker", marked.ID, "run", latest.ID, "state", latest.State)
	ctx, cancel := context.WithTimeout(ctx, q.MarkerTimeout)
	defer cancel()
	q.marked = true // after an error it may be ours all the same
	if err := q.Markers.Done(ctx, q.slot, ledger.MarkerOf(q.newRun(false)), q.Lease); err != nil {
		q.Logger.WarnContext(ctx, "the marker was not removed and is ignored", "slot", q.slot.Key(), "error", err)
		q.bypass, q.up = true, false
	}
}
