//go:build race

package syncer_test

// raced tells that the race detector watches, which makes the embedded database twenty times slower.
const raced = true
