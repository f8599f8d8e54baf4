package sqlite

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// roomOf is how many bytes this process can still write to the file system of a path, how many that has, and its name; false when
// the system does not tell.
func roomOf(path string) (free, total uint64, name string, ok bool) {
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		return 0, 0, "", false
	}
	blocks := fs.Bavail
	if os.Geteuid() == 0 {
		blocks = fs.Bfree // some are kept for root
	}
	size := uint64(fs.Bsize) //nolint:gosec // no size is negative
	return blocks * size, fs.Blocks * size, mountOf(path), true
}

// mountOf names the file system of a path: its type, its device and where it is mounted.
func mountOf(path string) string {
	name := filepath.Dir(path)
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return name
	}
	mounts, err := os.Open("/proc/self/mountinfo") // proc_pid_mountinfo(5)
	if err != nil {
		return name
	}
	defer mounts.Close() //nolint:errcheck // it was only read
	longest := 0
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		mount, system, _ := strings.Cut(lines.Text(), " - ")
		left, right := strings.Fields(mount), strings.Fields(system)
		if len(left) < 5 || len(right) < 2 {
			continue
		}
		point := strings.ReplaceAll(left[4], `\040`, " ")
		if within(real, point) && len(point) >= longest { // of two at one place the later one counts
			longest, name = len(point), fmt.Sprintf("%s %s on %s", right[0], right[1], point)
		}
	}
	return name
}

// within tells whether path is folder or lies below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}

// mayWrite asks the system whether this process may write to a file, or make one in a folder.
func mayWrite(path string) error {
	return unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS)
}
