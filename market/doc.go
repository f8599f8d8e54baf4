// Package market is the domain of Barkeep: instruments, timeframes, exchange sessions, candles and the resampling of
// one timeframe into another, and the words in which a provider's answer is spoken of.
//
// It imports the standard library only. All instants are UTC unless a name says otherwise; windows are half-open.
package market
