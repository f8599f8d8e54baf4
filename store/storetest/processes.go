package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"barkeep/ledger"
)

// killedLease is the lease of the processes that are killed: long enough for their hearts, short enough to wait for.
const killedLease = 1600 * time.Millisecond

// beats is how often the heart of such a process beats in a lease.
const beats = 8

// Child is what Database.Process runs in a process of its own. It writes to said what it does, a line each:
//
//	claim SLOT  claims the slot when a line comes in on its standard input, says "won ID" or "lost ID", and ends
//	hold SLOT   claims the slot, says "won ID", and lives until it is killed; it says "beat" when its heart does
//	write SLOT  the same without a heart, with four bars written in a transaction that is never committed
//	restate     does RestateAll again and again until it is killed; with "restate halfway" it stops in the middle of the first
func Child(ctx context.Context, archive Archive, mode string, said io.Writer) error {
	verb, key, _ := strings.Cut(mode, " ")
	if key == "halfway" {
		said = halfway{said}
	}
	for verb == "restate" {
		if err := RestateAll(ctx, archive, said); err != nil {
			return err
		}
	}
	at, err := time.Parse("2006-01-02T15:04Z", strings.TrimPrefix(key, "import:"))
	if err != nil {
		return err
	}
	slot := slotOn(at.Format(time.DateOnly), at.Hour()-14)
	lease := killedLease
	if verb == "claim" {
		lease = forever
		fmt.Fprintln(said, "ready")
		if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
			return err
		}
	}
	run := asks(slot, fmt.Sprint("child ", os.Getpid()))
	run.PID = os.Getpid()
	claim, err := archive.Claim(ctx, run, ledger.Kept{}, lease)
	if err != nil {
		return err
	}
	outcome := map[bool]string{true: "won", false: "lost"}[claim.Won]
	if verb == "write" {
		if err := writeHalf(ctx, archive, claim.Run); err != nil {
			return err
		}
	}
	fmt.Fprintln(said, outcome, claim.Run.ID)
	if verb == "claim" {
		return nil
	}
	if verb == "write" { // its open transaction may keep even its heart waiting
		<-ctx.Done()
		return ctx.Err()
	}
	return beat(ctx, archive, claim.Run, said)
}

// writeHalf leaves a transaction open.
func writeHalf(ctx context.Context, archive Archive, run ledger.Run) error {
	tx, err := archive.Begin(ctx)
	if err != nil {
		return err
	}
	if err := tx.Fence(ctx, run.ID, run.Token); err != nil {
		return err
	}
	if _, err := tx.Upsert(ctx, es5m(), ramp(4)); err != nil {
		return err
	}
	return tx.RecordCell(ctx, ledger.Cell{RunID: run.ID, Instrument: "ES", Timeframe: "5m", State: ledger.CellStored})
}

// beat lets the heart of a run beat until the process is killed.
func beat(ctx context.Context, archive Archive, run ledger.Run, said io.Writer) error {
	for {
		if still, err := archive.Heartbeat(ctx, run, killedLease); err != nil || !still {
			return fmt.Errorf("the heart stopped: %v, %w", still, err)
		}
		fmt.Fprintln(said, "beat")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(killedLease / beats):
		}
	}
}

// testProcesses lets processes claim the same slot at once.
func testProcesses(t *testing.T, db Database) {
	archive := migrated(t, db)
	const processes = 6
	slot := slotOf(0)
	said := make([]*bufio.Scanner, processes)
	guns := make([]io.WriteCloser, processes)
	for i := range processes {
		guns[i], said[i] = startChild(t, db, "claim "+slot.Key())
		if line := heard(t, said[i]); line != "ready" {
			t.Fatalf("process %d said %q", i, line)
		}
	}
	for _, gun := range guns {
		if _, err := io.WriteString(gun, "go\n"); err != nil {
			t.Fatal(err)
		}
	}
	winners, told := 0, map[string]bool{}
	for i := range processes {
		outcome, id, _ := strings.Cut(heard(t, said[i]), " ")
		told[id] = true
		if outcome == "won" {
			winners++
		}
	}
	if winners != 1 || len(told) != 1 {
		t.Errorf("%d of %d processes won, and they were told of the runs %v", winners, processes, told)
	}
	if n := db.Query(t, `SELECT count(*) FROM runs`); n != 1 {
		t.Errorf("%d runs were begun", n)
	}
	run, found, err := archive.Latest(t.Context(), slot, ledger.Kept{})
	if err != nil || !found || run.State != ledger.StateRunning {
		t.Errorf("the slot stands as %+v, %v, %v", run, found, err)
	}
}

// startChild starts a child whose standard input can be written.
func startChild(t *testing.T, db Database, mode string) (io.WriteCloser, *bufio.Scanner) {
	t.Helper()
	process := db.Process(t, mode)
	in, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return in, run(t, process)
}

// run starts a process and returns what it says. It is killed at the latest when the test ends.
func run(t *testing.T, process *exec.Cmd) *bufio.Scanner {
	t.Helper()
	said, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill() // it may have ended
		_ = process.Wait()         // the same
	})
	return bufio.NewScanner(said)
}

// heard is the next line of a process.
func heard(t *testing.T, said *bufio.Scanner) string {
	t.Helper()
	if !said.Scan() {
		t.Fatalf("a process ended without a word: %v", said.Err())
	}
	return said.Text()
}

// testKilled kills processes that hold a slot: at rest, and in the middle of a write. Nobody takes over while they live.
func testKilled(t *testing.T, db Database) {
	archive := migrated(t, db)
	for i, verb := range []string{"hold", "write"} {
		slot := slotOf(i)
		process := db.Process(t, verb+" "+slot.Key())
		said := run(t, process)
		var id int64
		if _, err := fmt.Sscanf(heard(t, said), "won %d", &id); err != nil {
			t.Fatal(err)
		}
		if verb == "hold" {
			outlives(t, archive, slot, id, said)
		}
		if err := process.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		var exit *exec.ExitError
		if err := process.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("the process ended with %v instead of being killed", err)
		}
		takesOver(t, archive, slot, id, process.Process.Pid)
	}
	if n := db.Query(t, `SELECT count(*) FROM candles`); n != 0 {
		t.Errorf("%d bars are left of a write that was cut off", n)
	}
}

// outlives hears the heart of a process beat for longer than two leases; then its run still cannot be had.
func outlives(t *testing.T, a Archive, slot ledger.Slot, id int64, said *bufio.Scanner) {
	t.Helper()
	for range 2*beats + 2 {
		if line := heard(t, said); line != "beat" {
			t.Fatalf("the process said %q", line)
		}
	}
	claim, err := a.Claim(t.Context(), asks(slot, "early"), ledger.Kept{}, forever)
	if err != nil || claim.Won || claim.Run.ID != id {
		t.Fatalf("the run of a living process was claimed with %+v, %v", claim, err)
	}
}

// takesOver claims until it wins.
func takesOver(t *testing.T, a Archive, slot ledger.Slot, dead int64, pid int) {
	t.Helper()
	for {
		claim, err := a.Claim(t.Context(), asks(slot, "heir"), ledger.Kept{}, forever)
		switch {
		case err != nil || !claim.Won && claim.Run.ID != dead:
			t.Fatalf("the claim of a dead process's slot says %+v, %v", claim, err)
		case claim.Won:
			if claim.Run.Attempt != 2 || !tookOver(claim, ledger.Run{ID: dead}) || claim.Abandoned[0].PID != pid {
				t.Errorf("the take-over says %+v; want attempt 2 after run %d of process %d", claim, dead, pid)
			}
			return
		}
	}
}
