package sqlite_test

import (
	"testing"
	"time"

	"barkeep/market"
	"barkeep/store/sqlite"
)

// opening is the start of the bars that tests make: a Sunday evening's open.
const opening int64 = 1_763_938_800

func es5m() market.Series { return market.Series{Instrument: "ES", Timeframe: market.M5} }

func always() market.Window { return market.Window{From: time.Unix(0, 0), To: time.Unix(1<<40, 0)} }

func clock() time.Time { return time.Date(2026, 11, 22, 22, 5, 0, 123_456_000, time.UTC) }

// ramp makes n bars of 5 minutes whose prices and volumes differ from bar to bar.
func ramp(n int) *market.Candles {
	bars := market.NewCandles(n)
	for i := range n {
		price := 5000 + float64(i%977)/4
		bars.Append(market.Candle{
			Start: time.Unix(opening+int64(i)*300, 0),
			Open:  price, High: price + 1.25, Low: price - 1.5, Close: price + 0.25, Volume: int64(100 + i%1000),
		})
	}
	return bars
}

// open makes an archive of the newest schema in a folder of its own.
func open(tb testing.TB) *sqlite.Archive {
	tb.Helper()
	return migrated(tb, tb.TempDir()+"/archive.db")
}

// migrated opens the archive of a path, brings it to the newest schema, and closes it after the test.
func migrated(tb testing.TB, path string) *sqlite.Archive {
	tb.Helper()
	archive := opened(tb, path)
	if _, _, err := archive.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return archive
}

func opened(tb testing.TB, path string) *sqlite.Archive {
	tb.Helper()
	archive, err := sqlite.Open(tb.Context(), sqlite.Config{Path: path, Now: clock, Clock: time.Now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(archive.Close)
	return archive
}

// viewed opens a file for reading only and closes it after the test; closing it before is fine.
func viewed(tb testing.TB, path string) *sqlite.View {
	tb.Helper()
	view, err := sqlite.OpenView(tb.Context(), path, time.Now, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := view.Close(); err != nil {
			tb.Error(err)
		}
	})
	return view
}
