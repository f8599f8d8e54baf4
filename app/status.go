package app

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"barkeep/config"
	"barkeep/ledger"
	"barkeep/market"
)

// Status is what the archive and its ledger say of themselves.
type Status struct {
	Archive string // its place, without a password
	Absent  bool   // there is no archive yet; all that is read from it is empty
	Schema  int64
	Latest  int64 // schema that this program knows
	Now     time.Time
	Runs    []ledger.Run // newest first
	Series  []market.SeriesState
	Mode    string
	Today   []SlotStatus // the import's slots of today, by the date of its zone
	Next    ledger.Timed // the next slot of the import
}

// SlotStatus is how a slot stands.
type SlotStatus struct {
	ledger.Timed
	Run ledger.Run // the one that speaks for the slot; its ID is 0 when there is none
}

// State is the state of the slot's run, or whether its time has come.
func (s SlotStatus) State(now time.Time) string {
	switch {
	case s.Run.State != "":
		return string(s.Run.State)
	case now.Before(s.At):
		return "waiting"
	default:
		return "due"
	}
}

// ReadStatus reads the archive that the configuration names; it makes and changes nothing, so an archive that was never migrated
// is shown with schema 0 and nothing in it.
func ReadStatus(ctx context.Context, c config.Config, o Options, runs int) (Status, error) {
	s := Status{Archive: c.DatabaseName(), Now: o.Now().UTC(), Mode: c.SyncMode}
	archive, closeArchive, err := openExisting(ctx, c, o.Now, o.Logger)
	if errors.Is(err, fs.ErrNotExist) {
		s.Absent = true
		return s, nil
	}
	if err != nil {
		return s, err
	}
	defer closeArchive()
	if s.Schema, s.Latest, err = archive.SchemaVersion(ctx); err != nil || s.Schema == 0 {
		return s, err
	}
	if s.Runs, err = archive.Runs(ctx, runs); err != nil {
		return s, err
	}
	if s.Series, err = archive.States(ctx); err != nil {
		return s, err
	}
	return s, s.readSlots(ctx, archive, c)
}

// readSlots reads how today's slots of the import stand, and which one is next.
func (s *Status) readSlots(ctx context.Context, archive Archive, c config.Config) error {
	imports, _, err := schedules(c)
	if err != nil {
		return err
	}
	s.Next.Slot, s.Next.At = imports.Next(s.Now)
	date := s.Now.In(imports.Zone()).Format(time.DateOnly)
	for i := range imports.Len() {
		at, err := imports.At(date, i)
		if err != nil {
			return err
		}
		one := SlotStatus{Timed: ledger.Timed{Slot: ledger.Slot{Job: ledger.JobImport, Date: date, Index: i}, At: at}}
		if one.Run, _, err = archive.Latest(ctx, one.Slot); err != nil {
			return err
		}
		s.Today = append(s.Today, one)
	}
	return nil
}

// ReadRun reads one run of the ledger with its cells.
func ReadRun(ctx context.Context, c config.Config, o Options, id int64) (Report, error) {
	archive, closeArchive, err := openExisting(ctx, c, o.Now, o.Logger)
	if err != nil {
		return Report{}, err
	}
	defer closeArchive()
	schema, _, err := archive.SchemaVersion(ctx)
	switch {
	case err != nil:
		return Report{}, err
	case schema == 0:
		return Report{}, Misuse("there is no run %d; there are none yet", id)
	}
	run, ok, err := archive.Run(ctx, id)
	if err != nil {
		return Report{}, err
	}
	if !ok {
		return Report{}, noRun(ctx, archive, id)
	}
	report := Report{Run: run}
	if report.Cells, err = archive.Cells(ctx, id); err != nil {
		return Report{}, err
	}
	for _, cell := range report.Cells {
		report.Requests += cell.Requests
	}
	return report, nil
}

// noRun says that there is no run of this number, and which is the newest.
func noRun(ctx context.Context, archive Archive, id int64) error {
	newest, err := archive.Runs(ctx, 1)
	switch {
	case err != nil:
		return err
	case len(newest) == 0:
		return Misuse("there is no run %d; there are none yet", id)
	}
	return Misuse("there is no run %d; the newest is %d", id, newest[0].ID)
}
