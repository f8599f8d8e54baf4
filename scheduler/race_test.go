//go:build race

package scheduler_test

// defaultSeeds is how many worlds the simulation goes through with the race detector, which makes each several times dearer.
const defaultSeeds = 200
