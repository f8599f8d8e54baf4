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
		bars, version, err := x.newest(ctx, series)
		if err != nil {
			x.fault(ctx, "archive not read for the cache", err, series.String())
			return
		}
		if bars == nil {
			continue
		}
		if err := x.Cache.PutNewest(ctx, series, version, bars); err != nil {
			x.cacheOut.begin(x.Now())
			x.fault(ctx, "cache not refreshed", err, series.String())
			return
		}
	}
}

// newest reads the newest bars from the archive, which alone knows what is true after the commit, and the version that they are
// of. It returns none when there are none, and when the version changed meanwhile: another process has committed, nobody knows
// of which version the bars are, and that process caches its own.
func (x *execution) newest(ctx context.Context, series market.Series) (*market.Candles, int64, error) {
	before, found, err := x.Archive.State(ctx, series)
	if err != nil || !found || before.Count == 0 {
		return nil, 0, err
	}
	window := market.Window{From: before.Oldest, To: before.Newest.Add(time.Second)}
	bars, err := x.Archive.Page(ctx, series, window, x.CacheLen, true)
	if err != nil {
		return nil, 0, err
	}
	after, _, err := x.Archive.State(ctx, series)
	if err != nil || after.Version != before.Version {
		return nil, 0, err
	}
	return bars, before.Version, nil
}
