//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/term"
)

// grace is how long a command that was sent a signal may take to end before it is killed.
const grace = 20 * time.Second

// runCommand runs the command with our standard streams and returns its exit code, 128 and the signal's number when a signal
// ended it. On a terminal it stays in our process group, which Ctrl-C reaches as a whole; elsewhere it has one of its
// own, and all of the group get the signals we get.
func runCommand(arguments, environment []string, signals <-chan os.Signal) (int, error) {
	ownGroup := !term.IsTerminal(int(os.Stdin.Fd()))
	command := exec.Command(arguments[0], arguments[1:]...) //nolint:noctx // it is ended by signals, in order
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), environment...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: ownGroup}
	if err := command.Start(); err != nil {
		return 0, fmt.Errorf("start %s: %w", arguments[0], err)
	}
	target := command.Process.Pid
	if ownGroup {
		target = -target
	}
	done := make(chan error, 1)
	go func() { done <- command.Wait() }()
	return await(done, signals, target)
}

// await passes signals on to the target until the command is done.
func await(done <-chan error, signals <-chan os.Signal, target int) (int, error) {
	var late <-chan time.Time
	for {
		select {
		case err := <-done:
			if late != nil && target < 0 {
				_ = syscall.Kill(target, syscall.SIGKILL) // what the command left behind; often nothing
			}
			return exitCode(err)
		case received := <-signals:
			_ = syscall.Kill(target, received.(syscall.Signal)) // it may have ended meanwhile
			if late == nil {
				timer := time.NewTimer(grace)
				defer timer.Stop()
				late = timer.C
			}
		case <-late:
			_ = syscall.Kill(target, syscall.SIGKILL)
		}
	}
}

// exitCode reads the exit code out of what Wait returned.
func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	if err == nil {
		return 0, nil
	}
	if !errors.As(err, &exit) {
		return exitFailed, fmt.Errorf("wait for the command: %w", err)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}
