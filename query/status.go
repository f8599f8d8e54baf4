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
}

var _ Archive = store.Archive(nil)

// StatusRequest says what of a status to read.
type StatusRequest struct {
	Runs      int // the newest ones, at most
	Now       time.Time
	Schedules []ledger.Schedule // whose slots of today are read
}

// Status is what an archive and its ledger say of themselves. Of an archive that was never migrated it is empty.
type Status struct {
	Schema int64 // 0 for none
	Latest int64 // that this program knows
	Recent
	Today  []Slot
	Series []market.SeriesState
}

// ReadStatus reads an archive of whatever schema.
func ReadStatus(ctx context.Context, archive Archive, r StatusRequest) (Status, error) {
	var s Status
	var err error
	if s.Schema, s.Latest, err = archive.SchemaVersion(ctx); err != nil || s.Schema == 0 {
		return s, err
	}
	if s.Recent, err = ReadRecent(ctx, said(archive, s.Schema, s.Latest), r.Runs); err != nil {
		return s, err
	}
	if s.Series, err = archive.States(ctx); err != nil {
		return s, err
	}
	s.Today, err = ReadToday(ctx, archive, r.Now, r.Schedules...)
	return s, err
}

// ReadRun reads one run with its cells from an archive of whatever schema. The error is a NoRunError when there is none.
func ReadRun(ctx context.Context, archive Archive, id int64) (Run, error) {
	schema, latest, err := archive.SchemaVersion(ctx)
	switch {
	case err != nil:
		return Run{}, err
	case schema == 0:
		return Run{}, NoRunError{ID: id}
	}
	run, ok, err := archive.Run(ctx, id)
	if err != nil {
		return Run{}, err
	}
	if !ok {
		return Run{}, noRun(ctx, archive, id)
	}
	read := Run{Run: run}
	if read.Cells, err = archive.Cells(ctx, id); err != nil {
		return Run{}, err
	}
	progress, err := readProgress(ctx, said(archive, schema, latest), run)
	if p, ok := progress[id]; ok {
		read.Progress = &p
	}
	return read, err
}

// noRun says that there is no run of this number, and which is the newest.
func noRun(ctx context.Context, from Ledger, id int64) error {
	newest, err := from.Runs(ctx, 1)
	switch {
	case err != nil:
		return err
	case len(newest) == 0:
		return NoRunError{ID: id}
	}
	return NoRunError{ID: id, Newest: newest[0].ID}
}

// said is the archive, without the progress of runs where its schema is of an earlier release, which has no place for it.
func said(archive Archive, schema, latest int64) Ledger {
	if schema < latest {
		return silent{archive}
	}
	return archive
}

// silent is a ledger in which no run says anything.
type silent struct{ Ledger }

// Progress says that nothing was said.
func (silent) Progress(context.Context, int64) (ledger.Progress, bool, error) {
	return ledger.Progress{}, false, nil
}
