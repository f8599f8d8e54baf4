package main_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is barkeep, built once for all tests of this package, as a user runs it but for the points where a test can have it
// killed.
var binary string

func TestMain(m *testing.M) {
	os.Exit(withBinary(m))
}

func withBinary(m *testing.M) int {
	dir, err := os.MkdirTemp("", "barkeep-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "barkeep")
	if out, err := exec.Command("go", "build", "-tags", "crashpoints", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build barkeep: %v\n%s", err, out)
		return 1
	}
	flag.Parse()
	if flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) { // nobody chose another
		if err := flag.Set("test.parallel", "4"); err != nil { // they wait for processes most of their time
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// ended is what a finished process left.
type ended struct {
	code   int
	stdout string
	stderr string
}

// barkeep runs one command line to its end, in a folder of its own and with no other environment than env.
func barkeep(t testing.TB, env []string, args ...string) ended {
	t.Helper()
	cmd := command(t, env, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code says it
	return ended{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

// command is one that has to say where it hangs, and is killed then, when it has not ended after 20 minutes.
func command(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	t.Cleanup(cancel)
	return commandIn(ctx, t, env, args...)
}

func commandIn(ctx context.Context, t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(syscall.SIGQUIT) }, 10*time.Second
	cmd.Dir = t.TempDir()
	// Maintenance is off where a test does not set its time: it would come in between.
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "MAINTENANCE_TIME=off"}, env...)
	return cmd
}

// must fails the test unless the process ended with the code.
func (e ended) must(t testing.TB, code int) ended {
	t.Helper()
	if e.code != code {
		t.Fatalf("exit code %d, want %d\n%s\n%s", e.code, code, e.stdout, e.stderr)
	}
	return e
}

// printed tells whether a text holds some words, also where a line was broken between them.
func printed(text, words string) bool {
	return strings.Contains(text, words) || strings.Contains(flat(text), flat(words))
}

// flat is a text in one line.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// running is a process in progress whose log a test follows.
type running struct {
	cmd   *exec.Cmd
	lines chan string
	out   *bytes.Buffer

	mu  sync.Mutex // guards log: a test may leave its reading to a goroutine
	log bytes.Buffer
}

// note keeps a line of the log.
func (r *running) note(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log.WriteString(line + "\n")
}

// text is the log so far.
func (r *running) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

// start runs a command line in the background.
func start(t testing.TB, env []string, args ...string) *running {
	t.Helper()
	return follow(t, command(t, env, args...))
}

// follow starts a command whose log is read.
func follow(t testing.TB, cmd *exec.Cmd) *running {
	t.Helper()
	r := &running{cmd: cmd, lines: make(chan string), out: &bytes.Buffer{}}
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = r.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.lines)
		for scanner := bufio.NewScanner(pipe); scanner.Scan(); {
			r.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		r.drain()
	})
	return r
}

// until reads the log up to the first line that holds text.
func (r *running) until(t testing.TB, text string) {
	t.Helper()
	for line := range r.lines {
		r.note(line)
		if strings.Contains(line, text) {
			return
		}
	}
	t.Fatalf("the process ended before it said %q:\n%s", text, r.text())
}

func (r *running) drain() {
	for line := range r.lines {
		r.note(line)
	}
}

// wait reads the log to its end and returns how the process ended.
func (r *running) wait() ended {
	r.drain()
	_ = r.cmd.Wait() // the exit code says it
	return ended{code: r.cmd.ProcessState.ExitCode(), stdout: r.out.String(), stderr: r.text()}
}

// provider starts the fake provider as a process of its own and returns its address. It lives as long as the test, whose parallel
// subtests may begin many minutes after it; that it ended before is a failure of the test.
func provider(t testing.TB, env []string, args ...string) string {
	t.Helper()
	cmd := commandIn(context.Background(), t, env, append([]string{"provider", "--listen", "127.0.0.1:0"}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
			t.Errorf("the fake provider had ended before the test did: %v\n%s", err, said.String())
		}
	})
	line, err := bufio.NewReader(pipe).ReadString('\n')
	if err != nil {
		t.Fatalf("the fake provider did not start: %v", err)
	}
	go io.Copy(io.Discard, pipe) //nolint:errcheck // it ends with the process
	_, address, ok := strings.Cut(strings.TrimSpace(line), "YAHOO_BASE_URL=")
	if !ok {
		t.Fatalf("the fake provider said %q", line)
	}
	return address
}
