package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/config"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/scheduler"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// Schedules are the slots of the import and, unless it is off, of the maintenance. Every problem is reported.
func Schedules(c config.Config) (imports, maintenance ledger.Schedule, err error) {
	zone, err := time.LoadLocation(c.ImportTimezone)
	if err != nil {
		return imports, maintenance, config.Unusable(fmt.Errorf("IMPORT_TIMEZONE: %w", err))
	}
	imports, err = ledger.NewSchedule(ledger.JobImport, c.ImportTimes, zone)
	if err != nil {
		err = fmt.Errorf("IMPORT_TIMES: %w", err)
	}
	if c.MaintenanceTime != config.Off {
		var wrong error
		if maintenance, wrong = ledger.NewSchedule(ledger.JobMaintenance, []string{c.MaintenanceTime}, zone); wrong != nil {
			err = errors.Join(err, fmt.Errorf("MAINTENANCE_TIME: %w", wrong))
		}
	}
	if err != nil {
		err = config.Unusable(err)
	}
	return imports, maintenance, err
}

// Instruments are those that the configuration keeps, with the calendars that its archive gives them, as far as it can be read.
func Instruments(ctx context.Context, c config.Config, o Options) ([]market.Instrument, error) {
	instruments, _, err := yahoo.Select(c.Instruments, c.Timeframes, "INSTRUMENTS", "TIMEFRAMES")
	if err != nil {
		return nil, config.Unusable(err)
	}
	if settled, err := Calendars(ctx, c, o); err == nil {
		instruments = settled.SettleAll(instruments)
	}
	return instruments, nil
}

// Kept are the series that the configuration keeps, and those that they derive from: a slot is judged for them.
func Kept(c config.Config) (ledger.Kept, error) {
	instruments, timeframes, err := yahoo.Select(c.Instruments, c.Timeframes, "INSTRUMENTS", "TIMEFRAMES")
	if err != nil {
		return ledger.Kept{}, config.Unusable(err)
	}
	return syncer.Kept(yahoo.Capabilities(), instruments, timeframes), nil
}

// Imports is the schedule of the import with its past.
func (a *App) Imports() ledger.Schedule { return a.imports }

// readPast reads by which schedules the jobs were run before, and names the slots of the runs of earlier releases.
func (a *App) readPast(ctx context.Context, o Options) error {
	past, err := query.ReadPast(ctx, a.Archive, o.Now(), a.imports, a.maintenance)
	if err != nil {
		return err
	}
	if a.clock.Judge().Err() != nil {
		a.imports, a.maintenance = past[0], past[1]
		return nil // by a wrong clock it is not known which schedule was in force
	}
	named, err := a.Archive.NameSlots(ctx, func(run ledger.Run) (ledger.Slot, bool) {
		return ledger.OldSlot(run.Slot, run.Started, append(past, a.imports, a.maintenance)...)
	})
	if named > 0 {
		o.Logger.InfoContext(ctx, "runs of an earlier release were given the times of their slots", "runs", named)
	}
	a.imports, a.maintenance = past[0], past[1]
	return err
}

// FirstRelease is before any schedule that was ever in force: what is recorded for an earlier time came from a wrong clock.
func FirstRelease() time.Time { return time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC) }

// begin records by which schedule a job is run from now on, and plans its slots: with the schedule's past.
func (a *App) begin(ctx context.Context, schedule ledger.Schedule, o Options) (scheduler.Plan, error) {
	now := o.Now()
	if a.Config.StartAt.IsZero() {
		if err := a.Archive.DropSchedules(ctx, schedule.Job(), FirstRelease()); err != nil {
			return scheduler.Plan{}, err
		}
	}
	changes, err := a.Archive.ChangeSchedule(ctx, schedule.Job(), schedule.String(), now)
	if err != nil {
		return scheduler.Plan{}, err
	}
	return scheduler.Plan{Schedule: schedule.After(changes, now), Since: changes[0].Since}, nil
}
