//go:build race

package storetest

// manyBars is the size of the largest series that the suite stores under the race detector.
const manyBars = 100_000

// gateRounds is fewer than without the race detector, which makes the embedded engine twenty times slower.
const gateRounds = 12

// manyGaps is fewer, likewise.
const manyGaps = 1_000
