package gatetest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"barkeep/ledger"
	"barkeep/store"
)

// The errors of stores and processes that fail on purpose.
var (
	// ErrDown is what a store that is down answers.
	ErrDown = errors.New("connection refused")
	// ErrDead is what everything answers to a process that is dead.
	ErrDead = errors.New("this process is dead")
)

// Hook stands between a process and a store. It is called before each operation, and after it has been carried out; an error
// is what the process gets to see, so that one of a call after is an ambiguous reply.
type Hook func(ctx context.Context, op string, after bool) error

func (h Hook) around(ctx context.Context, op string, do func() error) error {
	if h == nil {
		return do()
	}
	if err := h(ctx, op, false); err != nil {
		return err
	}
	result := do()
	if err := h(ctx, op, true); err != nil {
		return err
	}
	return result
}

// Fault is a hook that fails at the n-th call (from 1) of an operation, before or after it was carried out.
func Fault(op string, n int, after bool) Hook {
	var mu sync.Mutex
	seen := 0
	return func(ctx context.Context, asked string, late bool) error {
		mu.Lock()
		defer mu.Unlock()
		if asked == op && late == after {
			if seen++; seen == n {
				return ErrDown
			}
		}
		return ctx.Err()
	}
}

// Down is a hook under which all operations fail whose names begin with store.
func Down(store string) Hook {
	return func(ctx context.Context, op string, _ bool) error {
		if strings.HasPrefix(op, store) {
			return ErrDown
		}
		return ctx.Err()
	}
}

// Inner is what a Port leads to.
type Inner interface {
	store.Gate
	store.Slots
	store.Notices
}

// Port is a ledger as one process reaches it. The names of its operations begin with "ledger", "slots" and "notices".
type Port struct {
	inner Inner
	hook  Hook
}

// NewPort leads to a ledger through a hook, which may be nil.
func NewPort(inner Inner, hook Hook) Port { return Port{inner, hook} }

// Claim is that of store.Gate: "ledger claim".
func (p Port) Claim(ctx context.Context, run ledger.Run, kept ledger.Kept, lease time.Duration) (claim ledger.Claim, err error) {
	err = p.hook.around(ctx, "ledger claim", func() (err error) {
		claim, err = p.inner.Claim(context.WithoutCancel(ctx), run, kept, lease)
		return err
	})
	if err != nil {
		return ledger.Claim{}, err
	}
	return claim, nil
}

// Heartbeat is that of store.Gate: "ledger heartbeat".
func (p Port) Heartbeat(ctx context.Context, run ledger.Run, lease time.Duration) (still bool, err error) {
	err = p.hook.around(ctx, "ledger heartbeat", func() (err error) {
		still, err = p.inner.Heartbeat(context.WithoutCancel(ctx), run, lease)
		return err
	})
	return still && err == nil, err
}

// Finish is that of store.Gate: "ledger finish".
func (p Port) Finish(ctx context.Context, run ledger.Run) (ok bool, err error) {
	err = p.hook.around(ctx, "ledger finish", func() (err error) {
		ok, err = p.inner.Finish(context.WithoutCancel(ctx), run)
		return err
	})
	return ok && err == nil, err
}

// Latest is that of store.Gate: "ledger latest".
func (p Port) Latest(ctx context.Context, slot ledger.Slot, kept ledger.Kept) (run ledger.Run, ok bool, err error) {
	err = p.hook.around(ctx, "ledger latest", func() (err error) {
		run, ok, err = p.inner.Latest(context.WithoutCancel(ctx), slot, kept)
		return err
	})
	return run, ok, err
}

// Committed is that of store.Gate: "ledger committed".
func (p Port) Committed(ctx context.Context, slot ledger.Slot) (cells []ledger.Cell, err error) {
	err = p.hook.around(ctx, "ledger committed", func() (err error) {
		cells, err = p.inner.Committed(context.WithoutCancel(ctx), slot)
		return err
	})
	return cells, err
}

// InProgress is that of store.Gate: "ledger in progress".
func (p Port) InProgress(ctx context.Context, job ledger.Job) (run ledger.Run, ok bool, err error) {
	err = p.hook.around(ctx, "ledger in progress", func() (err error) {
		run, ok, err = p.inner.InProgress(context.WithoutCancel(ctx), job)
		return err
	})
	return run, ok, err
}

// RecordCell is that of store.Gate: "ledger commit".
func (p Port) RecordCell(ctx context.Context, run ledger.Run, cell ledger.Cell) error {
	return p.hook.around(ctx, "ledger commit", func() error { return p.inner.RecordCell(context.WithoutCancel(ctx), run, cell) })
}

