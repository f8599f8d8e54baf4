package syncer

import (
	"barkeep/ledger"
	"barkeep/market"
)

// Request says what one run is to bring up to date.
type Request struct {
	Instruments []market.Instrument
	Timeframes  []market.Timeframe
	Backfill    bool // fetch the whole backfill window even of series that have records
	Deep        bool // backfill as far back as the provider serves
	Maintenance bool // ask again for provisional bars and for all gaps that may be healed, also before their time
	Heal        int  // how many requests may be spent on gaps that no request reaches anyway
	Rebuild     bool // fetch nothing: bring what is stored to the calendars of its instruments, and fold it anew
}

// Report is what a run did, with the evidence of every cell.
type Report struct {
	Run      ledger.Run
	Cells    []ledger.Cell // in the order of the plan
	Requests int           // HTTP requests sent
	Plan     Plan
	Faults   []string // what went wrong beside the cells, such as a cache that could not be written
	// Progress is what a run in progress said last, where another process shows it; nil for any other run.
	Progress *ledger.Progress
}

// Inserted sums the bars that the run added.
func (r Report) Inserted() int {
	sum := 0
	for _, c := range r.Cells {
		sum += c.Inserted
	}
	return sum
}

// Kept are the series for which a run of these instruments and timeframes has cells: those asked for, and what they derive from.
func Kept(serves market.Capabilities, instruments []market.Instrument, timeframes []market.Timeframe) ledger.Kept {
	var all []ledger.Series
	for _, instrument := range instruments {
		for _, task := range group(serves, instrument, timeframes) {
			for _, timeframe := range task.All() {
				all = append(all, ledger.Series{Instrument: instrument.Name, Timeframe: string(timeframe)})
			}
		}
	}
	return ledger.KeptOf(all...)
}
