// Package intake reads bars that people have in files, and says which of them can be bars of an instrument. A Source gives the
// rows of a file as they stand there; a Spool keeps them on disk by months, whatever their order; a Sifter leaves out what the
// calendar, the clock or the other rows contradict. It stores nothing, and knows no archive.
package intake

import (
	"context"
	"time"

	"barkeep/market"
)

// Rows are rows of a file as bars, in the order in which they stand there.
type Rows struct {
	Bars  *market.Candles
	Lines []int64   // of each bar: its line, or its row where a file has no lines; both count from 1
	Left  []Finding // rows that are no bars
}

// Source gives the rows of a file in batches.
type Source interface {
	// Next returns the next rows; io.EOF after the last ones. Another error says what of the file cannot be understood, where, and
	// what is accepted: nothing of such a file is to be stored.
	Next(ctx context.Context) (Rows, error)
}

// Kind is why a row is left out.
type Kind string

// The kinds.
const (
	Unreadable Kind = "unreadable"          // a value is no number or no time
	Unpriced   Kind = "without prices"      // a price is empty
	Impossible Kind = "impossible"          // a price cannot be true
	Twice      Kind = "contradicts itself"  // the file has the bar twice, with other values
	OffGrid    Kind = "off the grid"        // no bar of the timeframe starts then
	Outside    Kind = "outside of sessions" // the exchange is closed then
	Running    Kind = "not over yet"        // the bar has not ended
	Earlier    Kind = "of another listing"  // it is from before the listing that the archive keeps
)

// Kinds lists all kinds, in the order in which people are told of them.
func Kinds() []Kind {
	return []Kind{Unreadable, Unpriced, Impossible, Twice, OffGrid, Outside, Running, Earlier}
}

// Finding is a row that was left out.
type Finding struct {
	Kind  Kind
	Line  int64
	Start time.Time // of the bar; zero where it is not known
	Says  string    // what is wrong with it; may be empty
}

// mostExamples is how many rows of a kind are kept to show.
const mostExamples = 5

// Left counts rows that were left out, and keeps the first of each kind.
type Left struct {
	Counts   map[Kind]int64
	Examples map[Kind][]Finding
	Repeated int64 // rows that the file has once more, with the same values
}

// NewLeft is an empty count.
func NewLeft() *Left { return &Left{Counts: map[Kind]int64{}, Examples: map[Kind][]Finding{}} }

// Add counts a row.
func (l *Left) Add(f Finding) {
	l.Counts[f.Kind]++
	if len(l.Examples[f.Kind]) < mostExamples {
		l.Examples[f.Kind] = append(l.Examples[f.Kind], f)
	}
}

// Sum is how many rows were left out.
func (l *Left) Sum() (n int64) {
	for _, count := range l.Counts {
		n += count
	}
	return n
}
