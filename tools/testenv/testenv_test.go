//go:build unix

package main_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"barkeep/store/storetest/servers"
)

func TestTestenv(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "testenv")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for name, test := range map[string]func(*testing.T, string){
		"runs the command beside both servers": besideServers,
		"returns the exit code":                exitCodes,
		"passes signals on":                    passesSignals,
		"ends with its parent":                 endsWithParent,
		"says what is missing":                 saysWhatIsMissing,
		"leaves nothing behind":                leavesNothing,
		"lets the race detector be built":      enablesCgo,
		"says what it does":                    saysWhatItDoes,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, program)
		})
	}
}

// printing prints an address and where the servers' folders are, says so, and waits for the end of its input.
const printing = `echo "$BARKEEP_TEST_POSTGRES"; echo "$BARKEEP_TEST_REDIS"; echo "$BARKEEP_RECORDINGS"; echo ready; read -r _`

func besideServers(t *testing.T, program string) {
	command := exec.CommandContext(t.Context(), program, "--", "sh", "-c", printing)
	command.Env = append(os.Environ(), "BARKEEP_RECORDINGS=/somewhere/else")
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	lines := until(t, launch(t, command))
	conn, err := pgx.Connect(t.Context(), lines[0])
	if err != nil {
		t.Fatalf("connect to %s: %v", lines[0], err)
	}
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE mine"); err != nil {
		t.Errorf("a superuser makes a database: %v", err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Errorf("disconnect: %v", err)
	}
	options, err := redis.ParseURL(lines[1])
	if err != nil {
		t.Fatalf("parse %s: %v", lines[1], err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Errorf("ping Redis: %v", err)
	}
	if lines[2] != "/somewhere/else" {
		t.Errorf("the recordings of the user became %q", lines[2])
	}
	if err := input.Close(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // read fails at the end of the input, and so does sh
	for _, address := range lines[:2] {
		gone(t, address)
	}
}

func exitCodes(t *testing.T, program string) {
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -TERM $$": 128 + int(syscall.SIGTERM)} {
		if got := code(t, exec.CommandContext(t.Context(), program, "--", "sh", "-c", script).Run()); got != want {
			t.Errorf("%q exits with %d, want %d", script, got, want)
		}
	}
	if got := code(t, exec.CommandContext(t.Context(), program).Run()); got != 2 {
		t.Errorf("without a command it exits with %d, want 2", got)
	}
	if got := code(t, exec.CommandContext(t.Context(), program, "--", "/no/such/program").Run()); got != 1 {
		t.Errorf("a command that is not there exits with %d, want 1", got)
	}
}

// passesSignals ends a command whose child would outlive it, as a test binary outlives a `go test` that is terminated.
func passesSignals(t *testing.T, program string) {
	script := `(trap '' TERM; sleep 30; echo survived) & echo "$BARKEEP_TEST_POSTGRES"; echo "$BARKEEP_TEST_REDIS"; echo
		trap 'exit 9' TERM; echo ready; wait`
	command := exec.CommandContext(t.Context(), program, "--", "sh", "-c", script)
	scanner := launch(t, command)
	lines := until(t, scanner)
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	silence(t, scanner)
	if got := code(t, command.Wait()); got != 9 {
		t.Errorf("exit code %d, want that of the command's own trap, 9", got)
	}
	gone(t, lines[0])
	gone(t, lines[1])
}

// endsWithParent kills a parent that does not pass signals on, as `go run` does not.
func endsWithParent(t *testing.T, program string) {
	parent := exec.CommandContext(t.Context(), "sh", "-c", `"$0" -- sh -c "$1"; true`, program,
		`echo "$BARKEEP_TEST_POSTGRES"; echo "$BARKEEP_TEST_REDIS"; echo; echo ready; sleep 30; echo survived`)
	scanner := launch(t, parent)
	lines := until(t, scanner)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	silence(t, scanner)
	_ = parent.Wait() // it was killed
	gone(t, lines[0])
	gone(t, lines[1])
}

func saysWhatIsMissing(t *testing.T, program string) {
	empty := t.TempDir()
	if err := os.WriteFile(filepath.Join(empty, "go"), []byte("#!/bin/sh\necho \"$CC\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, "--", "go", "test", "-race")
	command.Env = []string{
		"PATH=" + empty, "CC=" + filepath.Join(empty, "cc"), servers.EnvPostgres + "=" + empty,
		servers.EnvRedis + "=" + filepath.Join(empty, "redis-server"),
	}
	out, err := command.CombinedOutput()
	if got := code(t, err); got != 1 {
		t.Errorf("exit code %d, want 1", got)
	}
	for _, want := range []string{"PostgreSQL is not installed", "Redis is not installed", "C compiler", "Node.js is not installed", "Chromium is not installed", "apt-get install"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
}

// enablesCgo runs a command for the race detector where a variable, or a machine that had no C compiler, turned cgo off.
func enablesCgo(t *testing.T, program string) {
	for arguments, want := range map[string]string{"-race": "1", "-v": "0"} {
		command := exec.CommandContext(t.Context(), program, "--", "sh", "-c", `echo "$CGO_ENABLED"`, arguments)
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := command.Output(); err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("with %s CGO_ENABLED is %q, want %s (%v)", arguments, out, want, err)
		}
	}
}

func saysWhatItDoes(t *testing.T, program string) {
	command := exec.CommandContext(t.Context(), program, "--", "go", "version")
	var said bytes.Buffer
	command.Stderr = &said
	if err := command.Run(); err != nil {
		t.Fatalf("%v:\n%s", err, &said)
	}
	rest := said.String()
	for _, want := range []string{
		"found PostgreSQL in /", "found Redis as /", "found Node.js v", "found the npm packages of the tests in /", "found a Chromium as /", "starting PostgreSQL", "started PostgreSQL on port", "running go version",
		"go compiles", "stopping",
	} {
		_, after, found := strings.Cut(rest, "testenv: "+want)
		if !found {
			t.Errorf("no %q, or not in its place, in:\n%s", want, &said)
			continue
		}
		rest = after
	}
}

// leavesNothing looks into the folder of temporary files after a failure and after Ctrl-C.
func leavesNothing(t *testing.T, program string) {
	folder := t.TempDir()
	if err := os.Chmod(filepath.Dir(folder), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{"exit 1", "kill -INT $PPID; sleep 600"} {
		command := exec.CommandContext(t.Context(), program, "--", "sh", "-c", script)
		command.Env = append(os.Environ(), "TMPDIR="+folder)
		_ = command.Run() // exit codes are tested elsewhere
		left, err := os.ReadDir(folder)
		if err != nil || len(left) != 0 {
			t.Errorf("after %q: %v (%v)", script, left, err)
		}
	}
}

// launch starts the command and returns what it prints, line by line.
func launch(t *testing.T, command *exec.Cmd) *bufio.Scanner {
	t.Helper()
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return bufio.NewScanner(output)
}

// silence reads to the end of the output, which comes when the last process that could write to it is gone.
func silence(t *testing.T, scanner *bufio.Scanner) {
	t.Helper()
	for scanner.Scan() {
		t.Errorf("unexpected output: %s", scanner.Text())
	}
}

// until reads three lines and "ready".
func until(t *testing.T, scanner *bufio.Scanner) []string {
	t.Helper()
	var lines []string
	for scanner.Scan() && scanner.Text() != "ready" {
		lines = append(lines, scanner.Text())
	}
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "postgres://") || !strings.HasPrefix(lines[1], "redis://") {
		t.Fatalf("the command saw %q, want a postgres:// and a redis:// address", lines)
	}
	return lines
}

// gone fails the test when somebody listens at the address.
func gone(t *testing.T, address string) {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", parsed.Host)
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%s is still served: %v", address, err)
		if err == nil {
			_ = conn.Close()
		}
	}
}

// code returns the exit code of a command that ended.
func code(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("the command did not run: %v", err)
	}
	if err == nil {
		return 0
	}
	return exit.ExitCode()
}
