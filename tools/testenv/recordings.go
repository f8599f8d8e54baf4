//go:build unix

package main

import (
	"os"
	"path/filepath"
)

// envRecordings names the variable with the folder of the provider's recordings.
const envRecordings = "BARKEEP_RECORDINGS"

// recordings returns the absolute path of the folder shared/recordings that stands beside the clone; empty when there is none or
// when the user has set the variable.
func recordings() string {
	if os.Getenv(envRecordings) != "" {
		return ""
	}
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
	found := filepath.Join(filepath.Dir(dir), "shared", "recordings")
	if info, err := os.Stat(found); err != nil || !info.IsDir() {
		return ""
	}
	return found
}
