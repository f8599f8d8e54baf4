package syncer

import (
	"context"
	"time"

	"barkeep/ledger"
	"barkeep/market"
)

// cache puts the newest bars of each stored series where readers find them quickly.
func (x *execution) cache(ctx context.Context, w work) {
	if x.Cache == nil || !x.cacheOut.over(x.Now()) {
		return
	}
	for _, cell := range w.cells {
		if cell.State != ledger.CellStored || cell.Newest.IsZero() {
			continue
		}
		series := market.Series{Instrument: cell.Instrument, Timeframe: market.Timeframe(cell.Timeframe)}
		if err := x.cacheSeries(ctx, series); err != nil {
			x.cacheOut.begin(x.Now())
			x.fault(ctx, "cache not refreshed", err, series.String())
			return
		}
	}
}

// cacheSeries reads the newest bars from the archive, which alone knows what is true after the commit, and caches them with
// the version that they are of. When the version changed while they were read, another process has committed; nobody knows of
// which version the bars are, and that process caches its own.
func (x *execution) cacheSeries(ctx context.Context, series market.Series) error {
	before, found, err := x.Archive.State(ctx, series)
	if err != nil || !found || before.Count == 0 {
		return err
	}
	window := market.Window{From: before.Oldest, To: before.Newest.Add(time.Second)}
	bars, err := x.Archive.Page(ctx, series, window, x.CacheLen, true)
	if err != nil {
		return err
	}
	after, _, err := x.Archive.State(ctx, series)
	if err != nil || after.Version != before.Version {
		return err
	}
	return x.Cache.PutNewest(ctx, series, before.Version, bars)
}
