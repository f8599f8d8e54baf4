package scheduler

import (
	"context"
	"fmt"
	"time"

	"barkeep/ledger"
)

// question is one call of Gate.Ask on its way.
type question struct {
	*Gate
	slot ledger.Slot
	ask  Ask

	token  string // of the claim that this try makes
	up     bool   // markers answered when this try began
	marked bool   // the marker may bear our token
	bypass bool   // a marker of nobody is in the way, and is ignored

	holder ledger.Run // who is waited for
	polls  int        // pauses taken
	waited time.Duration

	base  ledger.Run // how the slot stood when the wait began
	based bool
}

const (
	// ledgerEvery is how many looks at the marker go by until the ledger is looked at too: its run may have ended without
	// taking the marker along.
	ledgerEvery = 5
	// enoughAttempts is how many attempts of others a caller waits for before a failed one is its answer.
	enoughAttempts = 2
)

// try asks once. An answer of Held means that somebody else is at it.
func (q *question) try(ctx context.Context) (Answer, error) {
	if ctx.Err() != nil {
		return Answer{}, fmt.Errorf("ask for %s: %w", q.slot, context.Cause(ctx))
	}
	q.token, q.marked = newToken(), false
	marker, found := q.look(ctx)
	switch {
	case found && marker.State == ledger.MarkerDone:
		return q.believe(ctx, marker.RunOf(q.slot))
	case found:
		return q.behind(ctx, marker)
	default:
		return q.claim(ctx)
	}
}

