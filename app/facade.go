package app

import (
	"slices"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

// The parts' types that a front end shows, under app's name: cmd knows app and config only.
type (
	Request     = syncer.Request
	Report      = syncer.Report
	Plan        = syncer.Plan
	Task        = syncer.Task
	Event       = syncer.Event
	Run         = ledger.Run
	Cell        = ledger.Cell
	Candles     = market.Candles
	SeriesState = market.SeriesState
)

// The phases of a task that a front end tells apart.
const (
	PhaseWaiting = syncer.PhaseWaiting
	PhaseDone    = syncer.PhaseDone
	PhaseFailed  = syncer.PhaseFailed
)

// Order is the place of a timeframe among all, shortest first; -1 for none.
func Order(timeframe string) int {
	return slices.Index(market.Timeframes(), market.Timeframe(timeframe))
}

// Tasks is how many tasks a request comes to: one for each instrument and native timeframe.
func Tasks(r Request) int {
	bases := map[market.Timeframe]bool{}
	for _, t := range r.Timeframes {
		bases[t.Base()] = true
	}
	return len(r.Instruments) * len(bases)
}
