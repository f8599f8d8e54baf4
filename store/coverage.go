package store

import (
	"context"
	"time"

	"barkeep/market"
)

// Coverage reads which of the expected bars are absent, and why.
type Coverage interface {
	// Coverage is that of every series that was judged; ordered by instrument and timeframe as text.
	Coverage(ctx context.Context) ([]market.Coverage, error)
	// Gaps are those that the filter lets through, by instrument and timeframe as text, and by start.
	Gaps(ctx context.Context, filter GapFilter) ([]market.Gap, error)
	// GapCounts are how many bars of each series are absent for each reason; ordered by instrument and timeframe as text, and
	// reason.
	GapCounts(ctx context.Context) ([]GapCount, error)
}

// GapFilter is what gaps are wanted; its zero value wants all.
type GapFilter struct {
	Instruments []string // none for all
	Timeframes  []market.Timeframe
	Reasons     []market.GapReason
	Window      market.Window // that a bar of the gap starts in; the zero value for any
	Due         time.Time     // by when it is asked for again; zero for any, also for never
}

// GapCount is how many bars of a series are absent for a reason.
type GapCount struct {
	Series market.Series
	Reason market.GapReason
	Bars   int64
	Gaps   int64
}

// CoverageTx changes the ledger of coverage in the transaction of the bars.
type CoverageTx interface {
	// CoverageOf is the coverage of the series of an instrument that were judged.
	CoverageOf(ctx context.Context, instrument string) ([]market.Coverage, error)
	// GapsOf are the gaps of a series of which a bar may start in the window, in order.
	GapsOf(ctx context.Context, series market.Series, window market.Window) ([]market.Gap, error)
	// Starts are the starts of the bars of a series inside the window, as this transaction sees them: Unix seconds, ascending. The
	// bars of written, ascending too, are known to be there: among them is only looked for others.
	Starts(ctx context.Context, series market.Series, window market.Window, written []int64) ([]int64, error)
	// Cover records the coverage of a series: gaps that are gone, and new ones. It fails unless each that is gone was there.
	Cover(ctx context.Context, coverage market.Coverage, gone, added []market.Gap) error
}
