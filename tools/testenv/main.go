//go:build unix

// Command testenv runs a command, such as go test, with a throwaway PostgreSQL, a throwaway Redis and packages of npm beside it.
//
//	go run ./tools/testenv -- go test -race ./...
//
// It finds the servers or brings them (see package needs), and hands the command their addresses in BARKEEP_TEST_POSTGRES and
// BARKEEP_TEST_REDIS; so it does with Node.js and the packages of tools/clients, whose folder is in BARKEEP_TEST_NODE_MODULES,
// with a Chromium, whose path is in BARKEEP_TEST_CHROMIUM, and with python3. A command with -race gets a
// C compiler and CGO_ENABLED=1 too. It says on standard error what it does,
// passes on the signals it gets, removes everything at the end, and exits as the command did.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"barkeep/store/storetest/servers"
	"barkeep/tools/clients"
	"barkeep/tools/testenv/needs"
)

// The exit codes of testenv's own.
const (
	exitUsage       = 2
	exitFailed      = 1
	exitInterrupted = 130
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// run returns the exit code.
func run(arguments []string) int {
	if len(arguments) > 0 && arguments[0] == "--" {
		arguments = arguments[1:]
	}
	if len(arguments) == 0 {
		fmt.Fprintln(os.Stderr, "usage: go run ./tools/testenv -- COMMAND [ARGUMENT...]")
		return exitUsage
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	defer watchParent(ctx, os.Getppid())()
	code, err := serve(ctx, arguments, signals)
	switch {
	case err == nil:
		return code
	case ctx.Err() != nil && code == 0:
		fmt.Fprintln(os.Stderr, "testenv: interrupted")
		return exitInterrupted
	}
	fmt.Fprintf(os.Stderr, "testenv: %v\n", err)
	return max(code, exitFailed)
}

// watchParent signals this process when the one that started it is gone: `go run` does not pass SIGTERM on, it dies of it. The
// function it returns ends the watch.
func watchParent(ctx context.Context, parent int) func() {
	const look = 500 * time.Millisecond
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(look)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if os.Getppid() != parent {
					_ = syscall.Kill(os.Getpid(), syscall.SIGTERM) // to oneself it cannot fail
					return
				}
			}
		}
	}()
	return func() { cancel(); <-done }
}

// serve starts the servers, runs the command, and closes the servers again.
func serve(ctx context.Context, arguments []string, signals <-chan os.Signal) (code int, err error) {
	if _, err := exec.LookPath(arguments[0]); err != nil {
		return 0, fmt.Errorf("find the command: %w", err) // before minutes go into installing servers for it
	}
	race := slices.Contains(arguments, "-race")
	programs, err := needs.Needs{
		Race: race, Node: true, Chromium: true, Python: true, Pandas: clients.Pythons(),
		Policy: "/usr/sbin/policy-rc.d", Log: os.Stderr,
	}.Ensure(ctx)
	if err != nil {
		return 0, err
	}
	environment := []string{
		servers.EnvPostgres + "=" + programs.Postgres, servers.EnvRedis + "=" + programs.Redis,
		clients.EnvModules + "=" + programs.Modules, clients.EnvChromium + "=" + programs.Chromium,
	}
	if race {
		environment = append(environment, "CGO_ENABLED=1") // the race detector is C; it is there now
	}
	if recordings := recordings(); recordings != "" {
		environment = append(environment, envRecordings+"="+recordings)
	}
	say("starting PostgreSQL and Redis")
	p, err := servers.StartPostgres(ctx, servers.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	r, err := servers.StartRedis(ctx, servers.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	say("started PostgreSQL on port %d and Redis on port %d", p.Port(), r.Port())
	environment = append(environment, "BARKEEP_TEST_POSTGRES="+p.URL(), "BARKEEP_TEST_REDIS="+r.URL())
	end := report(arguments)
	code, err = runCommand(arguments, environment, signals)
	end()
	say("stopping PostgreSQL and Redis")
	return code, err
}
