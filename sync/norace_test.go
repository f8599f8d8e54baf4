//go:build !race

package syncer_test

const raced = false
