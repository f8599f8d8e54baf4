package store

import (
	"context"

	"barkeep/market"
)

// SeriesStanding is how a series stands: its bars, and what is absent of them. All of it is of one state of the archive.
type SeriesStanding struct {
	State    market.SeriesState // the zero value where the series has no row
	Found    bool               // it has one
	Coverage market.Coverage    // the zero value where the series was never judged
	Judged   bool               // it was
	Gaps     []market.Gap       // of which a bar may start in the window that was asked for, in order
}

// Still reads one state of an archive, whatever others commit meanwhile. It is for one goroutine, until the function ends that
// was given it.
type Still interface {
	AsOf
	CalendarFacts
	Standings
	State(ctx context.Context, series market.Series) (market.SeriesState, bool, error)
	Candles(ctx context.Context, series market.Series, window market.Window) (*market.Candles, error)
	Page(ctx context.Context, series market.Series, window market.Window, limit int, newest bool) (*market.Candles, error)
	Actions(ctx context.Context, instrument string) ([]Action, error)
	Restatements(ctx context.Context, instrument string) ([]Restatement, error)
}

// Standings tells how series stand.
type Standings interface {
	// SeriesStanding reads it in one statement, with the gaps of which a bar may start in the window.
	SeriesStanding(ctx context.Context, series market.Series, window market.Window) (SeriesStanding, error)
}

// Stills reads bars together with what tells of them.
type Stills interface {
	CalendarFacts
	Standings
	// Still runs do with one state of the archive; nobody waits for it. It holds a connection as long, and keeps the engine from
	// clearing away what is replaced meanwhile: do ends soon.
	Still(ctx context.Context, do func(Still) error) error
}
