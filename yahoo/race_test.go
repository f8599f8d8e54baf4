//go:build race

package yahoo_test

// raced tells that the race detector watches, which makes thousands of answers several times dearer.
const raced = true
