// Package market is the domain of Barkeep: instruments, timeframes, candles, the resampling of one timeframe into another, what
// a source of bars can serve, and the words for its answers. It knows no source by name.
//
// It imports the standard library and package calendar only. All instants are UTC unless a name says otherwise; windows are
// half-open.
package market
