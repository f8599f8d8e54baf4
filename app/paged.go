package app

import (
	"context"
	"slices"

	"barkeep/market"
	"barkeep/store"
)

// paged reads single series and pages from an archive that has no methods for them yet.
type paged struct {
	store.Bars // not called
	archive    Archive
}

// State is that of one series.
func (p paged) State(ctx context.Context, series market.Series) (market.SeriesState, bool, error) {
	states, err := p.archive.States(ctx)
	i := slices.IndexFunc(states, func(s market.SeriesState) bool { return s.Series == series })
	if err != nil || i < 0 {
		return market.SeriesState{}, false, err
	}
	return states[i], true, nil
}

// Page reads one end of a window.
func (p paged) Page(
	ctx context.Context, series market.Series, window market.Window, limit int, newest bool,
) (*market.Candles, error) {
	bars, err := p.archive.Candles(ctx, series, window)
	if err != nil || bars.Len() <= limit {
		return bars, err
	}
	if newest {
		return bars.Slice(bars.Len()-limit, bars.Len()), nil
	}
	return bars.Slice(0, limit), nil
}
