package doctor

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
)

// inImage tells whether a path lies in the container's own layers, which go with the container, rather than on a volume.
func (e environment) inImage(path string) bool {
	if !e.container {
		return false
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return false // nothing is known
	}
	defer mounts.Close() //nolint:errcheck // it was only read
	longest := ""
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		// Its fifth field is where the file system is mounted (proc_pid_mountinfo(5)).
		if fields := strings.Fields(lines.Text()); len(fields) > 4 && within(path, fields[4]) && len(fields[4]) > len(longest) {
			longest = fields[4]
		}
	}
	return longest == "/"
}

// within tells whether path is folder or lies below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}
