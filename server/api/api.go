// Package api is /api/v1: instruments, series and bars of the archive, the slots of the import, the runs of the ledger, and
// the way to start one.
package api

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server"
	"barkeep/store"
)

// Config is what the API needs beside its server. All of it but Instruments and Hand is required.
type Config struct {
	Reader      *query.Reader
	Starter     Starter
	Instruments []market.Instrument // those that the configuration keeps up to date

	// Resolve reads what a caller writes for an instrument, and Symbol is the provider's name of one.
	Resolve func(text string) (market.Instrument, error)
	Symbol  func(market.Instrument) string

	Serves    market.Capabilities // what the provider serves
	Calendars store.CalendarFacts // what the archive tells of the calendars of instruments
	Past      Past                // what the archive tells of its past
	Hand      Hand                // does what a person asks for; nil: its routes are absent
}

// Past is what an archive tells of its past.
type Past interface {
	query.Past
	store.Coverage
	Actions(ctx context.Context, instrument string) ([]store.Action, error)
	Findings(ctx context.Context) ([]store.Finding, error)
	ProofList(ctx context.Context, filter store.ProofFilter) ([]market.Proof, error)
	DatasetList(ctx context.Context) ([]store.Dataset, error)
}

// API answers the routes of /api/v1.
type API struct {
	Config
	server *server.Server
	huma   huma.API
	slots  *server.Watch[ledger.Slot, slotFound]
	recent *server.Watch[struct{}, []runEvent]
	bars   *server.Lane // bars of the answers that are being read and sent
	pages  *query.Memory[page]

	streams *server.Lane // windows that are streamed
}

// mostPages is of how many series the page that was sent last is kept; one may have 200 kB.
const mostPages = 50

// Mount adds the routes to a server that does not serve yet.
func Mount(s *server.Server, c Config) error {
	if c.Reader == nil || c.Starter == nil || c.Resolve == nil || c.Symbol == nil || c.Calendars == nil || c.Past == nil {
		return errors.New("api: Reader, Starter, Resolve, Symbol, Calendars and Past are required")
	}
	c.Resolve = (&resolved{resolve: c.Resolve, known: map[string]market.Instrument{}}).find
	a := &API{
		Config: c, server: s, slots: watchSlots(s), recent: watchRuns(s), bars: server.NewLane(s.Limits.Readers, barsAtOnce),
		pages: query.NewMemory[page](mostPages), streams: server.NewLane(s.Limits.Readers, streamsAtOnce),
	}
	a.huma = a.newDocument()
	a.mountSlots()
	a.mountRuns()
	a.mountBars()
	a.mountPast()
	if c.Hand != nil {
		a.mountHand()
	}
	a.completeDocument()
	a.mountDocs()
	return nil
}

// Starter starts runs.
type Starter interface {
	// Start begins a run, or finds the one that the slot has, and returns at once; the run goes on when ctx has ended. Errors
	// that clients may see are ledger.ErrLost and server.ErrUnavailable.
	Start(ctx context.Context, request RunRequest) (StartedRun, error)
}

// RunRequest asks for one run: of a slot, or ad hoc over series when Slot.Date is empty. Everything in it was checked.
type RunRequest struct {
	Slot  ledger.Slot
	Force bool // with a slot: run it although it is done

	Maintenance bool                // ad hoc: ask again for all gaps that may be healed, and for young bars
	Backfill    bool                // ad hoc: fetch the whole backfill window also of series that have records
	Deep        bool                // ad hoc: as far back as the provider serves; Backfill is set too
	Instruments []market.Instrument // ad hoc: nil for those of the configuration
	Timeframes  []market.Timeframe  // ad hoc: nil for those of the configuration

	Heal *HealRequest // ad hoc: fill gaps from another Barkeep; no other field counts then
}

// StartedRun is what came of a RunRequest.
type StartedRun struct {
	Run ledger.Run // the new run, or the slot's that is running or done; its ID may be 0 while its holder begins
	New bool       // this request started it
}
