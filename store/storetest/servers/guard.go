package servers

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// guardScript waits for the end of its input, which comes when the process that holds the other side ends, in whatever
// way: return, panic, Ctrl-C, SIGKILL. Then it ends the server whose process id it read last (0 for none) with the signal
// $1, runs the rest of its arguments with the folder $2 as the last one (docker rm ... for a container), and removes the folder.
const guardScript = `
trap '' INT TERM HUP
signal=$1; folder=$2; shift 2
pid=0
while read -r line; do pid=$line; done
if [ "$pid" -gt 1 ] && kill "-$signal" "$pid" 2>/dev/null; then
	tries=0
	while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
	kill -9 "$pid" 2>/dev/null
fi
[ $# -eq 0 ] || "$@" "$folder" >/dev/null 2>&1
rm -rf -- "$folder"
`

// guard is a small shell that outlives the tests by a moment and leaves nothing behind.
type guard struct {
	process *process
	input   io.WriteCloser
}

// startGuard watches over the folder and over the server in it. Signal is how to end the server at once; last is a
// command to run before the folder goes, which gets the folder as its last argument; nil for none.
func startGuard(folder string, signal syscall.Signal, last []string) (*guard, error) {
	arguments := append([]string{"-c", guardScript, "barkeep-test-guard", strconv.Itoa(int(signal)), folder}, last...)
	command := exec.Command("/bin/sh", arguments...) //nolint:noctx // it ends by its input, after every context
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("open the guard's input: %w", err)
	}
	p, err := launch(command)
	if err != nil {
		return nil, fmt.Errorf("start the guard of %s: %w", folder, errors.Join(err, input.Close()))
	}
	return &guard{process: p, input: input}, nil
}

// watch tells the guard which process is the server now; 0 when there is none.
func (g *guard) watch(pid int) error {
	if _, err := io.WriteString(g.input, strconv.Itoa(pid)+"\n"); err != nil {
		return fmt.Errorf("tell the guard about process %d: %w", pid, err)
	}
	return nil
}

// release lets the guard do its work, and waits for it.
func (g *guard) release() error {
	err := g.input.Close()
	<-g.process.done
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	return errors.Join(err, g.process.err)
}

// removing adds to an error whatever keeps the folder from being removed.
func removing(err error, folder string) error { return errors.Join(err, os.RemoveAll(folder)) }
