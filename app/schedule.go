package app

import (
	"errors"
	"fmt"
	"time"

	"barkeep/config"
	"barkeep/ledger"
)

// Schedules are the slots of the import and, where a time is set, of the maintenance. Every problem is reported.
func Schedules(c config.Config) (imports, maintenance ledger.Schedule, err error) {
	zone, err := time.LoadLocation(c.ImportTimezone)
	if err != nil {
		return imports, maintenance, config.Unusable(fmt.Errorf("IMPORT_TIMEZONE: %w", err))
	}
	imports, err = ledger.NewSchedule(ledger.JobImport, c.ImportTimes, zone)
	if err != nil {
		err = fmt.Errorf("IMPORT_TIMES: %w", err)
	}
	if c.MaintenanceTime != "" {
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
