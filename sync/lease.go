package syncer

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/tasks"
)

// leaseHeld is a lease on a task's series, or the lack of need for one.
type leaseHeld struct {
	give   func()
	waited bool // another process held it meanwhile, so that the plan may be out of date
}

const (
	// leasePoll is how often a held lease is asked for again.
	leasePoll = 500 * time.Millisecond
	// leaseGive bounds the return of a lease: one that cannot be given back runs out by itself.
	leaseGive = 5 * time.Second
)

// lease keeps others from fetching the same series at the same time. Without leases the archive's locks and idempotent writes
// keep the data right, at the price of a request twice.
func (x *execution) lease(ctx context.Context, task Task) (leaseHeld, error) {
	held := leaseHeld{give: func() {}}
	if x.Leases == nil || !x.leaseOut.over(x.Now()) {
		return held, nil
	}
	name := "series:" + task.Instrument.Name + ":" + string(task.Base)
	token := rand.Text()
	for {
		won, err := x.Leases.Acquire(ctx, name, token, x.LeaseTime)
		switch {
		case err != nil && ctx.Err() != nil:
			x.giveBack(ctx, name, token) // it may have been won all the same
			return held, fmt.Errorf("wait for the lease of %s: %w", task.Series(), ctx.Err())
		case err != nil:
			x.leaseOut.begin(x.Now())
			x.fault(ctx, "no lease, going on without", err, task.Series().String())
			return held, nil
		case won:
			held.give = x.keep(ctx, name, token)
			return held, nil
		}
		if !held.waited {
			x.emit(ledger.Event{
				Kind: ledger.EventWaiting, Series: task.Series().String(), Waiting: "another process works on it",
			})
			x.Logger.InfoContext(ctx, "series is held by another process, waiting", "series", task.Series().String())
		}
		held.waited = true
		if err := tasks.Sleep(ctx, leasePoll); err != nil {
			return held, fmt.Errorf("wait for the lease of %s: %w", task.Series(), err)
		}
	}
}

// keep extends a lease until ctx ends or the function that it returns gives the lease back. One that is lost, or cannot be
// extended, costs a request twice at worst.
func (x *execution) keep(ctx context.Context, name, token string) (give func()) {
	stop := tasks.Beside(ctx, func(ctx context.Context) {
		tasks.Every(ctx, x.LeaseTime/3, func(ctx context.Context) { _, _ = x.Leases.Extend(ctx, name, token, x.LeaseTime) })
	})
	return func() {
		stop()
		x.giveBack(ctx, name, token)
	}
}

// giveBack releases a lease, also when ctx has ended.
func (x *execution) giveBack(ctx context.Context, name, token string) {
	brief, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseGive)
	defer cancel()
	_ = x.Leases.Release(brief, name, token)
}

// replan makes a task's plan again from what the archive holds now.
func (x *execution) replan(ctx context.Context, task Task) (Task, error) {
	if task.Reason == ReasonDerive || task.Reason == ReasonRebuild {
		return task, nil
	}
	states, err := x.Archive.States(ctx)
	if err != nil {
		return task, fmt.Errorf("plan %s again: %w", task.Series(), err)
	}
	request := x.request
	if request.Instruments, err = x.kept(ctx, []market.Instrument{task.Instrument}); err != nil {
		return task, fmt.Errorf("plan %s again: %w", task.Series(), err)
	}
	request.Timeframes = task.All()
	gaps, err := x.gaps(ctx, request)
	if err != nil {
		return task, fmt.Errorf("plan %s again: %w", task.Series(), err)
	}
	again := MakePlan(x.Capabilities, request, states, gaps, x.Now()).Tasks[0]
	again.imported = task.imported
	return again, nil
}
