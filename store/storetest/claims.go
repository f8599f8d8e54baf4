package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"barkeep/ledger"
)

// testClaims lets many claim the same slot at once, round after round, and again when it is done.
func testClaims(t *testing.T, db Database) {
	archives := several(t, db, 3)
	const rounds, claimants = 8, 12
	for round := range rounds {
		slot := slotOf(round)
		winner := oneWon(t, claimAtOnce(t, archives, slot, claimants, fmt.Sprint(round)))
		if winner.Run.Attempt != 1 || len(winner.Abandoned) > 0 || winner.Run.State != ledger.StateRunning {
			t.Fatalf("the winner is %+v", winner)
		}
		done := finishes(t, archives[0], winner.Run, ledger.StateDone, "")
		for _, claim := range claimAtOnce(t, archives, slot, claimants, fmt.Sprint(round, "again")) {
			if claim.Won || claim.Run != done {
				t.Fatalf("a claim of a done slot says %+v, want %+v in the way", claim, done)
			}
		}
	}
	if n := db.Query(t, `SELECT count(*) FROM runs`); n != rounds {
		t.Errorf("%d runs were begun for %d slots", n, rounds)
	}
}

// testTakeOvers lets many claim a slot at once whose holder is dead.
func testTakeOvers(t *testing.T, db Database) {
	archives := several(t, db, 3)
	for round := range 6 {
		slot := slotOf(round)
		dead := dies(t.Context(), t, archives[0], asks(slot, "dead"))
		winner := oneWon(t, claimAtOnce(t, archives, slot, 9, fmt.Sprint(round)))
		dead.State, dead.Reason, dead.Finished = ledger.StateAbandoned, "lease ended", start()
		if winner.Run.Attempt != 2 || !slices.Equal(winner.Abandoned, []ledger.Run{dead}) {
			t.Fatalf("the winner is %+v; want attempt 2, taken over from %+v", winner, dead)
		}
		wantRun(t, archives[1], dead)
	}
}

// testAttempts lets many goroutines claim a slot again and again, each of whose runs fails at once: attempts count up one by
// one whatever happens at the same time.
func testAttempts(t *testing.T, db Database) {
	archives := several(t, db, 3)
	const claimants, each = 6, 5
	parallel(t, claimants, func(i int) error {
		archive := archives[i%len(archives)]
		for won := 0; won < each; {
			claim, err := archive.Claim(t.Context(), asks(slotOf(0), fmt.Sprint(i, "-", won)), ledger.Kept{}, forever)
			if err != nil {
				return err
			}
			if !claim.Won {
				continue
			}
			won++
			claim.Run.State = ledger.StateFailed
			if ok, err := archive.Finish(t.Context(), claim.Run); err != nil || !ok {
				return fmt.Errorf("run %d could not be ended: %v, %w", claim.Run.ID, ok, err)
			}
		}
		return nil
	})
	const want = claimants * each
	if n := db.Query(t, `SELECT count(DISTINCT attempt) FROM runs`); n != want {
		t.Errorf("%d runs have %d different attempts", want, n)
	}
	if n := db.Query(t, `SELECT max(attempt) FROM runs`); n != want {
		t.Errorf("the last attempt of %d is %d", want, n)
	}
}

// testDone runs a slot until it is done.
func testDone(t *testing.T, db Database) {
	archive := migrated(t, db)
	first := wins(t, archive, asks(slotOf(0), "a"), 1)
	loses(t, archive, asks(slotOf(0), "b"), first)
	wins(t, archive, asks(slotOf(1), "c"), 1) // another slot
	elsewhere := slotOf(0)
	elsewhere.Job = ledger.JobMaintenance
	wins(t, archive, asks(elsewhere, "d"), 1) // and another job
	finishes(t, archive, first, ledger.StateFailed, "HTTP 503")
	second := wins(t, archive, asks(slotOf(0), "e"), 2)
	finishes(t, archive, second, ledger.StatePartial, "NQ 1m: HTTP 429")
	third := wins(t, archive, asks(slotOf(0), "f"), 3)
	done := finishes(t, archive, third, ledger.StateDone, "")
	loses(t, archive, asks(slotOf(0), "g"), done)
	if ok, err := archive.Missed(t.Context(), slotOf(0), "x", start()); ok || err != nil {
		t.Errorf("a done slot was recorded as missed: %v, %v", ok, err)
	}
}

