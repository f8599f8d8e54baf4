//go:build !race

package yahoo_test

const raced = false
