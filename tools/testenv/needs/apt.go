package needs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// aptScript installs the packages $2 and further, after apt-get update where it must. The file $1 keeps Debian from starting
// the new services; one that is there already stays.
const aptScript = `
policy=$1; shift
trap 'exit 130' INT TERM HUP
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" || exit 1
fi
export DEBIAN_FRONTEND=noninteractive
install() { apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"; }
install "$@" && exit 0
apt-get -o DPkg::Lock::Timeout=300 update && install "$@"
`

// errNoApt says that this machine has no apt-get that the user may use.
var errNoApt = errors.New("apt-get cannot be used here")

// install brings Debian packages.
func (n Needs) install(ctx context.Context, packages []string) error {
	prefix, err := administrator(ctx)
	if err != nil {
		return fmt.Errorf("install %s: %w", strings.Join(packages, ", "), err)
	}
	fmt.Fprintf(n.Log, "testenv: installing %s with apt-get, which may take minutes\n", strings.Join(packages, ", "))
	began := time.Now()
	arguments := append(prefix, "sh", "-c", aptScript, "install", n.Policy)
	arguments = append(arguments, packages...)
	command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	command.Stdout, command.Stderr = n.Log, n.Log
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = time.Minute // dpkg must not be cut off in the middle of a package
	if err := command.Run(); err != nil {
		return fmt.Errorf("install %s with apt-get: %w", strings.Join(packages, ", "), err)
	}
	fmt.Fprintf(n.Log, "testenv: installed %s in %s\n", strings.Join(packages, ", "), time.Since(began).Round(time.Second))
	return nil
}

// administrator returns what to put before a command to run it as root: nothing, or a sudo that asks for no password.
func administrator(ctx context.Context) ([]string, error) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoApt, err)
	}
	if os.Getuid() == 0 {
		return nil, nil
	}
	if err := exec.CommandContext(ctx, "sudo", "-n", "true").Run(); err != nil {
		return nil, fmt.Errorf("%w: it needs root, or sudo without a password: %w", errNoApt, err)
	}
	return []string{"sudo", "-n"}, nil
}
