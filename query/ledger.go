package query

import (
	"context"
	"fmt"
	"time"

	"barkeep/ledger"
	"barkeep/store"
)

// Ledger is what is read of runs, slots and cells. A store.Archive has it; each method says there what it does.
type Ledger interface {
	Runs(ctx context.Context, limit int) ([]ledger.Run, error)
	SelectRuns(ctx context.Context, filter store.RunFilter, limit int) ([]ledger.Run, error)
	Run(ctx context.Context, id int64) (ledger.Run, bool, error)
	Oldest(ctx context.Context) (ledger.Run, bool, error)
	Cells(ctx context.Context, runID int64) ([]ledger.Cell, error)
	Progress(ctx context.Context, runID int64) (ledger.Progress, bool, error)
	Latest(ctx context.Context, slot ledger.Slot, kept ledger.Kept) (ledger.Run, bool, error)
	Committed(ctx context.Context, slot ledger.Slot) ([]ledger.Cell, error)
}

// Recent are the newest runs, the newest first, with the progress of those that are running and said something.
type Recent struct {
	Runs     []ledger.Run
	Progress map[int64]ledger.Progress // by the number of the run
}

// ReadRecent reads the newest runs, limit at most.
func ReadRecent(ctx context.Context, from Ledger, limit int) (Recent, error) {
	recent := Recent{}
	var err error
	if recent.Runs, err = from.Runs(ctx, limit); err != nil {
		return recent, err
	}
	recent.Progress, err = readProgress(ctx, from, recent.Runs...)
	return recent, err
}

// ReadRuns reads the newest runs that a filter selects, limit at most; with cells those of each run, too.
func ReadRuns(
	ctx context.Context, from Ledger, filter store.RunFilter, limit int, cells bool,
) (recent Recent, byRun map[int64][]ledger.Cell, err error) {
	if recent.Runs, err = from.SelectRuns(ctx, filter, limit); err != nil {
		return recent, nil, err
	}
	if recent.Progress, err = readProgress(ctx, from, recent.Runs...); err != nil || !cells {
		return recent, nil, err
	}
	byRun = make(map[int64][]ledger.Cell, len(recent.Runs))
	for _, run := range recent.Runs {
		if byRun[run.ID], err = from.Cells(ctx, run.ID); err != nil {
			return recent, nil, err
		}
	}
	return recent, byRun, nil
}

// readProgress reads what those of the runs said that are running.
func readProgress(ctx context.Context, from Ledger, runs ...ledger.Run) (map[int64]ledger.Progress, error) {
	said := map[int64]ledger.Progress{}
	for _, run := range runs {
		if run.State != ledger.StateRunning {
			continue
		}
		progress, ok, err := from.Progress(ctx, run.ID)
		if err != nil {
			return said, err
		}
		if ok {
			said[run.ID] = progress
		}
	}
	return said, nil
}

// Slot is how a slot stands, with the newest evidence of each series.
type Slot struct {
	ledger.Standing
	Cells []ledger.Cell
	Due   int // kept series, which an import has to bring; 0 where nobody says which, and of other jobs
}

// ReadSlot reads how a slot of the schedule stands for those who keep these series, and the cells of these.
func ReadSlot(
	ctx context.Context, from Ledger, schedule ledger.Schedule, slot ledger.Slot, kept ledger.Kept, now time.Time,
) (Slot, error) {
	run, found, err := from.Latest(ctx, slot, kept)
	if err != nil {
		return Slot{}, err
	}
	read := Slot{Standing: schedule.Standing(slot, run, now)}
	if slot.Job == ledger.JobImport {
		read.Due = kept.Len()
	}
	if found {
		read.Cells, err = from.Committed(ctx, slot)
		read.Cells = kept.Of(read.Cells)
	}
	return read, err
}

// ReadToday reads how the slots of today stand for those who keep these series, by the date of each schedule's zone, in the order
// of the schedules.
func ReadToday(
	ctx context.Context, from Ledger, now time.Time, kept ledger.Kept, schedules ...ledger.Schedule,
) ([]Slot, error) {
	var today []Slot
	for _, schedule := range schedules {
		slots, err := schedule.On(schedule.Today(now))
		if err != nil {
			return nil, err
		}
		for _, slot := range slots {
			read, err := ReadSlot(ctx, from, schedule, slot, kept, now)
			if err != nil {
				return nil, err
			}
			today = append(today, read)
		}
	}
	return today, nil
}

// SchemaError tells that the archive is of an earlier release, whose tables are others.
type SchemaError struct {
	Schema, Latest int64 // the archive's, and the one that this program reads
}

// Error says what to do.
func (e SchemaError) Error() string {
	return fmt.Sprintf("the archive has schema %d and this program reads %d: barkeep migrate, or the next sync or serve, brings it "+
		"up to date", e.Schema, e.Latest)
}

// NoRunError tells that the ledger has no run of a number.
type NoRunError struct {
	ID     int64
	Newest int64 // the newest run; 0 when there are none yet
}

// Error is for people.
func (e NoRunError) Error() string {
	if e.Newest == 0 {
		return fmt.Sprintf("there is no run %d; there are none yet", e.ID)
	}
	return fmt.Sprintf("there is no run %d; the newest is %d", e.ID, e.Newest)
}

// Run is a run with its cells.
type Run struct {
	Run      ledger.Run
	Cells    []ledger.Cell
	Progress *ledger.Progress // of a run in progress that has said something
}

// ReadLedgerRun reads one run with its cells from a ledger of this program's schema. The error is a NoRunError when there is
// none.
func ReadLedgerRun(ctx context.Context, from Ledger, id int64) (Run, error) {
	run, ok, err := from.Run(ctx, id)
	if err != nil {
		return Run{}, err
	}
	if !ok {
		return Run{}, noRun(ctx, from, id)
	}
	read := Run{Run: run}
	if read.Cells, err = from.Cells(ctx, id); err != nil {
		return Run{}, err
	}
	progress, err := readProgress(ctx, from, run)
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
