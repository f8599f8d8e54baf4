//go:build crashpoints

package app

import (
	"os"
	"strings"
	"time"
)

// misread is what a machine shows whose clock is wrong by BARKEEP_CLOCK_OFF (10m, -40s), or by what the file says that it names:
// what the tests of wrong clocks are built with. A file that is changed is a clock that was set.
func misread(t time.Time) time.Time {
	text := os.Getenv("BARKEEP_CLOCK_OFF")
	if strings.HasPrefix(text, "/") {
		said, _ := os.ReadFile(text) //nolint:gosec // of a test build only; without the file the clock is right
		text = strings.TrimSpace(string(said))
	}
	off, _ := time.ParseDuration(text) // none is 0
	return t.Add(off)
}

// passed is how far a clock that was set has run on: not at all with BARKEEP_CLOCK_STILL, so that what a test build prints is
// the same each time.
func passed(d time.Duration) time.Duration {
	if os.Getenv("BARKEEP_CLOCK_STILL") != "" {
		return 0
	}
	return d
}
