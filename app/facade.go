package app

import (
	"slices"

	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// What a front end shows of the parts, under app's name: cmd knows app and config only.
type (
	// Request is what a run is to bring up to date.
	Request = syncer.Request
	// Report is what a run did.
	Report = syncer.Report
	// Plan is what a run would ask the provider for.
	Plan = syncer.Plan
	// Task is a native series of a plan, with what is resampled from it.
	Task = syncer.Task
	// Event is one thing that happened in a run.
	Event = ledger.Event
	// Run is an entry of the ledger.
	Run = ledger.Run
	// Cell is the evidence of a series in a run.
	Cell = ledger.Cell
	// Candles are columns of bars.
	Candles = market.Candles
	// Slot is one scheduled time of a job.
	Slot = ledger.Slot
	// Answer is what came of the request for a slot.
	Answer = gate.Result
	// SeriesState is what the archive holds of a series.
	SeriesState = market.SeriesState
)

// The outcomes of asking for a slot that a front end tells apart.
const (
	Ran  = gate.Ran
	Held = gate.Held
)

// Timeframes are the names of all timeframes, shortest first.
func Timeframes() []string {
	var names []string
	for _, t := range market.Timeframes() {
		names = append(names, string(t))
	}
	return names
}

// Order is the place of a timeframe among all, shortest first; -1 for none.
func Order(timeframe string) int {
	return slices.Index(market.Timeframes(), market.Timeframe(timeframe))
}

// Symbol is the provider's name of an instrument, such as ES=F.
func Symbol(i market.Instrument) string { return yahoo.Symbol(i) }

// Tasks is how many tasks a request comes to: one for each instrument and native timeframe.
func Tasks(r Request) int {
	serves, bases := yahoo.Capabilities(), map[market.Timeframe]bool{}
	for _, t := range r.Timeframes {
		if base, ok := serves.Base(t); ok {
			bases[base] = true
		}
	}
	return len(r.Instruments) * len(bases)
}
