package postgres_test

import (
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/store"
	"barkeep/store/postgres"
)

// asks is a run that wants the slot of an index.
func asks(index int, token string) ledger.Run {
	return ledger.Run{
		Job: ledger.JobImport, Slot: ledger.NewSlot(ledger.JobImport, time.Date(2026, 11, 22, 0, index, 0, 0, time.UTC)),
		Entry: "schedule", Started: clock(), Token: token,
	}
}

// dead claims a slot with a lease that has ended.
func dead(t *testing.T, archive *postgres.Archive, address string) ledger.Run {
	t.Helper()
	claim, err := archive.Claim(t.Context(), asks(0, "a"), ledger.Kept{}, time.Hour)
	if err != nil || !claim.Won {
		t.Fatalf("%+v, %v", claim, err)
	}
	execOn(t, address, `UPDATE runs SET lease_until = clock_timestamp()`)
	return claim.Run
}

// fenced begins a write of a run.
func fenced(t *testing.T, archive *postgres.Archive, run ledger.Run) store.Tx {
	t.Helper()
	tx, err := archive.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tx.Rollback)
	if err := tx.Fence(t.Context(), run.ID, run.Token); err != nil {
		t.Fatal(err)
	}
	return tx
}

// waitForLock returns once the server reports that somebody waits for a lock on a row of runs.
func waitForLock(t *testing.T, address string, over <-chan ledger.Claim) {
	t.Helper()
	for lockWaits(t, address) == 0 {
		select {
		case claim := <-over:
			t.Fatalf("nobody waited: %+v", claim)
		default:
		}
	}
}

// lockWaits is how many wait.
func lockWaits(t *testing.T, address string) int64 {
	t.Helper()
	return number(t, address, `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%runs%'`)
}

// claimBeside claims in a goroutine.
func claimBeside(t *testing.T, archive *postgres.Archive, run ledger.Run) <-chan ledger.Claim {
	t.Helper()
	claimed := make(chan ledger.Claim, 1)
	go func() {
		claim, err := archive.Claim(t.Context(), run, ledger.Kept{}, time.Hour)
		if err != nil {
			t.Errorf("the claim: %v", err)
		}
		claimed <- claim
	}()
	return claimed
}

// A claim that waits for the write of a run whose lease is over finds out that its heart beats again: the fence keeps the
// claim waiting but not the heart, and the claim looks again before it takes over.
func TestHeartBeatsBesideAFenceAndBeatsTheClaim(t *testing.T) {
	t.Parallel()
	address := database(t)
	archive := migrated(t, address)
	run := dead(t, archive, address)
	tx := fenced(t, archive, run)
	claimed := claimBeside(t, opened(t, address), asks(0, "b"))
	waitForLock(t, address, claimed)
	if still, err := archive.Heartbeat(t.Context(), run, time.Hour); !still || err != nil {
		t.Fatalf("the heart does not beat beside a fence and a claim: %v, %v", still, err)
	}
	if _, err := tx.Upsert(t.Context(), es5m(), ramp(4)); err != nil {
		t.Fatal(err)
	}
	cell := ledger.Cell{RunID: run.ID, Instrument: "ES", Timeframe: "5m", State: ledger.CellStored}
	if err := tx.RecordCell(t.Context(), cell); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if claim := <-claimed; claim.Won || claim.Run != run || len(claim.Abandoned) > 0 {
		t.Errorf("the claim says %+v; want it lost to %+v", claim, run)
	}
	end := run
	end.State = ledger.StateDone
	if ok, err := archive.Finish(t.Context(), end); !ok || err != nil {
		t.Errorf("the run could not be ended: %v, %v", ok, err)
	}
}

