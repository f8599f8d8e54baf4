package scheduler

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
)

// Gate is the one way to run a slot. All that it keeps between questions is which done markers it has found in the ledger:
// any number of goroutines, processes and machines may ask about the same slot at once.
type Gate struct {
	GateConfig
	confirmed *recent[ledger.Slot, proof]
}

// Ask says who wants a slot run, and how.
type Ask struct {
	Entry  string        // for the ledger: "schedule", "catch-up", "retry", "sync", "api"
	Force  bool          // run the slot again though it is done; one that is not done is run as always
	NoWait bool          // when another runs the slot, say so at once
	Wait   time.Duration // how long another's run is waited for; 0: as long as ctx lasts
	// Join makes the failed run of another that was waited for the answer. Without it the caller tries once itself, and takes
	// the second failure that it sees for the answer, so that a crowd of callers does not ask a failing provider in turn.
	Join bool
}

// Outcome is how a question was answered.
type Outcome string

// The outcomes. Only the run's state tells whether the slot is done: Ran and WaitedFor may be about a run that failed.
const (
	Ran        Outcome = "ran"         // this call carried the run out, however it ended
	AlreadyRan Outcome = "already ran" // the slot was done before
	WaitedFor  Outcome = "waited for"  // another ran it meanwhile
	Held       Outcome = "held"        // another is running it
)

// Answer is what became of a question.
type Answer struct {
	Outcome Outcome
	Run     ledger.Run    // with Held, its ID is 0 as long as the holder has no row in the ledger
	Cells   []ledger.Cell // with Ran: the newest of each series over this attempt and those before; else nil
}

// Done tells whether the slot has its evidence: the ledger has a run of it that is done.
func (a Answer) Done() bool { return a.Run.State == ledger.StateDone }

// Ask sees to it that the slot is run once, by this call or another, and returns what came of it. An error means that the
// gate cannot tell: the ledger does not answer, the slot is none (ledger.ErrSlot), or ctx ended while another's run was
// waited for. A run that failed is no error. When ctx ends while the run is carried out here, it ends early, is recorded as
// stopped and returned without an error.
func (g *Gate) Ask(ctx context.Context, slot ledger.Slot, ask Ask) (Answer, error) {
	if err := slot.Check(); err != nil {
		return Answer{}, fmt.Errorf("ask the run gate: %w", err)
	}
	patience, cancel := ctx, context.CancelFunc(func() {})
	if ask.Wait > 0 {
		patience, cancel = context.WithTimeout(ctx, ask.Wait)
	}
	defer cancel()
	q := &question{Gate: g, slot: slot, ask: ask}
	for {
		answer, err := q.try(ctx)
		if err != nil || answer.Outcome != Held || ask.NoWait {
			return answer, err
		}
		if err := q.rest(patience); ctx.Err() != nil {
			return answer, fmt.Errorf("wait for the run of %s: %w", slot, err)
		} else if err != nil {
			return answer, nil
		}
	}
}

// WaitIdle returns when no run of the job is in progress, or with an error when ctx ends first. A ledger that does not answer
// is asked again.
func (g *Gate) WaitIdle(ctx context.Context, job ledger.Job) error {
	for {
		run, busy, err := g.inProgress(ctx, job)
		if err == nil && !busy {
			return nil
		}
		if err != nil {
			g.Logger.WarnContext(ctx, "the ledger does not tell what is in progress", "job", job, "error", err)
		}
		if stopped := sleep(ctx, g.pause()); stopped != nil {
			return fmt.Errorf("wait for run %d of %s: %w", run.ID, job, errors.Join(stopped, err))
		}
	}
}

// pause is how long who waits sleeps between two looks: 0.4 to 1.6 of Poll, half a second to two by default.
func (g *Gate) pause() time.Duration {
	return time.Duration(float64(g.Poll) * (0.4 + 1.2*g.Random()))
}

func (g *Gate) inProgress(ctx context.Context, job ledger.Job) (ledger.Run, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, g.LedgerTimeout)
	defer cancel()
	return g.Ledger.InProgress(ctx, job)
}

// latest asks the ledger how the slot stands.
func (g *Gate) latest(ctx context.Context, slot ledger.Slot) (ledger.Run, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, g.LedgerTimeout)
	defer cancel()
	return g.Ledger.Latest(ctx, slot)
}

// again asks the ledger until it answers, within LedgerTimeout. The question must bear being repeated.
func (g *Gate) again(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, g.LedgerTimeout)
	defer cancel()
	for pause := 200 * time.Millisecond; ; pause *= 2 {
		err := ask(ctx)
		if err == nil || ctx.Err() != nil || sleep(ctx, pause) != nil {
			return err
		}
	}
}

// tell queues a notice about a run; it never waits.
func (g *Gate) tell(kind ledger.NoticeKind, slot ledger.Slot, run ledger.Run) {
	g.Teller.Tell(ledger.Notice{Kind: kind, Slot: slot, Run: run, Text: describe(kind, slot, run)})
}

// describe is a notice in words.
func describe(kind ledger.NoticeKind, slot ledger.Slot, run ledger.Run) string {
	text := fmt.Sprintf("%s: %s", slot, kind)
	if run.ID != 0 {
		text += fmt.Sprintf(", run %d, attempt %d on %s", run.ID, run.Attempt, run.Host)
	}
	if run.Reason != "" {
		text += ": " + run.Reason
	}
	return text
}

// newToken makes a name that no other claim has.
func newToken() string { return rand.Text() }
