//go:build !race

package storetest

// manyBars is the size of the largest series that the suite stores.
const manyBars = 1_000_000

// gateRounds bounds how often the gate's model is tried.
const gateRounds = 100

// manyGaps is how many gaps the suite gives a series.
const manyGaps = 10_000
