package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// plan says how one kind of server is run.
type plan struct {
	name    string                                                // "postgres"
	user    account                                               // who runs it
	command func(port int, dir string) []string                   // the server, staying in the foreground
	ready   func(ctx context.Context, port int, dir string) error // nil once it is this server that answers
	fast    syscall.Signal                                        // asks for an orderly stop that does not wait for clients
	instant syscall.Signal                                        // asks for an end without any shutting down
	kill    []string                                              // kills what the command only stands for; nil: SIGKILL
	last    []string                                              // removes what is outside the folder, its last argument
	second  int                                                   // how far above its port a second one must be free; 0: none
}

// server is a throwaway server. Its methods may be called from several goroutines.
type server struct {
	plan  plan
	dir   string
	guard *guard

	mu      sync.Mutex
	port    int
	settled bool // it has answered on its port, which is kept from then on
	closed  bool
	process *process // nil while it does not run
}

// preparation fills the folder before the first start. It tells the guard with watch which process works in the folder, and
// with watch(0) that none does any more.
type preparation func(dir string, watch func(pid int) error) error

// startServer makes the folder and its guard, has the folder prepared where prepare is not nil, and starts the server. What it
// made is gone again when it returns an error.
func startServer(ctx context.Context, p plan, prepare preparation) (*server, error) {
	dir, err := p.user.folder(p.name)
	if err != nil {
		return nil, err
	}
	guard, err := startGuard(dir, p.instant, p.last)
	if err != nil {
		return nil, removing(err, dir)
	}
	s := &server{plan: p, dir: dir, guard: guard}
	if prepare != nil {
		err = prepare(dir, guard.watch)
	}
	if err == nil {
		err = s.Restart(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Dir returns the folder of the server, which holds its data and its log.
func (s *server) Dir() string { return s.dir }

// Port returns the port of the server on 127.0.0.1; it stays the same over Stop and Restart.
func (s *server) Port() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.port
}

// Log returns the last lines that the server logged, for a test that failed.
func (s *server) Log() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	const most = 4000
	return strings.TrimSpace(string(text[max(0, len(text)-most):]))
}

// Stop ends the server in order, closing its connections; what it acknowledged is kept where Options.Durable asks for it.
// It does nothing when the server does not run. The error says that the context ended first and the server was killed.
func (s *server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop(func(p *process) error { return p.end(ctx, s.plan.fast) })
}

// Kill ends the server as a power cut would, with SIGKILL. It does nothing when the server does not run.
func (s *server) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop(s.killProcess)
}

// Restart starts the server on the port and the data it had before, after stopping it if it runs. It returns once the server
// answers. The error holds the end of the server's log.
func (s *server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("restart %s: it was closed", s.plan.name)
	}
	if err := s.stop(func(p *process) error { return p.end(ctx, s.plan.fast) }); err != nil {
		return err
	}
	return s.start(ctx)
}

// Close ends the server and removes its folder. A second Close does nothing.
func (s *server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := s.stop(func(p *process) error { return p.end(ctx, s.plan.instant) })
	return errors.Join(err, s.guard.release())
}

// stop ends the running process in the given way and tells the guard.
func (s *server) stop(how func(*process) error) error {
	if s.process == nil {
		return nil
	}
	err := how(s.process)
	if !s.process.alive() {
		s.process = nil
		return errors.Join(err, s.guard.watch(0))
	}
	return err
}

func (s *server) killProcess(p *process) error {
	if s.plan.kill == nil {
		return p.kill()
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, s.plan.kill[0], s.plan.kill[1:]...)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("kill %s (%s): %w", s.plan.name, out, errors.Join(err, p.kill()))
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return p.kill()
	}
}

func (s *server) logFile() string { return filepath.Join(s.dir, "server.log") }
