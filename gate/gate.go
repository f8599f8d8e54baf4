package gate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"barkeep/ledger"
	"barkeep/store"
)

// Gate runs slots and runs ad hoc. All that it keeps between calls is which done markers it has found in the ledger: any
// number of goroutines, processes and machines may ask for the same slot at once.
type Gate struct {
	Config
	confirmed *recent
}

// SlotRequest says who wants a slot run, and how.
type SlotRequest struct {
	Entry  string        // for the ledger: "schedule", "catch-up", "retry", "sync", "api"
	Force  bool          // run the slot again though it is done; one that is not done is run as always
	NoWait bool          // when another runs the slot, say so at once
	Wait   time.Duration // how long another's run is waited for; 0: as long as ctx lasts
	// Join makes the failed run of another that was waited for the result. Without it the caller tries once itself, and takes
	// the second failure that it sees for the result, so that a crowd of callers does not ask a failing provider in turn.
	Join   bool
	Listen Listener // of this run alone; nil for none
}

// AdHocRequest says what is to be run beside the slots.
type AdHocRequest struct {
	Job    ledger.Job
	Entry  string   // for the ledger: "sync", "api", "demo"
	Work   Work     // required
	Listen Listener // of this run alone; nil for none
}

// Outcome is how a request ended.
type Outcome string

// The outcomes. Only the run's state tells whether the slot is done: Ran and WaitedFor may be about a run that failed.
const (
	Ran        Outcome = "ran"         // this call carried the run out, however it ended
	AlreadyRan Outcome = "already ran" // the slot was done before
	WaitedFor  Outcome = "waited for"  // another ran it meanwhile
	Held       Outcome = "held"        // another is running it
)

// Result is what came of a request.
type Result struct {
	Outcome Outcome
	Run     ledger.Run    // with Held, its ID is 0 as long as the holder has no row in the ledger
	Cells   []ledger.Cell // with Ran: those of this attempt; else nil
}

// Done tells whether there is evidence for everything: the ledger has the run as done.
func (r Result) Done() bool { return r.Run.State == ledger.StateDone }

// RunSlot sees to it that the slot is run once, by this call or another, and returns what came of it. An error means that the
// gate cannot tell: the ledger does not answer, nothing may be begun now (Config.May), the slot is none (ledger.ErrSlot), or ctx
// ended while another's run was waited for. A run that failed is no error. When ctx ends while the run is carried out here, it
// ends early, is recorded as stopped and returned without an error.
func (g *Gate) RunSlot(ctx context.Context, slot ledger.Slot, request SlotRequest) (Result, error) {
	if err := slot.Check(); err != nil {
		return Result{}, fmt.Errorf("run a slot: %w", err)
	}
	waiting, cancel := ctx, context.CancelFunc(func() {})
	if request.Wait > 0 {
		waiting, cancel = context.WithTimeout(ctx, request.Wait)
	}
	defer cancel()
	c := &claimant{marker: &marker{Gate: g, slot: slot}, request: request}
	for {
		result, err := c.try(ctx)
		if err != nil || result.Outcome != Held || request.NoWait {
			return result, err
		}
		if err := c.pauseOnce(waiting); ctx.Err() != nil {
			return result, fmt.Errorf("wait for the run of %s: %w", slot, err)
		} else if err != nil {
			return result, nil
		}
	}
}

// RunAdHoc runs something beside the slots, and returns how that ended. Nothing is in its way. An error means that the run
// could not be begun or that its end could not be recorded, and wraps ledger.ErrLost when the run was taken over; Result.Run
// then is what this process knows of it. For the rest, what holds for RunSlot holds here.
func (g *Gate) RunAdHoc(ctx context.Context, request AdHocRequest) (Result, error) {
	if request.Work == nil || (request.Job != ledger.JobImport && request.Job != ledger.JobMaintenance) {
		return Result{}, fmt.Errorf("run ad hoc: job %q, accepted are %s and %s, with work to do", request.Job, ledger.JobImport,
			ledger.JobMaintenance)
	}
	if ctx.Err() != nil {
		return Result{}, fmt.Errorf("run ad hoc: %w", context.Cause(ctx))
	}
	if err := g.May(ctx); err != nil {
		return Result{}, err
	}
	run := g.newRun(request.Entry, newToken())
	run.Job, run.Attempt = request.Job, 1
	claim, err := g.begin(ctx, run)
	if err != nil {
		return Result{}, err
	}
	a := &attempt{Gate: g, run: claim.Run, work: request.Work, abandoned: claim.Abandoned}
	return a.carryOut(ctx, request.Listen)
}

// newRun is a run of this process that begins now.
func (g *Gate) newRun(entry, token string) ledger.Run {
	return ledger.Run{
		Entry: entry, Host: g.Host, PID: g.PID, State: ledger.StateRunning, Started: g.Now(), Token: token,
	}
}

// begin asks the ledger for the run, again after errors: one whose answer was lost is recognised by its token.
func (g *Gate) begin(ctx context.Context, run ledger.Run) (claim ledger.Claim, err error) {
	err = g.again(ctx, func(ctx context.Context) (err error) {
		claim, err = g.Ledger.Claim(ctx, run, g.Kept, g.Lease)
		return err
	})
	if err != nil {
		return ledger.Claim{}, fmt.Errorf("claim %s in the ledger: %w", run.Name(), err)
	}
	for _, a := range claim.Abandoned {
		g.Logger.WarnContext(ctx, "taking over from a process that died or could not record its end", "slot", run.Name(),
			"run", a.ID, "host", a.Host, "pid", a.PID)
	}
	return claim, nil
}

// Latest asks the ledger how the slot stands for those who keep what this process keeps.
func (g *Gate) Latest(ctx context.Context, slot ledger.Slot) (ledger.Run, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, g.LedgerTimeout)
	defer cancel()
	return g.Ledger.Latest(ctx, slot, g.Kept)
}

// pause is how long to sleep between two looks at another's run: 0.4 to 1.6 of Poll, half a second to two by default.
func (g *Gate) pause() time.Duration {
	return time.Duration(float64(g.Poll) * (0.4 + 1.2*g.Random()))
}

// again calls the ledger until it answers, within LedgerTimeout. The call must be one that can be repeated.
func (g *Gate) again(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, g.LedgerTimeout)
	defer cancel()
	var last error
	growing := &backoff.ExponentialBackOff{InitialInterval: 200 * time.Millisecond, Multiplier: 2, MaxInterval: g.LedgerTimeout}
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		if last = call(ctx); store.Lasting(last) {
			return struct{}{}, backoff.Permanent(last)
		}
		return struct{}{}, last
	}, backoff.WithBackOff(growing), backoff.WithMaxElapsedTime(0))
	if last != nil {
		return last // what the ledger says, not that the time is over
	}
	return err
}

// newToken makes a name that no other claim has.
func newToken() string { return rand.Text() }

// errDeadline ends the work of a run that takes too long.
var errDeadline = errors.New("the run's deadline has passed")
