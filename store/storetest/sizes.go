package storetest

import (
	"testing"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// MaxArrivalBytes is what the arrival of a bar may take in an archive that is imported daily, indexes included.
const MaxArrivalBytes = 2.0

// YearOfArrivals backfills the base series that the default timeframes have, imports them daily for a year of sessions from 09:30
// to 16:00, and has size tell the bytes that the table arrivals takes. In a real archive the five share it with derived series,
// which have none: so it is what a bar takes that was fetched. With daily bars alone every bar arrives alone, and takes a row.
func YearOfArrivals(t *testing.T, db Database, size func() int64) {
	t.Helper()
	archive, tick := stepped(t, db)
	day := func(tx store.Tx, series market.Series, n int) {
		bars := market.NewCandles(0)
		length := int64(24 * 3600)
		if series.Timeframe.Intraday() {
			length = int64(series.Timeframe.Length() / time.Second)
		}
		for d := n; d < n+2; d++ { // an update fetches sessions that are there; one of them shows as much as two
			for at := int64(0); at < 6*3600+1800; at += length {
				bars.Append(market.Candle{Start: time.Unix(opening+int64(d)*86400+at, 0), Open: 1, High: 1, Low: 1, Close: 1})
			}
		}
		if _, err := tx.Upsert(t.Context(), series, bars); err != nil {
			t.Fatal(err)
		}
	}
	for _, set := range []struct {
		name       string
		timeframes []market.Timeframe
		most       float64
	}{
		{
			"the base series of the default timeframes",
			[]market.Timeframe{market.M1, market.M5, market.M15, market.H1, market.D1},
			MaxArrivalBytes,
		},
		{"1d alone", []market.Timeframe{market.D1}, 0},
	} {
		rows, bytes := db.Query(t, `SELECT count(*) FROM arrivals`), size()
		bars := db.Query(t, `SELECT count(*) FROM candles`)
		for n := range 252 {
			tick()
			must(t, archive, func(tx store.Tx) error { // one for all, which is faster
				for _, timeframe := range set.timeframes {
					day(tx, market.Series{Instrument: set.name, Timeframe: timeframe}, n)
				}
				return nil
			})
		}
		bars = db.Query(t, `SELECT count(*) FROM candles`) - bars
		taken := float64(size()-bytes) / float64(bars)
		rows = db.Query(t, `SELECT count(*) FROM arrivals`) - rows
		t.Logf("%s: %d bars arrived in %d spans, %.2f bytes a bar", set.name, bars, rows, taken)
		if set.most > 0 && taken > set.most {
			t.Errorf("%s: the arrivals take %.2f bytes a bar, at most %.2f were meant", set.name, taken, set.most)
		}
	}
}
