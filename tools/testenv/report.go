//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// say prints a line about what testenv does to standard error.
func say(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "testenv: "+format+"\n", arguments...)
}

// report says which command runs. Go prints nothing while it compiles and a package's result once all its tests are through,
// so of a go command it says every minute that it still runs. The function it returns ends that.
func report(arguments []string) func() {
	say("running %s", strings.Join(arguments, " "))
	if filepath.Base(arguments[0]) != "go" {
		return func() {}
	}
	say("go compiles the packages first, and says nothing meanwhile: on a new machine that takes minutes")
	began := time.Now()
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(time.Minute)
		defer ticker.Stop()
		for {
			select {
			case <-end:
				return
			case <-ticker.C:
				say("go still runs after %s", time.Since(began).Round(time.Minute))
			}
		}
	}()
	return func() { close(end); <-done }
}