// RecordProgress is that of store.Gate: "ledger progress".
func (p Port) RecordProgress(ctx context.Context, run ledger.Run, progress ledger.Progress) error {
	return p.hook.around(ctx, "ledger progress", func() error {
		return p.inner.RecordProgress(context.WithoutCancel(ctx), run, progress)
	})
}

// ScheduleChanges is that of store.Slots: "slots since".
func (p Port) ScheduleChanges(ctx context.Context, job ledger.Job) (changes []ledger.ScheduleChange, err error) {
	err = p.hook.around(ctx, "slots since", func() (err error) {
		changes, err = p.inner.ScheduleChanges(context.WithoutCancel(ctx), job)
		return err
	})
	return changes, err
}

// ChangeSchedule is that of store.Slots: "slots change".
func (p Port) ChangeSchedule(
	ctx context.Context, job ledger.Job, text string, now time.Time,
) (changes []ledger.ScheduleChange, err error) {
	err = p.hook.around(ctx, "slots change", func() (err error) {
		changes, err = p.inner.ChangeSchedule(context.WithoutCancel(ctx), job, text, now)
		return err
	})
	return changes, err
}

// Standing is that of store.Slots: "slots standing".
func (p Port) Standing(
	ctx context.Context, job ledger.Job, from, to time.Time, kept ledger.Kept,
) (runs []ledger.Run, err error) {
	err = p.hook.around(ctx, "slots standing", func() (err error) {
		runs, err = p.inner.Standing(context.WithoutCancel(ctx), job, from, to, kept)
		return err
	})
	return runs, err
}

// Audited is that of store.Slots: "slots audited".
func (p Port) Audited(ctx context.Context, job ledger.Job) (until time.Time, err error) {
	err = p.hook.around(ctx, "slots audited", func() (err error) {
		until, err = p.inner.Audited(context.WithoutCancel(ctx), job)
		return err
	})
	return until, err
}

// SetAudited is that of store.Slots: "slots set audited".
func (p Port) SetAudited(ctx context.Context, job ledger.Job, until time.Time) error {
	return p.hook.around(ctx, "slots set audited", func() error {
		return p.inner.SetAudited(context.WithoutCancel(ctx), job, until)
	})
}

// NameSlots is that of store.Slots: "slots name".
func (p Port) NameSlots(ctx context.Context, find func(ledger.Run) (ledger.Slot, bool)) (n int, err error) {
	err = p.hook.around(ctx, "slots name", func() (err error) {
		n, err = p.inner.NameSlots(context.WithoutCancel(ctx), find)
		return err
	})
	return n, err
}

// Missed is that of store.Slots: "slots missed".
func (p Port) Missed(ctx context.Context, slot ledger.Slot, reason string, now time.Time) (recorded bool, err error) {
	err = p.hook.around(ctx, "slots missed", func() (err error) {
		recorded, err = p.inner.Missed(context.WithoutCancel(ctx), slot, reason, now)
		return err
	})
	return recorded, err
}

// Turn is that of store.Notices: "notices turn".
func (p Port) Turn(
	ctx context.Context, subject string, kind ledger.NoticeKind, turn time.Duration,
) (whose ledger.Turn, err error) {
	err = p.hook.around(ctx, "notices turn", func() (err error) {
		whose, err = p.inner.Turn(context.WithoutCancel(ctx), subject, kind, turn)
		return err
	})
	return whose, err
}

// Told is that of store.Notices: "notices told".
func (p Port) Told(ctx context.Context, subject string, kind ledger.NoticeKind) error {
	return p.hook.around(ctx, "notices told", func() error { return p.inner.Told(context.WithoutCancel(ctx), subject, kind) })
}

// Forget is that of store.Notices: "notices forget".
func (p Port) Forget(ctx context.Context, subject string, kind ledger.NoticeKind) error {
	return p.hook.around(ctx, "notices forget", func() error { return p.inner.Forget(context.WithoutCancel(ctx), subject, kind) })
}

// ToldOf is that of store.Notices: "notices told of".
func (p Port) ToldOf(ctx context.Context, kind ledger.NoticeKind) (subjects []string, err error) {
	err = p.hook.around(ctx, "notices told of", func() (err error) {
		subjects, err = p.inner.ToldOf(context.WithoutCancel(ctx), kind)
		return err
	})
	return subjects, err
}

// DropSchedules is that of store.Slots: "slots drop schedules".
func (p Port) DropSchedules(ctx context.Context, job ledger.Job, before time.Time) error {
	return p.hook.around(ctx, "slots drop schedules", func() error {
		return p.inner.DropSchedules(context.WithoutCancel(ctx), job, before)
	})
}
