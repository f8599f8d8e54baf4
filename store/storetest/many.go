//go:build !race

package storetest

// manyBars is the size of the largest series that the suite stores.
const manyBars = 1_000_000
