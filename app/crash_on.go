//go:build crashpoints

package app

import (
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// crashes counts how often the point was passed.
var crashes atomic.Int64 //nolint:gochecknoglobals // of a test build only

// crashPoint kills the process with SIGKILL when BARKEEP_CRASH_AT names the point, or, as point:n, at the n-th time, and
// stops it with SIGSTOP, once, when BARKEEP_STOP_AT does: what the tests of a dying or sleeping holder are built with.
func crashPoint(point string) {
	if reached("BARKEEP_CRASH_AT", point) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // until it takes effect
	}
	if reached("BARKEEP_STOP_AT", point) {
		// The kernel may pick another thread to begin the stop with: until then this one would go on, past the point.
		woken := make(chan os.Signal, 1)
		signal.Notify(woken, syscall.SIGCONT)
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		<-woken
		signal.Stop(woken)
	}
}

// reached tells whether the variable names the point and it is passed as often as it says.
func reached(variable, point string) bool {
	at, times, _ := strings.Cut(os.Getenv(variable), ":")
	if at != point {
		return false
	}
	n, err := strconv.ParseInt(times, 10, 64)
	if err != nil {
		n = 1
	}
	return crashes.Add(1) == n
}
