package market_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/calendar"
	"barkeep/market"
)

// calendarOf is the calendar of a name that must be known.
func calendarOf(t rapid.TB, name string) *calendar.Calendar {
	t.Helper()
	c, err := calendar.Of(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// resolve is the instrument of a name that must be known.
func resolve(t rapid.TB, name string) market.Instrument {
	t.Helper()
	i, err := market.Resolve(name)
	if err != nil {
		t.Fatalf("Resolve(%q): %v", name, err)
	}
	return i
}

// at reads a wall-clock time of a zone, "2026-03-09 18:00".
func at(t rapid.TB, zone *time.Location, text string) time.Time {
	t.Helper()
	parsed, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// never is a time by which every bar of these tests is over.
func never() time.Time { return time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC) }

// recordings is the folder of the recordings, or it skips the test without them.
func recordings(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("BARKEEP_RECORDINGS")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "recordings")
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no recordings in %s: set BARKEEP_RECORDINGS to their folder to run this test", folder)
	}
	return folder
}

// recorded reads the real bars of one file of the recordings, or skips the test without them.
func recorded(t *testing.T, file string) *market.Candles {
	t.Helper()
	f, err := os.Open(filepath.Join(recordings(t), "bars", file))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	bars := market.NewCandles(len(rows))
	for _, row := range rows[1:] {
		var v [6]float64
		for i := range v {
			if v[i], err = strconv.ParseFloat(row[i], 64); err != nil {
				t.Fatal(err)
			}
		}
		bars.Append(market.Candle{
			Start: time.Unix(int64(v[0]), 0), Open: v[1], High: v[2], Low: v[3], Close: v[4], Volume: int64(v[5]),
		})
	}
	if err := bars.Check(); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return bars
}

// expected makes one plain bar for every start that the calendar expects in the window.
func expected(cal *calendar.Calendar, w market.Window, tf market.Timeframe) *market.Candles {
	bars := market.NewCandles(0)
	tf.Expected(cal, w, func(start time.Time) bool {
		price := 100 + float64(bars.Len()%7)
		bars.Append(market.Candle{Start: start, Open: price, High: price + 2, Low: price - 1, Close: price + 1, Volume: 10})
		return true
	})
	return bars
}

// names are instruments that between them have every kind of session: overnight, with a break, by day, at all hours, in the
// evening, late, on weekends.
func names() []string {
	return []string{
		"ES", "GC", "ZC", "HE", "DX", "KC", "AAPL", "BTC-USD", "EURUSD=X", "OCDO.L", "^N225", "ALL.AX", "0700.HK", "2330.TW",
		"RELIANCE.NS", "TEVA.TA", "2222.SR", "005930.KS", "PETR4.SA", "BTC-INR",
	}
}

// draw makes an instant between 2015 and 2030; oddInstant makes those at which calendars err if they do.
func draw(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(1420070400, 1893456000).Draw(t, "unix"), 0).UTC()
}

// baseOf is a timeframe that bars of tf are made from in these tests; tf itself for those that are not made.
func baseOf(tf market.Timeframe) market.Timeframe {
	switch tf {
	case market.M3:
		return market.M1
	case market.M30, market.M90:
		return market.M15
	case market.H2, market.H4, market.H6, market.H8, market.H12:
		return market.H1
	case market.W1, market.Mo1, market.Mo3:
		return market.D1
	default:
		return tf
	}
}
