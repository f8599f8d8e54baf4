package gate

import (
	"context"
	"fmt"
	"time"

	"barkeep/ledger"
	"barkeep/tasks"
)

// claimant is one call of Gate.RunSlot: it looks, claims and waits until the slot is run, by itself or by another.
type claimant struct {
	*marker
	request SlotRequest

	polls  int // pauses taken
	waited time.Duration

	before ledger.Run // how the slot stood when the waiting began
	known  bool       // before was read
}

const (
	// ledgerEvery is how many looks at the marker go by until the ledger is looked at too: its run may have ended without
	// taking the marker along.
	ledgerEvery = 5
	// enoughAttempts is how many attempts of others a caller waits for before a failed one is its result.
	enoughAttempts = 2
)

// try asks once. A result of Held means that another process runs the slot.
func (c *claimant) try(ctx context.Context) (Result, error) {
	if ctx.Err() != nil {
		return Result{}, fmt.Errorf("ask for %s: %w", c.slot, context.Cause(ctx))
	}
	c.token, c.ours = newToken(), false
	marker, found := c.look(ctx)
	switch {
	case found && marker.State == ledger.MarkerDone:
		return c.believe(ctx, marker)
	case found:
		return c.behind(ctx, marker)
	default:
		return c.claim(ctx)
	}
}

// done is the result for a slot that is done, unless the run is forced: then it is run again.
func (c *claimant) done(ctx context.Context, run ledger.Run) (Result, error) {
	switch {
	case c.request.Force:
		if err := c.mayBegin(ctx); err != nil {
			return Result{}, err
		}
		c.token, c.ours = newToken(), false
		return c.enter(ctx, true)
	case c.polls > 0:
		return Result{Outcome: WaitedFor, Run: run}, nil
	default:
		return Result{Outcome: AlreadyRan, Run: run}, nil
	}
}

// held is the result for a slot that another process runs.
func held(holder ledger.Run) (Result, error) { return Result{Outcome: Held, Run: holder}, nil }

// behind deals with a marker that another process has: mostly it is left alone, now and then the ledger is asked whether its
// run still goes on.
func (c *claimant) behind(ctx context.Context, marker ledger.Marker) (Result, error) {
	holder := marker.RunOf(c.slot)
	if c.polls%ledgerEvery != 0 {
		return held(holder)
	}
	latest, known, err := c.Latest(ctx, c.slot)
	if err != nil {
		return held(holder)
	}
	c.remember(latest)
	switch {
	case known && latest.State == ledger.StateDone:
		c.putBack(ctx, latest)
		return c.done(ctx, latest)
	case known && latest.State == ledger.StateRunning:
		return held(latest)
	case marker.Run != 0, known && latest.Token != "" && latest.Token == marker.Token:
		// Its run was in the ledger, where none of this slot is running now: it ended and could not take its marker along, or died
		// and was taken over by one that has ended too.
		c.release(ctx, marker.Token)
		return c.claim(ctx)
	case c.waited > c.Lease: // a marker that outlives its lease and has no run
		c.Logger.WarnContext(ctx, "ignoring a marker without a run", "slot", c.slot, "holder", marker.Host)
		c.bypass = true
		c.up = false
		return c.claim(ctx)
	default:
		return held(holder)
	}
}

// claim takes the marker and then the ledger's row.
func (c *claimant) claim(ctx context.Context) (Result, error) {
	if result, enough := c.failedMeanwhile(ctx); enough {
		c.unmark(ctx)
		return result, nil
	}
	if err := c.mayBegin(ctx); err != nil {
		return Result{}, err
	}
	if c.up {
		if winner, lost := c.claimMarker(ctx, c.wanted(false)); lost && winner.State == ledger.MarkerDone {
			return c.believe(ctx, winner)
		} else if lost {
			return held(winner.RunOf(c.slot))
		}
	}
	c.OnStep(StepMarked, c.wanted(false))
	return c.enter(ctx, false)
}

// mayBegin tells whether a run of the slot may begin now. Whoever chose the slot looked at the clock too, but it may have been
// wrong then and set right since.
func (c *claimant) mayBegin(ctx context.Context) error {
	if err := c.May(ctx); err != nil {
		return err
	}
	if c.slot.At.After(c.Now()) {
		return fmt.Errorf("%w: %s comes at %s", ledger.ErrNotDue, c.slot, c.slot.At.Format(time.RFC3339))
	}
	return nil
}

// wanted is the run that this try wants to begin.
func (c *claimant) wanted(forced bool) ledger.Run {
	run := c.newRun(c.request.Entry, c.token)
	run.Job, run.Slot, run.Forced = c.slot.Job, c.slot, forced
	return run
}

// enter asks the ledger, which decides, and carries the run out if the claim is won. A forced run leaves the marker alone: the
// slot stays done while it goes on.
func (c *claimant) enter(ctx context.Context, forced bool) (Result, error) {
	claim, err := c.begin(ctx, c.wanted(forced))
	if err != nil {
		c.unmark(ctx)
		return Result{}, err
	}
	switch {
	case claim.Won:
		a := &attempt{Gate: c.Gate, run: claim.Run, marker: c.marker, work: c.Work, abandoned: claim.Abandoned}
		result, err := a.carryOut(ctx, c.request.Listen)
		if a.lost {
			c.polls++ // whatever comes now was waited for
			c.remember(a.run)
			return held(ledger.Run{Job: a.run.Job, Slot: a.run.Slot, State: ledger.StateRunning})
		}
		return result, err
	case claim.Run.State == ledger.StateDone && !forced:
		c.putBack(ctx, claim.Run)
		return c.done(ctx, claim.Run)
	default:
		c.unmark(ctx)
		c.remember(claim.Run)
		return held(claim.Run)
	}
}

// pauseOnce sleeps between two looks.
func (c *claimant) pauseOnce(ctx context.Context) error {
	pause := c.pause()
	c.polls++
	c.waited += pause
	return tasks.Sleep(ctx, pause)
}

// remember keeps how the slot stood when the waiting began.
func (c *claimant) remember(latest ledger.Run) {
	if !c.known {
		c.before, c.known = latest, true
	}
}

// failedMeanwhile looks, before another claim, at how the run that was waited for ended. Enough attempts that came to nothing
// are a result.
func (c *claimant) failedMeanwhile(ctx context.Context) (result Result, enough bool) {
	if c.polls == 0 {
		return Result{}, false
	}
	latest, known, err := c.Latest(ctx, c.slot)
	if err != nil || !known {
		return Result{}, false // the claim will tell
	}
	c.remember(latest)
	attempts := latest.Attempt - c.before.Attempt
	if c.before.State == ledger.StateRunning {
		attempts++
	}
	ended := latest.State == ledger.StateFailed || latest.State == ledger.StatePartial
	if !ended || latest.Stopped() || attempts < 1 {
		return Result{}, false
	}
	return Result{Outcome: WaitedFor, Run: latest}, c.request.Join || attempts >= enoughAttempts
}
