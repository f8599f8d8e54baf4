package gate

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

// believe is the result for a done marker. The marker is a copy of what the ledger said once, and outlives a restore of an
// older database; so the ledger is asked for the run before this process trusts the marker for the first time. When the
// ledger does not answer, the result is an error: a slot is called done on evidence only. Markers that were confirmed before
// are trusted meanwhile.
func (c *claimant) believe(ctx context.Context, marked ledger.Run) (Result, error) {
	if c.confirmed.get(c.slot) == proofOf(marked) {
		return c.done(ctx, marked)
	}
	var latest ledger.Run
	var known bool
	err := c.again(ctx, func(ctx context.Context) (err error) {
		latest, known, err = c.Ledger.Latest(ctx, c.slot)
		return err
	})
	switch {
	case err != nil:
		return Result{}, fmt.Errorf("look in the ledger for run %d, which by its marker did %s: %w", marked.ID, c.slot, err)
	case !known || latest.State != ledger.StateDone:
		c.retract(ctx, marked, latest)
		return c.claim(ctx)
	case proofOf(latest) != proofOf(marked):
		c.Logger.WarnContext(ctx, "the marker named another run than the ledger, and was put right", "slot", c.slotName(c.slot),
			"marker", marked.ID, "run", latest.ID)
		c.putBack(ctx, latest)
	default:
		c.confirmed.set(c.slot, proofOf(latest))
	}
	return c.done(ctx, latest)
}

// retract takes away a done marker whose run the ledger does not have. Where that can't be done the marker is ignored.
//
// It is not deleted but overwritten with this try's lease, so that the claim that follows finds it won. What another process
// writes between the look and that is lost. That does no more harm than a Redis that forgets: a heartbeat writes its lease
// again, and whoever asks the ledger writes the done marker again.
func (c *claimant) retract(ctx context.Context, marked, latest ledger.Run) {
	marker, found := c.look(ctx)
	if !found || proofOf(marker.RunOf(c.slot)) != proofOf(marked) || marker.State != ledger.MarkerDone {
		return // another was faster, or Redis went away
	}
	c.Logger.WarnContext(ctx, "the marker says done but the ledger lacks its run, as after a restore: the marker is removed",
		"slot", c.slotName(c.slot), "marker", marked.ID, "run", latest.ID, "state", latest.State)
	ctx, cancel := context.WithTimeout(ctx, c.MarkerTimeout)
	defer cancel()
	c.ours = true // after an error it may be ours all the same
	if err := c.Markers.Done(ctx, c.slot, ledger.MarkerOf(c.wanted(false)), c.Lease); err != nil {
		c.Logger.WarnContext(ctx, "the marker was not removed and is ignored", "slot", c.slotName(c.slot), "error", err)
		c.bypass, c.up = true, false
	}
}
