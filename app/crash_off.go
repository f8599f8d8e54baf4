//go:build !crashpoints

package app

// crashPoint is where a test build kills the process; here it does nothing.
func crashPoint(string) {}
