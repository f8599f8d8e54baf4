package storetest

import (
	"testing"
	"time"

	"barkeep/ledger"
)

// testWrongClocks records schedules by clocks that are wrong: one that begins in 1970 makes nothing of the past forgotten, and
// what one of the time to come wrote is gone when a right one writes.
func testWrongClocks(t *testing.T, db Database) {
	archive := migrated(t, db)
	old := db.Open(t, func() time.Time { return time.Unix(0, 0) }) // SQLite has no clock but its processes'
	defer old.Close()
	ctx, at := t.Context(), slotOf(0).At
	change := func(archive Archive, schedule string, now time.Time) []ledger.ScheduleChange {
		t.Helper()
		changes, err := archive.ChangeSchedule(ctx, ledger.JobImport, schedule, now)
		if err != nil {
			t.Fatal(err)
		}
		return changes
	}
	const first, second, third = "14:05 UTC", "15:05 UTC", "16:05 UTC"
	change(archive, first, at.Add(-48*time.Hour))
	change(archive, second, at.Add(-24*time.Hour))
	if _, err := archive.Claim(ctx, asks(slotOf(0), "a"), ledger.Kept{}, forever); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		changes := change(old, second, time.Unix(0, 0))
		if len(changes) != 2 || !changes[1].Since.Equal(at.Add(-24*time.Hour)) {
			t.Fatalf("the same schedule, recorded in 1970: %v", changes)
		}
	}
	changes := change(old, third, time.Unix(0, 0))
	if len(changes) != 3 || changes[0].Schedule != first || changes[1].Schedule != second || changes[2].Since.Before(at) {
		t.Errorf("another schedule, recorded in 1970: %v, want it in force since the run of %s at the earliest", changes, at)
	}
	ahead := time.Now().Add(1000 * time.Hour)
	change(archive, first, ahead)
	changes = change(archive, second, time.Now())
	if n := len(changes); n != 4 || changes[n-1].Since.After(time.Now().Add(time.Minute)) {
		t.Errorf("after a clock that was 1000 hours ahead: %v", changes)
	}
}
