package market

import (
	"slices"
	"time"
)

// Timeframe is the length of a bar, in the spelling that Yahoo and most charting programs share ("5m", "1h", "1wk").
// Only the constants below are valid; ParseTimeframe turns user input into one of them.
type Timeframe string

// The seventeen timeframes Barkeep keeps.
const (
	M1  Timeframe = "1m"
	M2  Timeframe = "2m"
	M3  Timeframe = "3m"
	M5  Timeframe = "5m"
	M15 Timeframe = "15m"
	M30 Timeframe = "30m"
	M90 Timeframe = "90m"
	H1  Timeframe = "1h"
	H2  Timeframe = "2h"
	H4  Timeframe = "4h"
	H6  Timeframe = "6h"
	H8  Timeframe = "8h"
	H12 Timeframe = "12h"
	D1  Timeframe = "1d"
	W1  Timeframe = "1wk"
	Mo1 Timeframe = "1mo"
	Mo3 Timeframe = "3mo"
)

const day = 24 * time.Hour

// Everything is the cap of a timeframe that the provider serves back to the first trade.
const Everything time.Duration = 1<<63 - 1

// spec is one row of the table of timeframes (DESIGN.md section 4).
type spec struct {
	base    Timeframe     // the native timeframe it is fetched as or resampled from
	length  time.Duration // of an intraday bar; 0 for 1d and longer
	months  int           // of 1mo and 3mo
	depth   time.Duration // of native ones: how far back the provider serves it by default
	deep    time.Duration // of native ones: how far back with --deep
	request time.Duration // of native ones: the longest window of one request
}

// spec finds the row of a timeframe; the zero spec for one that is none. A switch, since it is asked for every bar.
func (t Timeframe) spec() spec {
	switch t {
	case M1:
		return spec{base: M1, length: time.Minute, depth: 7 * day, deep: 29 * day, request: 7 * day}
	case M2:
		return spec{base: M2, length: 2 * time.Minute, depth: 60 * day, deep: 60 * day, request: Everything}
	case M5:
		return spec{base: M5, length: 5 * time.Minute, depth: 60 * day, deep: 60 * day, request: Everything}
	case M15:
		return spec{base: M15, length: 15 * time.Minute, depth: 60 * day, deep: 60 * day, request: Everything}
	case M3:
		return spec{base: M1, length: 3 * time.Minute}
	case M30:
		return spec{base: M15, length: 30 * time.Minute}
	case M90:
		return spec{base: M15, length: 90 * time.Minute}
	case H1:
		return spec{base: H1, length: time.Hour, depth: 60 * day, deep: 730 * day, request: Everything}
	case H2:
		return spec{base: H1, length: 2 * time.Hour}
	case H4:
		return spec{base: H1, length: 4 * time.Hour}
	case H6:
		return spec{base: H1, length: 6 * time.Hour}
	case H8:
		return spec{base: H1, length: 8 * time.Hour}
	case H12:
		return spec{base: H1, length: 12 * time.Hour}
	case D1:
		return spec{base: D1, depth: 365 * day, deep: Everything, request: Everything}
	case W1:
		return spec{base: D1}
	case Mo1:
		return spec{base: D1, months: 1}
	case Mo3:
		return spec{base: D1, months: 3}
	default:
		return spec{}
	}
}

// Timeframes lists every known timeframe, shortest first.
func Timeframes() []Timeframe {
	return []Timeframe{M1, M2, M3, M5, M15, M30, H1, M90, H2, H4, H6, H8, H12, D1, W1, Mo1, Mo3}
}

// Base is the native timeframe that t is resampled from, or t itself when the provider serves it.
func (t Timeframe) Base() Timeframe { return t.spec().base }

// Native tells whether bars of t are fetched rather than resampled.
func (t Timeframe) Native() bool { return t.spec().base == t }

// Intraday tells whether a bar is shorter than a session; the others are keyed by a date.
func (t Timeframe) Intraday() bool { return t.spec().length > 0 }

// Length is the length of an intraday bar, and 0 for 1d and longer, whose bars follow the calendar.
func (t Timeframe) Length() time.Duration { return t.spec().length }

// Depth is how far back from now the provider serves t's base: the backfill cap, or with deep the utmost.
func (t Timeframe) Depth(deep bool) time.Duration {
	base := t.Base().spec()
	if deep {
		return base.deep
	}
	return base.depth
}

// Wall is how far back the provider serves t's base at all; beyond it a bar can never be fetched again.
func (t Timeframe) Wall() time.Duration { return t.Base().spec().deep }

// LongestRequest is the longest window of t's base that one request may ask for.
func (t Timeframe) LongestRequest() time.Duration { return t.Base().spec().request }

// Less orders timeframes shortest first.
func (t Timeframe) Less(other Timeframe) bool {
	all := Timeframes()
	return slices.Index(all, t) < slices.Index(all, other)
}
