package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"barkeep/ledger"
)

// gateTests are those of the run gate's ledger.
func gateTests() map[string]func(*testing.T, Database) {
	return map[string]func(*testing.T, Database){
		"gate: of many claims at once one wins":               testClaims,
		"gate: of many claims of a dead run one takes over":   testTakeOvers,
		"gate: claims of runs that fail count every attempt":  testAttempts,
		"gate: a done run is in the way, a failed one is not": testDone,
		"gate: forced runs":                                   testForced,
		"gate: the zombie of a run that was taken over":       testZombie,
		"gate: a heartbeat revives":                           testRevival,
		"gate: what may be repeated":                          testRepeated,
		"gate: what is no claim":                              testNoClaim,
		"gate: a fenced write is not passed":                  testFence,
		"gate: an end waits for fenced writes":                testFinishWaits,
		"gate: processes that claim at once":                  testProcesses,
		"gate: a killed process is taken over":                testKilled,
		"gate: ad-hoc runs":                                   testAdHoc,
		"gate: ad-hoc runs that died are taken over together": testAdHocTakeOver,
		"gate: progress":                                      testProgress,
		"slots: which run tells":                              testLatest,
		"slots: standing":                                     testStanding,
		"slots: committed cells":                              testCommitted,
		"slots: a run in progress":                            testInProgress,
		"slots: a run without a lease":                        testNoLease,
		"slots: missed once":                                  testMissed,
		"slots: missed by many at once":                       testMissedAtOnce,
		"slots: since when":                                   testSince,
		"slots: since a wrong clock":                          testDropSchedules,
		"slots: a notice is forgotten":                        testForget,
		"slots: what was told of a kind":                      testToldOf,
		"slots: since when, by wrong clocks":                  testWrongClocks,
		"slots: notices are told in turns":                    testNotices,
		"slots: runs do to an archive what they do to a list": testGateModel,
	}
}

// forever is a lease that does not end in a test.
const forever = time.Hour

func slotOf(index int) ledger.Slot {
	return slotOn("2026-11-22", index)
}

// slotOn is the slot of a date at 14:05 and so many hours, as a schedule in UTC has it.
func slotOn(date string, index int) ledger.Slot {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err)
	}
	slot := ledger.NewSlot(ledger.JobImport, day.Add(14*time.Hour+5*time.Minute+time.Duration(index)*time.Hour))
	slot.Index = index
	return slot
}

// asks is a run that wants a slot.
func asks(slot ledger.Slot, token string) ledger.Run {
	return ledger.Run{
		Job: slot.Job, Slot: slot, Entry: "schedule", Host: "box-1.example", PID: 4711,
		Started: start(), Token: token,
	}
}

// wins claims where nothing is in the way and checks what the claim says.
func wins(t *testing.T, a Archive, run ledger.Run, attempt int) ledger.Run {
	t.Helper()
	claim, err := a.Claim(t.Context(), run, ledger.Kept{}, forever)
	want := run
	want.ID, want.Attempt, want.State = claim.Run.ID, attempt, ledger.StateRunning
	if err != nil || !claim.Won || claim.Run != want || claim.Run.ID <= 0 {
		t.Fatalf("the claim of %+v says %+v, %v; want it won as attempt %d", run, claim, err, attempt)
	}
	return claim.Run
}

// loses claims where a run is in the way and checks that it is told.
func loses(t *testing.T, a Archive, run, to ledger.Run) {
	t.Helper()
	claim, err := a.Claim(t.Context(), run, ledger.Kept{}, forever)
	if err != nil || claim.Won || claim.Run != to || len(claim.Abandoned) > 0 {
		t.Fatalf("the claim of %+v says %+v, %v; want it lost to %+v", run, claim, err, to)
	}
}

// dies claims with a lease that ends at once, and returns when it has ended. The run is as readers see it.
func dies(ctx context.Context, t failer, a Archive, run ledger.Run) ledger.Run {
	t.Helper()
	claim, err := a.Claim(ctx, run, ledger.Kept{}, time.Millisecond)
	if err != nil || !claim.Won {
		t.Fatalf("the claim of %+v says %+v, %v; want it won", run, claim, err)
	}
	return ends(ctx, t, a, claim.Run.ID)
}

