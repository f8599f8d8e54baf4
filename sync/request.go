package syncer

import (
	"time"

	"barkeep/ledger"
	"barkeep/market"
)

// Request says what one run is to bring up to date.
type Request struct {
	Job         ledger.Job // import by default
	Entry       string     // who asks, for the ledger: "sync", "demo"
	Instruments []market.Instrument
	Timeframes  []market.Timeframe
	Backfill    bool // fetch the whole backfill window even of series that have records
	Deep        bool // backfill as far back as the provider serves
	Maintenance bool // fetch the whole window again, to fill holes and re-check provisional bars
	// Begun is told the run as soon as it stands in the ledger; nil: nobody is.
	Begun func(ledger.Run)
}

// Report is what a run did, with the evidence of every cell.
type Report struct {
	Run      ledger.Run
	Cells    []ledger.Cell // in the order of the plan
	Requests int           // HTTP requests sent
	Plan     Plan
	Faults   []string // what went wrong beside the cells, such as a cache that could not be written
}

// Inserted sums the bars that the run added.
func (r Report) Inserted() int {
	sum := 0
	for _, c := range r.Cells {
		sum += c.Inserted
	}
	return sum
}

// Phase is where a task stands, for whoever watches a run.
type Phase string

// The phases of a task.
const (
	PhaseFetching Phase = "fetching"
	PhaseWaiting  Phase = "waiting" // for the provider, the archive, or another process that works on the series
	PhaseDone     Phase = "done"
	PhaseFailed   Phase = "failed"
)

// Event tells a watcher how a task proceeds.
type Event struct {
	Task   Task
	Phase  Phase
	Detail string
	Until  time.Time // with PhaseWaiting: until when, if known
	Cells  []ledger.Cell
}
