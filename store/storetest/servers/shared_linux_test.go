package servers_test

import (
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"barkeep/store/storetest/servers"
)

// shared lists the shared memory of the PostgreSQL in the folder: files of /dev/shm by their paths, System V segments as
// "segment N". It outlives a server that is killed, and no folder's removal takes it away.
func shared(t *testing.T, dir string) []string {
	t.Helper()
	mapped, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", serverIn(t, dir)))
	if err != nil {
		t.Fatalf("read what PostgreSQL maps: %v", err)
	}
	var found []string
	for line := range strings.Lines(string(mapped)) { // from-to mode offset device inode path
		fields := strings.Fields(line)
		switch {
		case len(fields) < 6:
		case strings.HasPrefix(fields[5], "/dev/shm/"):
			found = append(found, fields[5])
		case strings.HasPrefix(fields[5], "/SYSV"):
			found = append(found, "segment "+fields[4])
		}
	}
	if len(found) == 0 {
		t.Fatalf("PostgreSQL has no shared memory that this test would see:\n%s", mapped)
	}
	return found
}

// serverIn is the process id of the PostgreSQL in the folder.
func serverIn(t *testing.T, dir string) int {
	t.Helper()
	lock, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatalf("read who runs: %v", err)
	}
	first, _, _ := strings.Cut(string(lock), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatalf("read who runs: %v", err)
	}
	return pid
}

// left lists which of the shared memory is still there.
func left(t *testing.T, memory []string) []string {
	t.Helper()
	segments := segments(t)
	var still []string
	for _, name := range memory {
		_, err := os.Stat(name)
		if (strings.HasPrefix(name, "/") && !errors.Is(err, os.ErrNotExist)) || segments[name] {
			still = append(still, name)
		}
	}
	return still
}

// segments are the System V segments of this machine, as "segment N".
func segments(t *testing.T) map[string]bool {
	t.Helper()
	table, err := os.ReadFile("/proc/sysvipc/shm")
	if err != nil {
		t.Fatalf("read the System V segments: %v", err)
	}
	found := map[string]bool{}
	for line := range strings.Lines(string(table)) { // key id mode ...
		if fields := strings.Fields(line); len(fields) > 2 && fields[1] != "shmid" {
			found["segment "+fields[1]] = true
		}
	}
	return found
}

func TestPostgresLeavesNoSharedMemory(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*servers.Postgres) error{
		"closed":               func(*servers.Postgres) error { return nil },
		"stopped":              func(p *servers.Postgres) error { return p.Stop(t.Context()) },
		"killed":               func(p *servers.Postgres) error { return p.Kill() },
		"killed and restarted": func(p *servers.Postgres) error { return errors.Join(p.Kill(), p.Restart(t.Context())) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := servers.RunPostgres(t, servers.Options{})
			memory := shared(t, p.Dir())
			if there := left(t, memory); len(there) != len(memory) {
				t.Fatalf("while it runs there are %v of %v", there, memory)
			}
			if err := end(p); err != nil {
				t.Fatalf("end it: %v", err)
			}
			if name == "killed and restarted" {
				memory = append(memory, shared(t, p.Dir())...)
			}
			if err := p.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			if still := left(t, memory); len(still) != 0 {
				t.Errorf("left behind: %v", still)
			}
		})
	}
}

// A segment that somebody else made, under the number that a killed server's file names, stays.
func TestClosingLeavesOtherSegments(t *testing.T) {
	t.Parallel()
	other := servers.RunPostgres(t, servers.Options{})
	var id string
	for _, name := range shared(t, other.Dir()) {
		if number, ok := strings.CutPrefix(name, "segment "); ok {
			id = number
		}
	}
	p := servers.RunPostgres(t, servers.Options{})
	own := shared(t, p.Dir())
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	lock := fmt.Sprintf("%d\n%s\n0\n0\n\n127.0.0.1\n1 %s\nready\n", os.Getpid(), p.Dir(), id)
	if err := os.WriteFile(filepath.Join(p.Dir(), "data", "postmaster.pid"), []byte(lock), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	if still := left(t, append(own, "segment "+id)); len(still) != 1 || still[0] != "segment "+id {
		t.Errorf("left are %v, want the segment %s of the other server alone", still, id)
	}
}

// A power cut for both: the server and the process that started it are killed, and the guard alone cleans up.
func TestGuardRemovesTheSharedMemoryOfTheKilled(t *testing.T) {
	t.Parallel()
	owner := osexec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOwner$")
	owner.Env = append(os.Environ(), envOwner+"=killed")
	input, err := owner.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	output, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	for dir := range places(t, output) {
		if !strings.Contains(filepath.Base(dir), "postgres") {
			continue
		}
		memory, pid := shared(t, dir), serverIn(t, dir)
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if err := owner.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = owner.Wait() // it was killed
		eventually(t, "nothing is left behind", func() error {
			if still := left(t, memory); len(still) != 0 {
				return fmt.Errorf("left behind: %v", still)
			}
			return nil
		})
	}
}
