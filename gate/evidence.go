package gate

import (
	"context"
	"fmt"

	"barkeep/ledger"
)

// proof names a run that the ledger has as done, and the series for which it is.
type proof struct {
	run   int64
	token string
	kept  string
}

func proofOf(m ledger.Marker) proof { return proof{m.Run, m.Token, m.Kept} }

// believe is the result for a done marker. The marker is a copy of what the ledger said once to somebody who may keep other
// series, and outlives a restore of an older database; so the ledger is asked before this process trusts the marker for the first
// time. When the ledger does not answer, the result is an error: a slot is called done on evidence only. Markers that were
// confirmed before are trusted meanwhile.
func (c *claimant) believe(ctx context.Context, marker ledger.Marker) (Result, error) {
	if marker.Kept == c.Kept.Digest() && c.confirmed.get(c.slot.ID()) == proofOf(marker) {
		return c.done(ctx, marker.RunOf(c.slot))
	}
	var latest ledger.Run
	var known bool
	err := c.again(ctx, func(ctx context.Context) (err error) {
		latest, known, err = c.Ledger.Latest(ctx, c.slot, c.Kept)
		return err
	})
	switch {
	case err != nil:
		return Result{}, fmt.Errorf("look in the ledger for run %d, which by its marker did %s: %w", marker.Run, c.slot, err)
	case !known || latest.State != ledger.StateDone:
		c.retract(ctx, marker, latest)
		return c.claim(ctx)
	case proofOf(c.doneMarker(latest)) != proofOf(marker):
		c.putBack(ctx, latest)
	default:
		c.confirmed.set(c.slot.ID(), proofOf(marker))
	}
	return c.done(ctx, latest)
}

// retract takes away a done marker that the ledger does not confirm: its run is gone, or it was for other series than this
// process keeps. Where that can't be done the marker is ignored.
//
// It is not deleted but overwritten with this try's lease, so that the claim that follows finds it won. What another process
// writes between the look and that is lost. That does no more harm than a Redis that forgets: a heartbeat writes its lease
// again, and whoever asks the ledger writes the done marker again.
func (c *claimant) retract(ctx context.Context, marked ledger.Marker, latest ledger.Run) {
	marker, found := c.look(ctx)
	if !found || proofOf(marker) != proofOf(marked) || marker.State != ledger.MarkerDone {
		return // another was faster, or Redis went away
	}
	c.Logger.WarnContext(ctx, "the marker says done but the ledger does not, for what is kept here: the marker is taken back",
		"slot", c.slot, "marker", marked.Run, "run", latest.ID, "state", latest.State, "reason", latest.Reason)
	ctx, cancel := context.WithTimeout(ctx, c.MarkerTimeout)
	defer cancel()
	c.ours = true // after an error it may be ours all the same
	if err := c.Markers.Done(ctx, c.slot, ledger.MarkerOf(c.wanted(false)), c.Lease); err != nil {
		c.Logger.WarnContext(ctx, "the marker was not taken back and is ignored", "slot", c.slot, "error", err)
		c.bypass, c.up = true, false
	}
}
