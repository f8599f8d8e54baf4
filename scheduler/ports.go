package scheduler

import (
	"context"
	"time"

	"barkeep/ledger"
)

// Markers keeps the marker of each slot (Redis, key barkeep:run:{job}:{date}:{slot}, the value ledger.Marker as JSON). It may
// lose everything at any time. Any error means that it is down; the ledger then decides alone. Each method touches one key.
type Markers interface {
	// Get reads a marker; false when there is none (GET). One that cannot be read as JSON counts as a lease of nobody: the
	// zero Marker and true.
	Get(ctx context.Context, slot ledger.Slot) (ledger.Marker, bool, error)
	// Claim writes the lease unless the slot has a marker (SET NX PX). If it has one that bears the token of lease, the reply
	// to an earlier try was lost and the claim is won; else holder is what the marker says.
	Claim(ctx context.Context, slot ledger.Slot, lease ledger.Marker, ttl time.Duration) (won bool, holder ledger.Marker, err error)
	// Extend writes the lease again for another ttl if the marker bears its token and is no done one, in one step.
	// Still is false if it does not or is gone.
	Extend(ctx context.Context, slot ledger.Slot, lease ledger.Marker, ttl time.Duration) (still bool, err error)
	// Done writes a done marker, whatever is there (SET PX). It is called only when the ledger has the run as done; and with
	// a lease instead where the ledger refutes the done marker that is there, which then is that lease's.
	Done(ctx context.Context, slot ledger.Slot, done ledger.Marker, ttl time.Duration) error
	// Release deletes the marker if it bears this token and is no done one, in one step; else it does nothing.
	Release(ctx context.Context, slot ledger.Slot, token string) error
}

// RunLedger is the ledger of runs as the gate needs it. Leases are measured by the database's own clock only, at the time of
// the statement; no process's clock counts. A run in state running whose lease has ended reads as abandoned everywhere here,
// though its row changes only with the next Claim or Missed. Methods that write may be repeated after an error whose write
// was committed all the same: they say so where it matters.
type RunLedger interface {
	// Claim begins run, which bears a slot, a new Token, Forced, Entry, Host, PID and Started, unless another is in the way;
	// all of it in one transaction. In the way are, for an unforced run, any run of the slot that is done and not forced; and
	// for every run, one of the slot that is running (forced or not) with its lease not over. Runs whose lease is over become
	// abandoned, with the reason "lease ended". Of several that are in the way the done one is told. Two partial unique
	// indexes decide between claims at the same instant: (job, trading_date, slot) where not forced and state in (running,
	// done) and the slot is one; and the same where state is running. Who loses there reads again and tells who won. Attempt
	// becomes 1 + the number of the slot's runs (missed rows not counted). A running run that bears run.Token is the run that
	// an earlier try began: won, and its lease begins again.
	Claim(ctx context.Context, run ledger.Run, lease time.Duration) (ledger.Claim, error)
	// Heartbeat lets the run's lease end no sooner than lease from now if the run (by ID) is running and bears the token,
	// also if its lease had ended and nobody took it over. Still is false if it is not.
	Heartbeat(ctx context.Context, run ledger.Run, lease time.Duration) (still bool, err error)
	// Finish writes State, Reason and Finished of a run if it (by ID) is running and bears the token; also true, without a
	// write, if a run of this ID and token has that state already. OK is false in any other case: the run was taken over.
	Finish(ctx context.Context, run ledger.Run) (ok bool, err error)
	// Latest is the run that tells how a slot stands: the unforced one that is done if there is one, else the one that is
	// running, else the newest (also a missed row). Forced runs are left out. False when there is none.
	Latest(ctx context.Context, slot ledger.Slot) (ledger.Run, bool, error)
	// Committed is the newest cell of each series over the unforced attempts of a slot; newest by run ID. A cell is written
	// in the transaction of its bars, which begins by locking the run's row and fails with ledger.ErrLost unless the run is
	// running and bears the token.
	Committed(ctx context.Context, slot ledger.Slot) ([]ledger.Cell, error)
	// InProgress is the oldest run of the job that is running with its lease not over, with a slot or ad hoc; false when
	// there is none.
	InProgress(ctx context.Context, job ledger.Job) (ledger.Run, bool, error)
}

// SlotBook is the ledger of slots as the scheduler and its auditor need it.
type SlotBook interface {
	// Latest is that of RunLedger.
	Latest(ctx context.Context, slot ledger.Slot) (ledger.Run, bool, error)
	// Since is the instant since which the job is run by this schedule (its text). The first call for a job, and the first
	// with another text than the last, write now and return it; all others return what is written.
	Since(ctx context.Context, job ledger.Job, schedule string, now time.Time) (time.Time, error)
	// Standing tells, for each slot of the job with a trading date in [from, to] (both included) that has any run, how it
	// stands: what Latest says, in one query.
	Standing(ctx context.Context, job ledger.Job, from, to string) ([]ledger.Run, error)
	// Missed records that a slot passed without a success: a row in runs with state missed, attempt 0, the reason, and now as
	// its start and end; a run of the slot whose lease is over becomes abandoned. It does nothing and returns false if a run
	// of the slot is done (unforced) or running with its lease not over. A slot is recorded once (a unique index over job,
	// trading_date and slot where state is missed); later calls return true.
	Missed(ctx context.Context, slot ledger.Slot, reason string, now time.Time) (recorded bool, err error)
}

// NoticeBook keeps what people were told, so that all processes together tell it once. Keys are slot and kind.
type NoticeBook interface {
	// Tell asks whose turn it is to tell a notice: TurnTold when it was told, TurnOther while another's turn lasts, else
	// TurnMine, which lasts for turn from now by the database's clock.
	Tell(ctx context.Context, slot ledger.Slot, kind ledger.NoticeKind, turn time.Duration) (ledger.Turn, error)
	// Told records that a notice was told. It may be repeated.
	Told(ctx context.Context, slot ledger.Slot, kind ledger.NoticeKind) error
}

// Work carries out a run. It leaves out the series of done, which earlier attempts have committed, and returns a cell for
// every other series of the run; an error means that some have none. A cell that is OK was committed before Work returns,
// fenced by the run's ID and Token. When ctx ends it begins no new cell, ends the one in flight within seconds, and returns.
type Work func(ctx context.Context, run ledger.Run, done []ledger.Cell) ([]ledger.Cell, error)

// Notifier tells people. It should give up when ctx ends; one that does not is left behind and not called again before
// it has returned.
type Notifier interface {
	Notify(ctx context.Context, notice ledger.Notice) error
}

// Ping is what a heartbeat monitor is told.
type Ping string

// The pings.
const (
	PingStart   Ping = "start"
	PingSuccess Ping = "success"
	PingFailure Ping = "failure"
)

// Pinger tells a monitor elsewhere that runs start and end, so that a machine that is dead is noticed too. What holds for a
// Notifier's ctx holds for its.
type Pinger interface {
	Ping(ctx context.Context, ping Ping, run ledger.Run) error
}

// Trigger wakes the scheduler at a slot's time.
type Trigger interface {
	// Arm makes fired ready once, at the instant or as soon after it as it can; a time that has passed fires at once. Disarm
	// takes it back; it may be called after the firing. An error means that nothing will fire: the scheduler then wakes by
	// its own clock, within Config.CheckEvery.
	Arm(at time.Time) (fired <-chan struct{}, disarm func(), err error)
}
