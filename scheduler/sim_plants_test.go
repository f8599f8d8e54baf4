package scheduler_test

import (
	"context"
	"errors"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
	"barkeep/store"
)

// plant is a bug that the simulation is to find.
type plant int

const (
	sound          plant = iota
	markerFirst          // the marker says done before the ledger has committed it
	withoutIndex         // the ledger looks for other runs and then inserts, without a unique index
	withoutFence         // cells are committed whatever the token says
	markerTrusted        // a done marker is believed whatever the ledger says
	slotByIndex          // a slot is named by its number among the times of its date
	withoutAsker         // a slot is done when any run of it is, whatever the asker keeps
	withoutWitness       // an unavailable series counts though the provider answered nothing else
	withoutPast          // the auditor judges the past by the schedule of today
	clockTrusted         // a clock is believed whatever it shows
)

// hasty is a planted bug: success is announced before it is committed.
type hasty struct {
	store.Gate
	markers gate.Markers
}

func (h hasty) Finish(ctx context.Context, run ledger.Run) (bool, error) {
	if run.Scheduled() && run.State == ledger.StateDone {
		if err := h.markers.Done(ctx, run.Slot, ledger.MarkerOf(run), 7*24*time.Hour); err != nil && errors.Is(err, gatetest.ErrDead) {
			return false, err
		}
	}
	return h.Gate.Finish(ctx, run)
}

// credulous is a planted bug: the copy of the ledger's word is taken for the ledger's word.
type credulous struct {
	store.Gate
	markers *gatetest.Markers
}

func (c credulous) Latest(ctx context.Context, slot ledger.Slot, kept ledger.Kept) (ledger.Run, bool, error) {
	if marker, found := c.markers.Of(slot); found && marker.State == ledger.MarkerDone {
		return marker.RunOf(slot), true, nil
	}
	return c.Gate.Latest(ctx, slot, kept)
}

// forAnybody is a planted bug: nobody asks what the caller keeps.
type forAnybody struct{ store.Gate }

func (f forAnybody) Claim(
	ctx context.Context, run ledger.Run, _ ledger.Kept, lease time.Duration,
) (claim ledger.Claim, err error) {
	return f.Gate.Claim(ctx, run, ledger.Kept{}, lease)
}

func (f forAnybody) Latest(ctx context.Context, slot ledger.Slot, _ ledger.Kept) (ledger.Run, bool, error) {
	return f.Gate.Latest(ctx, slot, ledger.Kept{})
}

// forgetful is a planted bug: of the schedules there were only the last one is known.
type forgetful struct{ store.Slots }

func (f forgetful) ScheduleChanges(ctx context.Context, job ledger.Job) ([]ledger.ScheduleChange, error) {
	changes, err := f.Slots.ScheduleChanges(ctx, job)
	return onlyLast(changes), err
}

func (f forgetful) ChangeSchedule(
	ctx context.Context, job ledger.Job, text string, now time.Time,
) ([]ledger.ScheduleChange, error) {
	changes, err := f.Slots.ChangeSchedule(ctx, job, text, now)
	return onlyLast(changes), err
}

func onlyLast(changes []ledger.ScheduleChange) []ledger.ScheduleChange {
	if len(changes) == 0 {
		return nil
	}
	return []ledger.ScheduleChange{{Since: changes[0].Since, Schedule: changes[len(changes)-1].Schedule}}
}
