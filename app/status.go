package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"barkeep/config"
	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
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
	Today   []ledger.Standing // the import's slots of today, by the date of its zone
	Next    ledger.Timed      // the next slot of the import

	Progress map[int64]ledger.Progress // of those of Runs that are running and said something, by number
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
	if s.Progress, err = readProgress(ctx, archive, s.Runs); err != nil {
		return s, err
	}
	if s.Series, err = archive.States(ctx); err != nil {
		return s, err
	}
	return s, s.readSlots(ctx, archive, c)
}

// readProgress reads what runs said that are running. A schema of an earlier release may have no place for it.
func readProgress(ctx context.Context, archive Archive, runs []ledger.Run) (map[int64]ledger.Progress, error) {
	said := map[int64]ledger.Progress{}
	schema, latest, err := archive.SchemaVersion(ctx)
	if err != nil || schema < latest {
		return said, err
	}
	for _, run := range runs {
		if run.State != ledger.StateRunning {
			continue
		}
		progress, ok, err := archive.Progress(ctx, run.ID)
		if err != nil {
			return said, err
		}
		if ok {
			said[run.ID] = progress
		}
	}
	return said, nil
}

// readSlots reads how today's slots of the import stand, and which one is next.
func (s *Status) readSlots(ctx context.Context, archive Archive, c config.Config) error {
	imports, _, err := schedules(c)
	if err != nil {
		return err
	}
	s.Next.Slot, s.Next.At = imports.Next(s.Now)
	slots, err := imports.On(imports.Today(s.Now))
	if err != nil {
		return err
	}
	for _, slot := range slots {
		run, _, err := archive.Latest(ctx, slot.Slot)
		if err != nil {
			return err
		}
		s.Today = append(s.Today, imports.Standing(slot, run, s.Now))
	}
	return nil
}

// ReadRun reads one run of the ledger with its cells.
func ReadRun(ctx context.Context, c config.Config, o Options, id int64) (syncer.Report, error) {
	archive, closeArchive, err := openExisting(ctx, c, o.Now, o.Logger)
	if err != nil {
		return syncer.Report{}, err
	}
	defer closeArchive()
	schema, _, err := archive.SchemaVersion(ctx)
	switch {
	case err != nil:
		return syncer.Report{}, err
	case schema == 0:
		return syncer.Report{}, config.Unusable(fmt.Errorf("there is no run %d; there are none yet", id))
	}
	run, ok, err := archive.Run(ctx, id)
	if err != nil {
		return syncer.Report{}, err
	}
	if !ok {
		return syncer.Report{}, noRun(ctx, archive, id)
	}
	report := syncer.Report{Run: run}
	if report.Cells, err = archive.Cells(ctx, id); err != nil {
		return syncer.Report{}, err
	}
	for _, cell := range report.Cells {
		report.Requests += cell.Requests
	}
	said, err := readProgress(ctx, archive, []ledger.Run{run})
	if progress, ok := said[id]; ok {
		report.Progress = &progress
	}
	return report, err
}

// noRun says that there is no run of this number, and which is the newest.
func noRun(ctx context.Context, archive Archive, id int64) error {
	newest, err := archive.Runs(ctx, 1)
	switch {
	case err != nil:
		return err
	case len(newest) == 0:
		return config.Unusable(fmt.Errorf("there is no run %d; there are none yet", id))
	}
	return config.Unusable(fmt.Errorf("there is no run %d; the newest is %d", id, newest[0].ID))
}
