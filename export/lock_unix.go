//go:build unix

package export

import (
	"os"
	"syscall"
)

// lock keeps other exports from a file or a folder until it is closed, or the process ends.
func lock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // a file descriptor is an int
}
