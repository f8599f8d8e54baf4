package sqlite

import (
	"bufio"
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
	name = filepath.Dir(path)
	if point, device := MountOf(path); point != "" {
		name = device + " on " + point
	}
	return blocks * size, fs.Blocks * size, name, true
}

// MountOf tells where the file system of a path is mounted, and its type and device; empty texts when that is not known. The path
// need not be there yet.
func MountOf(path string) (point, device string) {
	real, err := filepath.Abs(path)
	if err != nil {
		return "", ""
	}
	if there, err := filepath.EvalSymlinks(real); err == nil {
		real = there
	}
	mounts, err := os.Open("/proc/self/mountinfo") // proc_pid_mountinfo(5)
	if err != nil {
		return "", ""
	}
	defer mounts.Close() //nolint:errcheck // it was only read
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		mount, system, _ := strings.Cut(lines.Text(), " - ")
		left, right := strings.Fields(mount), strings.Fields(system)
		if len(left) < 5 || len(right) < 2 {
			continue
		}
		at := strings.ReplaceAll(left[4], `\040`, " ")
		if within(real, at) && len(at) >= len(point) { // of two at one place the later one counts
			point, device = at, right[0]+" "+right[1]
		}
	}
	return point, device
}

// within tells whether path is folder or lies below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}

// mayWrite asks the system whether this process may write to a file, or make one in a folder.
func mayWrite(path string) error {
	return unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS)
}
