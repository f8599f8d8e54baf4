package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// process is a command that runs, with the goroutine that waits for it.
type process struct {
	command *exec.Cmd
	done    chan struct{} // closed once the process ended and was reaped
	err     error         // how it ended; read after done
}

// launch starts the command in a process group of its own, so that Ctrl-C on the terminal reaches the tests alone. The
// kernel sends the death signal of Linux when the thread that started the child ends, hence a thread that stays.
func launch(command *exec.Cmd) (*process, error) {
	p := &process{command: command, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := command.Start()
		started <- err
		if err == nil {
			p.err = command.Wait()
		}
	}()
	if err := <-started; err != nil {
		<-p.done
		return nil, fmt.Errorf("start %s: %w", command.Path, err)
	}
	return p, nil
}

// run launches the command, has it watched, and waits for its end; where the context ends first it is sent SIGTERM.
func run(ctx context.Context, command *exec.Cmd, watch func(pid int) error) error {
	p, err := launch(command)
	if err != nil {
		return err
	}
	if err := watch(command.Process.Pid); err != nil {
		return errors.Join(err, p.kill())
	}
	select {
	case <-p.done:
		return errors.Join(p.err, watch(0))
	case <-ctx.Done():
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		return errors.Join(context.Cause(ctx), p.end(late, syscall.SIGTERM), watch(0))
	}
}

// alive tells whether the process still runs.
func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// end sends the signal and waits. A process that is still there when the context ends is killed, and that is an error.
func (p *process) end(ctx context.Context, signal os.Signal) error {
	if err := p.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %v to %s: %w", signal, p.command.Path, err)
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s did not end on %v: %w", p.command.Path, signal, errors.Join(context.Cause(ctx), p.kill()))
	}
}

// kill ends the process and its children at once, as a power cut would, and waits until it is gone. A backend of PostgreSQL
// would otherwise finish what it is doing.
func (p *process) kill() error {
	offspring := children(p.command.Process.Pid)
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", p.command.Path, err)
	}
	for _, pid := range offspring {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone
	}
	<-p.done
	return nil
}
