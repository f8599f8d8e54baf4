package storetest

import (
	"errors"
	"testing"
	"time"

	"barkeep/store"
)

// testClock reads the clock of a database: a server on this machine has the machine's, a file none of its own.
func testClock(t *testing.T, db Database) {
	archive := migrated(t, db)
	before := time.Now()
	now, err := archive.Clock(t.Context())
	if errors.Is(err, store.ErrNoClock) && now.IsZero() {
		return
	}
	if err != nil || now.Before(before.Add(-time.Second)) || now.After(time.Now().Add(time.Second)) {
		t.Errorf("the database's clock shows %s, %v; this machine's %s", now, err, before)
	}
}

// testSetBack gives back the moments of a clock that is ten minutes fast, and takes none from those whose clock is right.
func testSetBack(t *testing.T, db Database) {
	archive := migrated(t, db)
	ctx, limits, fast := t.Context(), store.Limits{PerMinute: 60, PerDay: 100}, 10*time.Minute
	take := func(after time.Duration, least, most time.Duration) {
		t.Helper()
		grant, err := archive.Take(ctx, "clocks", limits, store.TakeRequest{After: after})
		if err != nil || grant.Wait < least || grant.Wait > most {
			t.Errorf("a request may be sent in %s, %v; want %s to %s", grant.Wait, err, least, most)
		}
	}
	if untilDayEnd := time.Until(time.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)); untilDayEnd < 2*fast {
		t.Logf("%s before the day ends, moments lie in the next one", untilDayEnd) // and the same holds of them
	}
	take(fast, fast, fast+5*time.Second)
	if err := archive.SetBack(ctx, "clocks", fast); err != nil {
		t.Fatal(err)
	}
	take(0, 0, 3*time.Second)
	take(0, 0, 4*time.Second) // paced as before
	if err := archive.SetBack(ctx, "other", fast); err != nil {
		t.Error(err)
	}
}
