package syncer

import (
	"context"
	"fmt"
	"time"

	"barkeep/market"
)

// leaseHeld is a lease on a task's series, or the lack of need for one.
type leaseHeld struct {
	give   func()
	waited bool // another process held it meanwhile, so that the plan may be out of date
}

// leasePoll is how often a held lease is asked for again.
const leasePoll = 500 * time.Millisecond

// lease keeps other processes from fetching the same series at the same time. Without Redis there are no leases between
// processes; the archive's locks and idempotent writes then keep the data right, at the price of a request twice.
func (x *execution) lease(ctx context.Context, task Task) (leaseHeld, error) {
	held := leaseHeld{give: func() {}}
	if x.Leases == nil || !x.leaseOut.over(x.Now()) {
		return held, nil
	}
	name := "series:" + task.Instrument.Name + ":" + string(task.Base)
	for {
		release, ok, err := x.Leases.Acquire(ctx, name, leaseTime)
		switch {
		case err != nil && ctx.Err() != nil:
			return held, fmt.Errorf("wait for the lease of %s: %w", task.Series(), ctx.Err())
		case err != nil:
			x.leaseOut.begin(x.Now())
			x.fault(ctx, "no lease, going on without", err, task.Series().String())
			return held, nil
		case ok:
			held.give = release
			return held, nil
		}
		if !held.waited {
			x.Watch(Event{Task: task, Phase: PhaseWaiting, Detail: "another process works on it"})
			x.Logger.InfoContext(ctx, "series is held by another process, waiting", "series", task.Series().String())
		}
		held.waited = true
		if err := sleep(ctx, leasePoll); err != nil {
			return held, fmt.Errorf("wait for the lease of %s: %w", task.Series(), err)
		}
	}
}

// replan makes a task's plan again from what the archive holds now.
func (x *execution) replan(ctx context.Context, task Task) (Task, error) {
	states, err := x.Archive.States(ctx)
	if err != nil {
		return task, fmt.Errorf("plan %s again: %w", task.Series(), err)
	}
	request := x.request
	request.Instruments, request.Timeframes = []market.Instrument{task.Instrument}, task.All()
	return MakePlan(x.Capabilities, request, states, x.Now()).Tasks[0], nil
}