// ends returns when the lease of a run has ended.
func ends(ctx context.Context, t failer, a Archive, id int64) ledger.Run {
	t.Helper()
	for {
		run, found, err := a.Run(ctx, id)
		if err != nil || !found {
			t.Fatalf("run %d: %v, %v", id, found, err)
		}
		if run.State == ledger.StateAbandoned {
			return run
		}
	}
}

// finishes ends a run.
func finishes(t *testing.T, a Archive, run ledger.Run, state ledger.State, reason string) ledger.Run {
	t.Helper()
	run.State, run.Reason, run.Finished = state, reason, run.Started.Add(time.Minute)
	if ok, err := a.Finish(t.Context(), run); err != nil || !ok {
		t.Fatalf("the end of %+v was refused: %v, %v", run, ok, err)
	}
	wantRun(t, a, run)
	return run
}

// wantRun compares a stored run.
func wantRun(t *testing.T, a Archive, want ledger.Run) {
	t.Helper()
	got, found, err := a.Run(t.Context(), want.ID)
	if err != nil || !found || got != want {
		t.Fatalf("run %d is %+v, %v, %v; want %+v", want.ID, got, found, err, want)
	}
}

// wantLatest compares how a slot stands; want has the ID 0 where it has no run.
func wantLatest(t *testing.T, a Archive, slot ledger.Slot, want ledger.Run) {
	t.Helper()
	got, found, err := a.Latest(t.Context(), slot, ledger.Kept{})
	if err != nil || found != (want.ID != 0) || got != want {
		t.Fatalf("the latest run of %s is %+v, %v, %v; want %+v", slot, got, found, err, want)
	}
}

// several opens n archives on a migrated database, as n processes would.
func several(t *testing.T, db Database, n int) []Archive {
	t.Helper()
	archives := []Archive{migrated(t, db)}
	for len(archives) < n {
		archives = append(archives, db.Open(t, start))
	}
	return archives
}

// claimAtOnce lets n goroutines claim a slot through all archives at the same time.
func claimAtOnce(t *testing.T, archives []Archive, slot ledger.Slot, n int, round string) []ledger.Claim {
	t.Helper()
	claims := make([]ledger.Claim, n)
	atOnce(t, n, func(i int) (err error) {
		run := asks(slot, fmt.Sprint("t", round, "-", i))
		claims[i], err = archives[i%len(archives)].Claim(t.Context(), run, ledger.Kept{}, forever)
		return err
	})
	return claims
}

// atOnce is parallel with all n waiting for a common start.
func atOnce(t *testing.T, n int, do func(i int) error) {
	t.Helper()
	gun := make(chan struct{})
	armed := make(chan struct{}, n)
	go func() {
		for range n {
			<-armed
		}
		close(gun)
	}()
	parallel(t, n, func(i int) error {
		armed <- struct{}{}
		<-gun
		return do(i)
	})
}

// tookOver tells whether a claim took over this run and no other.
func tookOver(claim ledger.Claim, run ledger.Run) bool {
	return len(claim.Abandoned) == 1 && claim.Abandoned[0].ID == run.ID
}

// oneWon checks that one claim won and all others were told of it.
func oneWon(t *testing.T, claims []ledger.Claim) ledger.Claim {
	t.Helper()
	var winner ledger.Claim
	for _, claim := range claims {
		if claim.Won && winner.Won {
			t.Fatalf("two claims won: %+v and %+v", winner, claim)
		}
		if claim.Won {
			winner = claim
		}
	}
	if !winner.Won {
		t.Fatalf("nobody won: %+v", claims)
	}
	for _, claim := range claims {
		if !claim.Won && (claim.Run != winner.Run || len(claim.Abandoned) > 0) {
			t.Fatalf("a loser was told %+v, the winner is %+v", claim, winner)
		}
	}
	return winner
}