// look reads the marker, and learns whether markers can be had.
func (q *question) look(ctx context.Context) (ledger.Marker, bool) {
	q.up = false
	if q.Markers == nil || q.bypass {
		return ledger.Marker{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, q.MarkerTimeout)
	defer cancel()
	marker, found, err := q.Markers.Get(ctx, q.slot)
	if q.up = err == nil; !q.up {
		q.Logger.WarnContext(ctx, "no markers, the ledger decides alone", "slot", q.slot.Key(), "error", err)
		return ledger.Marker{}, false
	}
	return marker, found
}

// done answers that the slot is done, or runs it again where that is forced.
func (q *question) done(ctx context.Context, run ledger.Run) (Answer, error) {
	switch {
	case q.ask.Force:
		q.token, q.marked = newToken(), false
		return q.enter(ctx, true)
	case q.polls > 0:
		return Answer{Outcome: WaitedFor, Run: run}, nil
	default:
		return Answer{Outcome: AlreadyRan, Run: run}, nil
	}
}

// held answers that somebody else is at it.
func (q *question) held(holder ledger.Run) (Answer, error) {
	q.holder = holder
	return Answer{Outcome: Held, Run: holder}, nil
}

// behind deals with a marker that somebody else has: mostly it is left alone, now and then the ledger is asked whether there
// still is a run behind it.
func (q *question) behind(ctx context.Context, marker ledger.Marker) (Answer, error) {
	holder := marker.RunOf(q.slot)
	if q.polls%ledgerEvery != 0 {
		return q.held(holder)
	}
	latest, known, err := q.latest(ctx, q.slot)
	if err != nil {
		return q.held(holder)
	}
	q.note(latest)
	switch {
	case known && latest.State == ledger.StateDone:
		q.putBack(ctx, latest)
		return q.done(ctx, latest)
	case known && latest.State == ledger.StateRunning:
		return q.held(latest)
	case known && latest.Token != "" && latest.Token == marker.Token: // it ended, and could not take its marker along
		q.release(ctx, marker.Token)
		return q.claim(ctx)
	case q.waited > q.Lease: // a marker that outlives its lease and has no run
		q.Logger.WarnContext(ctx, "ignoring a marker of nobody", "slot", q.slot.Key(), "holder", marker.Host)
		q.bypass = true
		q.up = false
		return q.claim(ctx)
	default:
		return q.held(holder)
	}
}

// claim takes the marker and then the ledger.
func (q *question) claim(ctx context.Context) (Answer, error) {
	if answer, enough := q.witness(ctx); enough {
		q.unmark(ctx)
		return answer, nil
	}
	if q.up {
		if winner, lost := q.claimMarker(ctx); lost && winner.State == ledger.StateDone {
			return q.believe(ctx, winner)
		} else if lost {
			return q.held(winner)
		}
	}
	q.OnStep(StepMarked, q.newRun(false))
	return q.enter(ctx, false)
}

// claimMarker tries to take the marker. Lost tells who has it; markers that cannot be had lose nothing.
func (q *question) claimMarker(ctx context.Context) (winner ledger.Run, lost bool) {
	ctx, cancel := context.WithTimeout(ctx, q.MarkerTimeout)
	defer cancel()
	won, holder, err := q.Markers.Claim(ctx, q.slot, ledger.MarkerOf(q.newRun(false)), q.Lease)
	if err != nil {
		q.Logger.WarnContext(ctx, "no marker, the ledger decides alone", "slot", q.slot.Key(), "error", err)
	}
	if err == nil && !won {
		return holder.RunOf(q.slot), true
	}
	q.marked = true // after an error it may be ours all the same
	return ledger.Run{}, false
}

// newRun is the run that this try wants to begin.
func (q *question) newRun(forced bool) ledger.Run {
	return ledger.Run{
		Job: q.slot.Job, TradingDate: q.slot.Date, Slot: q.slot.Index, Forced: forced, Entry: q.ask.Entry, Host: q.Host,
		PID: q.PID, State: ledger.StateRunning, Started: q.Now(), Token: q.token,
	}
}

// enter asks the ledger, whose word is final, and carries the run out if it is ours. A forced run leaves the marker alone:
// the slot stays done while it goes on.
func (q *question) enter(ctx context.Context, forced bool) (Answer, error) {
	claim, err := q.begin(ctx, q.newRun(forced))
	if err != nil {
		q.unmark(ctx)
		return Answer{}, err
	}
	for _, abandoned := range claim.Abandoned {
		q.Logger.WarnContext(ctx, "taking over from a process that died or could not record its end", "slot", q.slot.Key(),
			"run", abandoned.ID, "host", abandoned.Host, "pid", abandoned.PID)
		q.tell(ledger.NoticeAbandoned, q.slot, abandoned)
	}
	switch {
	case claim.Won:
		return q.carryOut(ctx, claim.Run)
	case claim.Run.State == ledger.StateDone && !forced:
		q.putBack(ctx, claim.Run)
		return q.done(ctx, claim.Run)
	default:
		q.unmark(ctx)
		q.note(claim.Run)
		return q.held(claim.Run)
	}
}

// rest sleeps between two looks.
func (q *question) rest(ctx context.Context) error {
	pause := q.pause()
	q.polls++
	q.waited += pause
	return sleep(ctx, pause)
}

// note keeps how the slot stood when the wait began.
func (q *question) note(latest ledger.Run) {
	if !q.based {
		q.base, q.based = latest, true
	}
}

// witness looks, before another claim, at how the run that was waited for ended. Enough attempts that
// came to nothing are an answer.
func (q *question) witness(ctx context.Context) (answer Answer, enough bool) {
	if q.polls == 0 {
		return Answer{}, false
	}
	latest, known, err := q.latest(ctx, q.slot)
	if err != nil || !known {
		return Answer{}, false // the claim will tell
	}
	q.note(latest)
	attempts := latest.Attempt - q.base.Attempt
	if q.base.State == ledger.StateRunning {
		attempts++
	}
	ended := latest.State == ledger.StateFailed || latest.State == ledger.StatePartial
	if !ended || latest.Stopped() || attempts < 1 {
		return Answer{}, false
	}
	return Answer{Outcome: WaitedFor, Run: latest}, q.ask.Join || attempts >= enoughAttempts
}
