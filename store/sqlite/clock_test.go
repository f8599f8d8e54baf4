package sqlite_test

import (
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/store/sqlite"
)

// A lease ends by the clock that the archive is given, not by the machine's and not by that of revisions.
func TestLeasesEndByTheGivenClock(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.db"
	now := time.Date(1999, 12, 31, 23, 59, 0, 0, time.UTC)
	migrated(t, path)
	archive, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Now: clock, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(archive.Close)
	claim, err := archive.Claim(t.Context(), ledger.Run{Job: ledger.JobImport, Started: clock(), Token: "a"}, ledger.Kept{}, time.Minute)
	if err != nil || !claim.Won {
		t.Fatal(claim, err)
	}
	const slot = "import:1999-12-31T14:05Z"
	if turn, err := archive.Turn(t.Context(), slot, ledger.NoticeFailed, time.Minute); err != nil || turn != ledger.TurnMine {
		t.Fatal(turn, err)
	}
	for _, c := range []struct {
		after time.Duration
		state ledger.State
		turn  ledger.Turn
	}{
		{time.Minute - time.Millisecond, ledger.StateRunning, ledger.TurnOther},
		{time.Millisecond, ledger.StateAbandoned, ledger.TurnMine},
	} {
		now = now.Add(c.after)
		if run, _, err := archive.Run(t.Context(), claim.Run.ID); err != nil || run.State != c.state {
			t.Errorf("at %s the run reads as %+v, %v; want it %s", now, run, err, c.state)
		}
		if turn, err := archive.Turn(t.Context(), slot, ledger.NoticeFailed, time.Minute); err != nil || turn != c.turn {
			t.Errorf("at %s the turn is %q, %v; want %q", now, turn, err, c.turn)
		}
	}
}
