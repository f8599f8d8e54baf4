package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store/sqlite"
	"barkeep/store/storetest"
)

// childMode is set in the processes that tests start from their own binary: what such a process shall do.
const childMode = "BARKEEP_TEST_SQLITE_CHILD"

// childPath is set to the archive of such a process.
const childPath = "BARKEEP_TEST_SQLITE_CHILD_PATH"

// batch is how many bars a child stores in one transaction: some ten milliseconds.
const batch = 5_000

func TestMain(m *testing.M) {
	mode, path := os.Getenv(childMode), os.Getenv(childPath)
	if mode == "" {
		os.Exit(m.Run())
	}
	if err := child(context.Background(), mode, path); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

func child(ctx context.Context, mode, path string) error {
	archive, err := sqlite.Open(ctx, sqlite.Config{Path: path, Now: clock, Clock: time.Now})
	if err != nil {
		return err
	}
	defer archive.Close()
	from, to, err := archive.Migrate(ctx)
	if err != nil {
		return err
	}
	if mode == "migrate" {
		fmt.Println("migrated", from, to)
		return nil
	}
	if mode, ok := strings.CutPrefix(mode, "suite "); ok {
		return storetest.Child(ctx, archive, mode, os.Stdout)
	}
	if strings.HasPrefix(mode, "limited") {
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
	}
	if mode == "limited restatement" {
		return storetest.RestateAll(ctx, archive, os.Stdout)
	}
	return storeOn(ctx, archive)
}

// storeOn stores batch after batch behind the newest bar, and says before each that it begins, after each that it is done.
func storeOn(ctx context.Context, archive *sqlite.Archive) error {
	states, err := archive.States(ctx)
	if err != nil {
		return err
	}
	done := 0
	if len(states) > 0 {
		done = int(states[0].Count) / batch
	}
	claim, err := archive.Claim(ctx, ledger.Run{Job: ledger.JobImport, Started: clock(), Token: "a"}, ledger.Kept{}, time.Hour)
	if err != nil {
		return err
	}
	for ; ; done++ {
		fmt.Println("storing", done+1)
		if err := storeBatch(ctx, archive, claim.Run.ID, done); err != nil {
			return err
		}
		fmt.Println("stored", done+1)
	}
}

func storeBatch(ctx context.Context, archive *sqlite.Archive, run int64, number int) error {
	tx, err := archive.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	bars := ramp(batch)
	for i := range bars.TS {
		bars.TS[i] += int64(number) * batch * 300
	}
	if _, err := tx.Upsert(ctx, es5m(), bars); err != nil {
		return err
	}
	cell := ledger.Cell{
		RunID: run, Instrument: fmt.Sprintf("BATCH%d", number), Timeframe: string(market.M5), State: ledger.CellStored,
	}
	if err := tx.RecordCell(ctx, cell); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// command is a child that is not started yet.
func command(t *testing.T, mode, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childMode+"="+mode, childPath+"="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// start runs a child and returns it with what it says.
func start(t *testing.T, mode, path string) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := command(t, mode, path)
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, said
}

func TestAKilledProcessLosesNothingItReported(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.db"
	reported := int64(0)
	for round := range int64(4) {
		cmd, said := start(t, "store", path)
		lines := bufio.NewScanner(said)
		for lines.Scan() {
			var number int64
			if _, err := fmt.Sscanf(lines.Text(), "stored %d", &number); err == nil {
				reported = number
			}
			if lines.Text() == fmt.Sprintf("storing %d", reported+1) && reported > 2*round {
				break
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it said before the signal reached it counts
			_, _ = fmt.Sscanf(lines.Text(), "stored %d", &reported)
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("the child ended with %v instead of being killed", err)
		}
		reported = whole(t, path, reported)
	}
}

// whole checks that the archive holds whole batches, all that were reported and at most the one whose report was cut off;
// it returns their number.
func whole(t *testing.T, path string, reported int64) int64 {
	t.Helper()
	archive := opened(t, path)
	defer archive.Close()
	conn := second(t, path)
	defer func() { _ = conn.Close() }()
	var integrity string
	if err := conn.QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&integrity); err != nil || integrity != "ok" {
		t.Fatalf("the integrity check says %q, error %v", integrity, err)
	}
	bars := number(t, conn, `SELECT count(*) FROM candles`)
	if bars != reported*batch && bars != (reported+1)*batch {
		t.Errorf("%d bars are stored; %d batches of %d were reported", bars, reported, batch)
	}
	if counter := number(t, conn, `SELECT coalesce(sum(bars), 0) FROM series`); counter != bars {
		t.Errorf("the counter says %d, there are %d bars", counter, bars)
	}
	if cells := number(t, conn, `SELECT count(*) FROM cells`); cells*batch != bars {
		t.Errorf("%d cells are stored beside %d bars", cells, bars)
	}
	return bars / batch
}

// A limit of the file's size makes the same write fail that a full disk does.
func TestAFullDiskLosesNothingThatWasReported(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.db"
	cmd, said := start(t, "limited", path)
	text, err := io.ReadAll(said)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(string(text), "disk I/O error") {
		t.Fatalf("the child ended with %v and said:\n%s", err, text)
	}
	reported := int64(strings.Count(string(text), "stored "))
	if reported == 0 {
		t.Fatalf("nothing was stored before the disk was full:\n%s", text)
	}
	if got := whole(t, path, reported); got != reported {
		t.Errorf("%d batches are stored, %d were reported", got, reported)
	}
}

func TestAFullDiskRestatesNothing(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.db"
	archive := migrated(t, path)
	storetest.PutScaled(t, archive)
	cmd, said := start(t, "limited restatement", path)
	text, err := io.ReadAll(said)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(string(text), "begin 1") || !strings.Contains(string(text), "disk I/O error") {
		t.Fatalf("the child ended with %v and said:\n%s", err, text)
	}
	if n := storetest.WholeRestatements(t, suite(path), archive); n != 0 {
		t.Errorf("%d restatements are left", n)
	}
	if err := storetest.RestateAll(t.Context(), archive, io.Discard); err != nil {
		t.Fatal(err)
	}
	if n := storetest.WholeRestatements(t, suite(path), archive); n != 1 {
		t.Errorf("%d restatements once there is room", n)
	}
}

func TestOfProcessesThatStartAtOnceOneMigrates(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.db"
	const processes = 4
	var (
		cmds [processes]*exec.Cmd
		said [processes]io.Reader
	)
	for i := range processes {
		cmds[i], said[i] = start(t, "migrate", path)
	}
	migrations := 0
	for i := range processes {
		text, err := io.ReadAll(said[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := cmds[i].Wait(); err != nil {
			t.Fatalf("child %d: %v, it said %s", i, err, text)
		}
		var from, to int64
		if _, err := fmt.Sscanf(string(text), "migrated %d %d", &from, &to); err != nil || to == 0 {
			t.Errorf("child %d said %q", i, text)
		}
		if from == 0 {
			migrations++
		}
	}
	if migrations != 1 {
		t.Errorf("%d of %d processes migrated", migrations, processes)
	}
}
