//go:build !race

package scheduler_test

// defaultSeeds is how many worlds the simulation goes through.
const defaultSeeds = 2000
