package main_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// limited makes a command line that may write no file beyond so many KiB. The kernel refuses the rest of a write, as it does on
// a disk without room, and so a test needs no rights. What differs is the word for it: EFBIG, which SQLite calls a disk I/O
// error, where a disk without room is ENOSPC and "database or disk is full".
func limited(t *testing.T, kib int64, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := command(t, env, args...)
	shell, err := exec.LookPath("bash") // sh counts blocks of 512 bytes on some machines
	if err != nil {
		t.Fatalf("this test limits the size of files with bash's ulimit: %v", err)
	}
	cmd.Args = append([]string{"bash", "-c", fmt.Sprintf(`ulimit -f %d && exec "$0" "$@"`, kib), cmd.Path}, args...)
	cmd.Path = shell
	return cmd
}

// ends runs a command to its end.
func ends(t *testing.T, cmd *exec.Cmd) ended {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code says it
	return ended{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

// sound fails the test unless the archive is whole: its pages, its counters, and evidence for everything that is stored.
func sound(t *testing.T, e engine, env []string) {
	t.Helper()
	var said string
	if err := e.open(t).QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&said); err != nil || said != "ok" {
		t.Errorf("PRAGMA integrity_check says %q, %v", said, err)
	}
	if n := count(t, e, orphans); n != 0 {
		t.Errorf("%d series have bars without evidence", n)
	}
	barkeep(t, env, "verify").must(t, 0)
}

// TestDiskFull lets the archive's files grow no further in mid-run, as on a full disk: the run is no success and leaves no
// half of anything, and when there is room again the next one gets what is missing.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, tt := range []struct {
		name       string
		timeframes string
		lease      string
		room       int64 // KiB
		code       int
		state      string // of the run, as the ledger has it
		stored     int    // series
		says       string
	}{
		// A year of days and weeks takes some 30 KiB, sixty days of five minutes 500.
		{"for a large series", "1d,1wk,5m", "90s", 320, 4, "failed", 2, "ES 5m"},
		// A claim fits into the log of changes, the bars do not, nor does the end of the run: the lease of the run has to end.
		{"for every series", "1d", "3s", 36, 4, "running", 0, "could not be recorded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e, calm := engines(t)[0], engines(t)[0]
			more := []string{"INSTRUMENTS=ES", "TIMEFRAMES=" + tt.timeframes, "RUN_LEASE=" + tt.lease}
			env := slotEnv(t, e, address, more...)(0)
			barkeep(t, env, "migrate").must(t, 0)

			full := ends(t, limited(t, tt.room, env, "sync")).must(t, tt.code)
			if !printed(full.stdout+full.stderr, tt.says) || !printed(full.stderr, "disk I/O error") {
				t.Errorf("it does not say %q and why:\n%s\n%s", tt.says, full.stdout, full.stderr)
			}
			if n := count(t, e, "SELECT count(*) FROM runs WHERE state = '"+tt.state+"'"); n != 1 {
				t.Errorf("%d runs are %s, want the one", n, tt.state)
			}
			if n := count(t, e, "SELECT count(*) FROM cells WHERE state = 'stored'"); n != tt.stored {
				t.Errorf("%d series are stored, want %d", n, tt.stored)
			}
			sound(t, e, env)

			after := readSlot(t, barkeep(t, env, "sync", "--json").must(t, 0).stdout)
			if after.Outcome != "ran" || after.Run.State != "done" {
				t.Errorf("with room again: %s, %s", after.Outcome, after.Run.State)
			}
			sound(t, e, env)
			barkeep(t, slotEnv(t, calm, address, more...)(0), "sync").must(t, 0)
			if want, got := ohlc(t, calm), ohlc(t, e); len(want) == 0 || strings.Join(want, "\n") != strings.Join(got, "\n") {
				t.Errorf("%d bars after the disk was full, %d without: they must be the same", len(got), len(want))
			}
		})
	}
}
