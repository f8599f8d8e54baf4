package syncer

import (
	"context"
	"time"

	"barkeep/ledger"
	"barkeep/market"
)

// cache puts the newest bars of each stored series where scripts find them. It reads them from the archive, which alone
// knows what is true after the commit.
func (x *execution) cache(ctx context.Context, w work) {
	if x.Cache == nil || !x.cacheOut.over(x.Now()) {
		return
	}
	for _, cell := range w.cells {
		if cell.State != ledger.CellStored || cell.Newest.IsZero() {
			continue
		}
		series := market.Series{Instrument: cell.Instrument, Timeframe: market.Timeframe(cell.Timeframe)}
		window := market.Window{From: cell.Newest.Add(-reach(series.Timeframe, x.CacheLen)), To: cell.Newest.Add(time.Second)}
		bars, err := x.Archive.Candles(ctx, series, window)
		if err == nil {
			err = x.Cache.PutNewest(ctx, series, bars.Slice(max(0, bars.Len()-x.CacheLen), bars.Len()))
		}
		if err != nil {
			x.cacheOut.begin(x.Now())
			x.fault(ctx, "cache not refreshed", err, series.String())
			return
		}
	}
}

// reach is a span that holds n bars, weekends and closed hours counted in: an equity trades 6.5 of 24 hours.
func reach(timeframe market.Timeframe, n int) time.Duration {
	if length := timeframe.Length(); length > 0 {
		return min(6*time.Duration(n)*length+4*24*time.Hour, 366*24*time.Hour)
	}
	return time.Duration(n) * 31 * 24 * time.Hour
}
