//go:build race

package main_test

// raced tells that the race detector watches, which makes reading and comparing bars twenty times slower.
const raced = true
