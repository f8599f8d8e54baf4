// Package coverage tells which bars of a series are expected, which of them are absent and why, and what to ask for again first.
// It computes; the archive keeps what comes out, in the transaction of the bars.
package coverage
