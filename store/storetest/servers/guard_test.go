package servers_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	osexec "os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"barkeep/store/storetest/servers"
)

// envOwner makes the test binary start servers, print where they are, and wait for its end.
const envOwner = "BARKEEP_TEST_OWNER"

// TestOwner is the process that TestServersEndWithTheirOwner ends.
func TestOwner(t *testing.T) {
	t.Parallel()
	if os.Getenv(envOwner) == "" {
		t.Skip("it is the child process of TestServersEndWithTheirOwner")
	}
	p := servers.RunPostgres(t, servers.Options{})
	r := servers.RunRedis(t, servers.Options{})
	fmt.Printf("\n%s %d\n%s %d\nready\n", p.Dir(), p.Port(), r.Dir(), r.Port())
	_, _ = io.ReadAll(os.Stdin) // the parent closes it when it has no more use for this process
	if os.Getenv(envOwner) == "panic" {
		panic("as a test that times out does")
	}
}

func TestServersEndWithTheirOwner(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(owner *osexec.Cmd, input io.Closer) error{
		"killed":      func(owner *osexec.Cmd, _ io.Closer) error { return owner.Process.Kill() },
		"interrupted": func(owner *osexec.Cmd, _ io.Closer) error { return owner.Process.Signal(os.Interrupt) },
		"panic":       func(_ *osexec.Cmd, input io.Closer) error { return input.Close() },
		"returns":     func(_ *osexec.Cmd, input io.Closer) error { return input.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			owner := osexec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOwner$")
			owner.Env = append(os.Environ(), envOwner+"="+name)
			input, err := owner.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			output, err := owner.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := owner.Start(); err != nil {
				t.Fatal(err)
			}
			places := places(t, output)
			if err := end(owner, input); err != nil {
				t.Fatalf("end the owner: %v", err)
			}
			if err := owner.Wait(); (err == nil) != (name == "returns") {
				t.Errorf("the owner ended with: %v", err)
			}
			for dir, port := range places {
				eventuallyGone(t, dir, port)
			}
		})
	}
}

// places reads the folders and ports that the owner prints.
func places(t *testing.T, output io.Reader) map[string]int {
	t.Helper()
	found := map[string]int{}
	lines := bufio.NewScanner(output)
	for lines.Scan() && lines.Text() != "ready" {
		if dir, port, ok := strings.Cut(lines.Text(), " "); ok && strings.HasPrefix(dir, "/") {
			n, err := strconv.Atoi(port)
			if err != nil {
				t.Fatalf("the owner printed %q", lines.Text())
			}
			found[dir] = n
		}
	}
	if len(found) != 2 {
		t.Fatalf("the owner started %d servers, want 2", len(found))
	}
	return found
}

// eventuallyGone waits until the folder is removed, which is the last thing the guard does, and looks at the port.
func eventuallyGone(t *testing.T, dir string, port int) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for range 1000 {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			refused(t, port)
			return
		}
		<-ticker.C
	}
	t.Errorf("%s outlived the process that made it", dir)
	if conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("so did the server on port %d: %v", port, err)
		if err == nil {
			_ = conn.Close()
		}
	}
}