// The other way round: whatever a run's process writes while the run is being taken over waits for that, and is refused.
func TestTheZombieWaitsForItsTakeOver(t *testing.T) {
	t.Parallel()
	address := database(t)
	archive := migrated(t, address)
	run := dead(t, archive, address)
	end := run
	end.State = ledger.StateDone
	takeOver, err := opened(t, address).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer takeOver.Rollback()
	claim, err := takeOver.(*postgres.Tx).Claim(t.Context(), asks(0, "b"), time.Hour)
	if err != nil || !claim.Won || len(claim.Abandoned) != 1 || claim.Abandoned[0].ID != run.ID {
		t.Fatalf("the claim says %+v, %v", claim, err)
	}
	refusals := map[string]func() error{
		"cell": func() error {
			return archive.RecordCell(t.Context(), run, ledger.Cell{Instrument: "ES", Timeframe: "5m"})
		},
		"heart": func() error { return refused(archive.Heartbeat(t.Context(), run, time.Hour)) },
		"end":   func() error { return refused(archive.Finish(t.Context(), end)) },
	}
	var group sync.WaitGroup
	for name, write := range refusals {
		group.Go(func() {
			if err := write(); !errors.Is(err, ledger.ErrLost) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	for lockWaits(t, address) < int64(len(refusals)) && !t.Failed() {
	}
	if err := takeOver.Commit(t.Context()); err != nil {
		t.Error(err)
	}
	group.Wait()
}

// refused makes an error of a refusal.
func refused(ok bool, err error) error {
	if err == nil && !ok {
		return ledger.ErrLost
	}
	return err
}

// A take-over that is rolled back changes nothing for the run.
func TestATakeOverThatFailsCostsNothing(t *testing.T) {
	t.Parallel()
	address := database(t)
	archive := migrated(t, address)
	run := dead(t, archive, address)
	takeOver, err := archive.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if claim, err := takeOver.(*postgres.Tx).Claim(t.Context(), asks(0, "b"), time.Hour); err != nil || !claim.Won {
		t.Fatalf("the claim says %+v, %v", claim, err)
	}
	rival := claimBeside(t, opened(t, address), asks(0, "c"))
	waitForLock(t, address, rival)
	takeOver.Rollback()
	if claim := <-rival; !claim.Won || len(claim.Abandoned) != 1 || claim.Abandoned[0].ID != run.ID || claim.Run.Attempt != 2 {
		t.Errorf("the next claim says %+v", claim)
	}
}

// The transaction of a process that stands still, frozen say, is ended by the server after a while, so that it does not keep
// its run from being taken over for ever. Nothing of it is stored then.
func TestAFenceDoesNotStandForEver(t *testing.T) {
	t.Parallel()
	address := database(t)
	archive := migrated(t, address)
	run := dead(t, archive, address)
	frozen := fenced(t, archive, run)
	if _, err := frozen.Upsert(t.Context(), es5m(), ramp(4)); err != nil {
		t.Fatal(err)
	}
	claim, err := archive.Claim(t.Context(), asks(0, "b"), ledger.Kept{}, time.Hour)
	if err != nil || !claim.Won || len(claim.Abandoned) != 1 || claim.Abandoned[0].ID != run.ID {
		t.Fatalf("the claim says %+v, %v", claim, err)
	}
	if err := frozen.Commit(t.Context()); err == nil {
		t.Error("the frozen transaction was committed")
	}
	if n := number(t, address, `SELECT count(*) FROM candles`); n != 0 {
		t.Errorf("%d of its bars are stored", n)
	}
}

// On a server whose transactions are serializable by default claims race as anywhere else.
func TestClaimsOnASerializableServer(t *testing.T) {
	t.Parallel()
	address := database(t)
	migrated(t, address)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	execOn(t, address, `ALTER DATABASE `+u.Path[1:]+` SET default_transaction_isolation = 'serializable'`)
	archives := []*postgres.Archive{opened(t, address), opened(t, address)}
	const claimants, rounds = 8, 6
	for round := range rounds {
		var wins [claimants]ledger.Claim
		var group sync.WaitGroup
		for i := range claimants {
			group.Go(func() {
				claim, err := archives[i%2].Claim(t.Context(), asks(round, fmt.Sprint("t", i)), ledger.Kept{}, time.Hour)
				if err != nil {
					t.Errorf("claim %d: %v", i, err)
				}
				wins[i] = claim
			})
		}
		group.Wait()
		won := 0
		for _, claim := range wins {
			if claim.Won {
				won++
			}
			if claim.Run.ID != wins[0].Run.ID {
				t.Errorf("one was told of run %d, another of run %d", claim.Run.ID, wins[0].Run.ID)
			}
		}
		if won != 1 {
			t.Errorf("%d claims won", won)
		}
	}
}

// A program of the previous release writes runs without the new columns.
func TestThePreviousReleaseStillRuns(t *testing.T) {
	t.Parallel()
	address := database(t)
	archive := migrated(t, address)
	const insert = `
		INSERT INTO runs (job, trading_date, slot, attempt, forced, entry, host, pid, state, reason, started, finished)
		VALUES ('import', '', 0, 1, false, 'sync', 'box', 1, 'running', '', now(), NULL)`
	for range 2 {
		execOn(t, address, insert)
	}
	execOn(t, address, `UPDATE runs SET state = 'done', reason = '', finished = now() WHERE id = 1`)
	runs, err := archive.Runs(t.Context(), 10)
	if err != nil || len(runs) != 2 || runs[0].State != ledger.StateAbandoned || runs[1].State != ledger.StateDone || runs[0].Token != "" {
		t.Errorf("its runs read as %+v, %v", runs, err)
	}
}
