package query

import (
	"context"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
)

// Archive is what is read of an archive that may have another schema than this program knows, or none.
type Archive interface {
	Ledger
	SchemaVersion(ctx context.Context) (current, latest int64, err error)
	States(ctx context.Context) ([]market.SeriesState, error)
	ScheduleChanges(ctx context.Context, job ledger.Job) ([]ledger.ScheduleChange, error)
	HeldBack(ctx context.Context) ([]store.Held, error)
	store.Coverage
}

var _ Archive = store.Archive(nil)

// StatusRequest says what of a status to read.
type StatusRequest struct {
	Runs      int // the newest ones, at most
	Now       time.Time
	Schedules []ledger.Schedule // whose slots of today are read, without their past
	Kept      ledger.Kept       // the series for which the slots are judged
}

// Status is what an archive and its ledger say of themselves. Of an archive that was never migrated, or not since an earlier
// release, only the schema is known.
type Status struct {
	Schema int64 // 0 for none
	Latest int64 // that this program knows
	Recent
	Today  []Slot
	Series []market.SeriesState
	Held   []HeldBack // answers that wait for a person
	// Coverage is how much of what is expected is there, by timeframe.
	Coverage []Covered
}

// Outdated tells, as a SchemaError, that the schema is of an earlier release; nil when it is not.
func (s Status) Outdated() error {
	if s.Schema > 0 && s.Schema < s.Latest {
		return SchemaError{s.Schema, s.Latest}
	}
	return nil
}

// ReadStatus reads an archive of whatever schema.
func ReadStatus(ctx context.Context, archive Archive, r StatusRequest) (Status, error) {
	var s Status
	var err error
	if s.Schema, s.Latest, err = archive.SchemaVersion(ctx); err != nil || s.Schema < s.Latest {
		return s, err
	}
	if s.Recent, err = ReadRecent(ctx, archive, r.Runs); err != nil {
		return s, err
	}
	if s.Series, err = archive.States(ctx); err != nil {
		return s, err
	}
	held, err := archive.HeldBack(ctx)
	if err != nil {
		return s, err
	}
	s.Held = GroupHeld(held)
	if s.Coverage, err = SumCoverage(ctx, archive); err != nil {
		return s, err
	}
	schedules, err := ReadPast(ctx, archive, r.Now, r.Schedules...)
	if err != nil {
		return s, err
	}
	s.Today, err = ReadToday(ctx, archive, r.Now, r.Kept, schedules...)
	return s, err
}

// ReadPast reads the past of schedules: by which their jobs were run before.
func ReadPast(ctx context.Context, archive interface {
	ScheduleChanges(ctx context.Context, job ledger.Job) ([]ledger.ScheduleChange, error)
}, now time.Time, schedules ...ledger.Schedule,
) ([]ledger.Schedule, error) {
	past := make([]ledger.Schedule, len(schedules))
	for i, s := range schedules {
		changes, err := archive.ScheduleChanges(ctx, s.Job())
		if err != nil {
			return nil, err
		}
		past[i] = s.After(changes, now)
	}
	return past, nil
}

// ReadRun reads one run with its cells. The error is a NoRunError when there is none, and a SchemaError when the archive is of
// an earlier release.
func ReadRun(ctx context.Context, archive Archive, id int64) (Run, error) {
	schema, latest, err := archive.SchemaVersion(ctx)
	switch {
	case err != nil:
		return Run{}, err
	case schema == 0:
		return Run{}, NoRunError{ID: id}
	case schema < latest:
		return Run{}, SchemaError{schema, latest}
	}
	return ReadLedgerRun(ctx, archive, id)
}