// testForced runs a slot again that is done: the forced run keeps others out while it lasts and never counts as effective.
func testForced(t *testing.T, db Database) {
	archive := migrated(t, db)
	slot := slotOf(0)
	force := func(token string) ledger.Run {
		run := asks(slot, token)
		run.Forced = true
		return run
	}
	forced := wins(t, archive, force("a"), 1)
	loses(t, archive, asks(slot, "b"), forced)
	loses(t, archive, force("c"), forced)
	if ok, err := archive.Missed(t.Context(), slot, "x", start()); ok || err != nil {
		t.Errorf("a slot that is being run was recorded as missed: %v, %v", ok, err)
	}
	finishes(t, archive, forced, ledger.StateDone, "")
	wantLatest(t, archive, slot, ledger.Run{})

	plain := wins(t, archive, asks(slot, "d"), 2)
	loses(t, archive, force("e"), plain)
	done := finishes(t, archive, plain, ledger.StateDone, "")
	again := wins(t, archive, force("f"), 3)
	loses(t, archive, asks(slot, "g"), done) // of the two in the way the done one is told
	loses(t, archive, force("h"), again)
	finishes(t, archive, again, ledger.StateDone, "")
	wantLatest(t, archive, slot, done)

	dead := dies(t.Context(), t, archive, force("i"))
	loses(t, archive, asks(slot, "j"), done)
	claim, err := archive.Claim(t.Context(), force("k"), ledger.Kept{}, forever)
	if err != nil || !claim.Won || !tookOver(claim, dead) || claim.Run.Attempt != 5 {
		t.Errorf("a dead forced run was taken over with %+v, %v", claim, err)
	}
}

// testRepeated repeats what a process repeats that did not hear an answer.
func testRepeated(t *testing.T, db Database) {
	archive := migrated(t, db)
	slot := slotOf(0)
	run := wins(t, archive, asks(slot, "a"), 1)
	if again := wins(t, archive, asks(slot, "a"), 1); again != run {
		t.Errorf("the repeated claim is %+v, the first was %+v", again, run)
	}
	done := finishes(t, archive, run, ledger.StateDone, "")
	again := done
	again.Reason, again.Finished = "another", start().Add(time.Hour)
	if ok, err := archive.Finish(t.Context(), again); !ok || err != nil {
		t.Errorf("an end could not be repeated: %v, %v", ok, err)
	}
	wantRun(t, archive, done)
	for name, change := range map[string]func(*ledger.Run){
		"another state": func(r *ledger.Run) { r.State = ledger.StateFailed },
		"another token": func(r *ledger.Run) { r.Token = "b" },
		"no token":      func(r *ledger.Run) { r.Token = "" },
		"another run":   func(r *ledger.Run) { r.ID += 100 },
	} {
		other := done
		change(&other)
		if ok, err := archive.Finish(t.Context(), other); ok || err != nil {
			t.Errorf("an end with %s: %v, %v", name, ok, err)
		}
	}
	wantRun(t, archive, done)
	if ok, err := archive.Finish(t.Context(), run); ok || err == nil {
		t.Errorf("a run ended as running: %v, %v", ok, err)
	}

	// A claim repeated after its lease, before anybody took over, goes on as well.
	dead := dies(t.Context(), t, archive, asks(slotOf(1), "b"))
	if revived := wins(t, archive, asks(slotOf(1), "b"), 1); revived.ID != dead.ID {
		t.Errorf("the repeated claim began run %d beside run %d", revived.ID, dead.ID)
	}
	loses(t, archive, asks(slotOf(1), "c"), wins(t, archive, asks(slotOf(1), "b"), 1))
}

// testNoClaim asks for what nobody can have.
func testNoClaim(t *testing.T, db Database) {
	archive := migrated(t, db)
	for name, c := range map[string]struct {
		change func(*ledger.Run)
		lease  time.Duration
		slot   bool // the error is ErrSlot
	}{
		"no date":              {func(r *ledger.Run) { r.Slot.Date = "soon" }, forever, true},
		"no job":               {func(r *ledger.Run) { r.Job, r.Slot.Job = "", "" }, forever, true},
		"neither job nor date": {func(r *ledger.Run) { r.Job, r.Slot = "", ledger.Slot{} }, forever, true},
		"no slot":              {func(r *ledger.Run) { r.Slot.At = time.Time{} }, forever, true},
		"no token":             {func(r *ledger.Run) { r.Token = "" }, forever, false},
		"no lease":             {func(*ledger.Run) {}, 0, false},
		"negative lease":       {func(*ledger.Run) {}, -time.Second, false},
	} {
		run := asks(slotOf(0), "a")
		c.change(&run)
		claim, err := archive.Claim(t.Context(), run, ledger.Kept{}, c.lease)
		if err == nil || claim.Won || claim.Run.ID != 0 || errors.Is(err, ledger.ErrSlot) != c.slot {
			t.Errorf("%s: %+v, %v", name, claim, err)
		}
	}
	none := ledger.Slot{Job: ledger.JobImport}
	if ok, err := archive.Missed(t.Context(), none, "x", start()); ok || !errors.Is(err, ledger.ErrSlot) {
		t.Errorf("no slot was recorded as missed: %v, %v", ok, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if claim, err := archive.Claim(ended, asks(slotOf(0), "a"), ledger.Kept{}, forever); !errors.Is(err, context.Canceled) {
		t.Errorf("a claim under an ended context says %+v, %v", claim, err)
	}
	if n := db.Query(t, `SELECT count(*) FROM runs`); n != 0 {
		t.Errorf("%d runs are written", n)
	}
}
