package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// start runs the server until it answers, on ever new ports until it has answered once.
func (s *server) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("%s did not answer in %s", s.plan.name, startTimeout))
	defer cancel()
	attempts := firstAttempts
	if s.settled {
		attempts = nextAttempts
	}
	var err error
	for range attempts {
		if err = s.try(ctx); err == nil {
			s.settled = true
			return nil
		}
		if pause(ctx, retryPause) != nil {
			break
		}
	}
	return fmt.Errorf("start %s: %w; its log ends with: %s", s.plan.name, err, s.Log())
}

// try starts the server once and waits for its answer or its end.
func (s *server) try(ctx context.Context) error {
	if !s.settled {
		port, err := freePort(ctx, s.plan.second)
		if err != nil {
			return err
		}
		s.port = port
	}
	if err := s.launch(); err != nil {
		return err
	}
	for s.process.alive() {
		err := s.plan.ready(ctx, s.port, s.dir)
		if err == nil {
			return nil
		}
		if stopped := pause(ctx, pollPause); stopped != nil {
			return errors.Join(stopped, err, s.stop(s.killProcess))
		}
	}
	err := s.process.err
	s.process = nil
	return errors.Join(fmt.Errorf("it ended at once: %w", err), s.guard.watch(0))
}

// launch runs the server's command with its output in the log.
func (s *server) launch() error {
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", s.plan.name, err)
	}
	defer log.Close() // nothing is written through this handle
	arguments := s.plan.command(s.port, s.dir)
	command := exec.Command(arguments[0], arguments[1:]...) //nolint:noctx // it outlives the context of its start
	command.Dir, command.Stdout, command.Stderr = s.dir, log, log
	command.SysProcAttr = attributes(s.plan.user, s.plan.instant)
	if s.process, err = launch(command); err != nil {
		s.process = nil
		return err
	}
	return s.guard.watch(s.process.command.Process.Pid)
}

// address is where the server listens, "127.0.0.1:20001".
func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// freePort finds a port that nobody listens on, below those that the kernel hands out by itself: a client that dials a
// stopped server again and again would otherwise be given that very port and end up talking to itself. Where second is not 0,
// the port that far above it is free as well.
func freePort(ctx context.Context, second int) (int, error) {
	const from, to, tries = 15_000, 32_000, 100
	var last error
	for range tries {
		port := from + rand.IntN(to-from-second)
		last = isFree(ctx, port)
		if last == nil && second != 0 {
			last = isFree(ctx, port+second)
		}
		if last == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("find a free port between %d and %d: %w", from, to, last)
}

// isFree tries to listen on the port.
func isFree(ctx context.Context, port int) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", address(port))
	if err != nil {
		return err
	}
	return listener.Close()
}

// pause waits, or returns why the context ended.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
