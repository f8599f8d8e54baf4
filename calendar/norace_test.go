//go:build !race

package calendar_test

// slowed is how much longer the race detector may make what is measured.
const slowed = 1
