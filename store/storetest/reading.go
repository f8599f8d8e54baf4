package storetest

import (
	"testing"
	"time"

	"barkeep/market"
)

// testWindows reads parts of a series, inside and outside a transaction.
func testWindows(t *testing.T, db Database) {
	archive, bars := migrated(t, db), ramp(10)
	mustPut(t, archive, es5m(), bars)
	mustPut(t, archive, market.Series{Instrument: "ES", Timeframe: market.M1}, list(flat(4, 1, 1)))
	mustPut(t, archive, market.Series{Instrument: "NQ", Timeframe: market.M5}, list(flat(5, 1, 1)))
	at := func(i int, plus time.Duration) time.Time { return flat(i, 0, 0).Start.Add(plus) }
	tests := map[string]struct {
		w        market.Window
		from, to int
	}{
		"everything":            {always(), 0, 10},
		"from is in":            {market.Window{From: at(3, 0), To: at(9, 0)}, 3, 9},
		"just after from":       {market.Window{From: at(3, time.Nanosecond), To: at(9, time.Nanosecond)}, 4, 10},
		"just before to":        {market.Window{From: at(3, -time.Second), To: at(9, -time.Second)}, 3, 9},
		"one bar":               {market.Window{From: at(3, 0), To: at(3, time.Second)}, 3, 4},
		"between two":           {market.Window{From: at(3, time.Second), To: at(4, 0)}, 0, 0},
		"before all":            {market.Window{From: at(-9, 0), To: at(0, 0)}, 0, 0},
		"after all":             {market.Window{From: at(10, 0), To: at(99, 0)}, 0, 0},
		"from is to":            {market.Window{From: at(3, 0), To: at(3, 0)}, 0, 0},
		"from is after to":      {market.Window{From: at(5, 0), To: at(3, 0)}, 0, 0},
		"the zero window":       {market.Window{}, 0, 0},
		"from the year 1":       {market.Window{To: at(2, 0)}, 0, 2},
		"to the year 292277026": {market.Window{From: at(8, 0), To: time.Unix(1<<62, 0)}, 8, 10},
		"in another zone":       {market.Window{From: at(3, 0).In(time.FixedZone("east", 3600)), To: at(4, 0)}, 3, 4},
	}
	tx := begin(t, archive)
	for name, test := range tests {
		want := bars.Slice(test.from, test.to)
		got, err := tx.Candles(t.Context(), es5m(), test.w)
		if err != nil {
			t.Fatalf("%s, in a transaction: %v", name, err)
		}
		wantBars(t, name+", in a transaction", got, want)
		if got, err = archive.Candles(t.Context(), es5m(), test.w); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantBars(t, name, got, want)
	}
}

// testStates reads the counts and the ends of several series; they come ordered as bytes, in whatever order they were made.
func testStates(t *testing.T, db Database) {
	archive := migrated(t, db)
	state := func(instrument string, tf market.Timeframe, from, to int) market.SeriesState {
		series := market.Series{Instrument: instrument, Timeframe: tf}
		mustPut(t, archive, series, ramp(to).Slice(from, to))
		return market.SeriesState{
			Series: series, Count: int64(to - from), Oldest: flat(from, 0, 0).Start, Newest: flat(to-1, 0, 0).Start,
		}
	}
	nq, es5, es1, index := state("NQ", market.H1, 2, 9), state("ES", market.M5, 0, 1), state("ES", market.M1, 5, 20),
		state("^GSPC", market.D1, 1, 2)
	lower, bitcoin := state("eurusd", market.D1, 3, 6), state("BTC-USD", market.M15, 0, 4)
	want := []market.SeriesState{bitcoin, es1, es5, nq, index, lower}

	mustPut(t, archive, nq.Series, list(flat(0, 1, 1), flat(3, 1, 1)))
	nq.Count, nq.Oldest = 8, flat(0, 0, 0).Start
	want[3] = nq
	got, err := archive.States(t.Context())
	if err != nil || len(got) != len(want) {
		t.Fatalf("states %+v, %v; want %d", got, err, len(want))
	}
	for i := range want {
		if !same(got[i], want[i]) {
			t.Errorf("state %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

// testEmpty reads an archive without bars and without runs.
func testEmpty(t *testing.T, db Database) {
	archive := migrated(t, db)
	if err := archive.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	if states, err := archive.States(t.Context()); err != nil || len(states) != 0 {
		t.Errorf("states %+v, %v", states, err)
	}
	if bars, err := archive.Candles(t.Context(), es5m(), always()); err != nil || bars == nil || bars.Len() != 0 {
		t.Errorf("candles %+v, %v", bars, err)
	}
	tx := begin(t, archive)
	if state, found, err := tx.State(t.Context(), es5m()); err != nil || found || state != (market.SeriesState{}) {
		t.Errorf("state %+v, %v, %v", state, found, err)
	}
	if got, err := tx.Upsert(t.Context(), es5m(), market.NewCandles(0)); err != nil || got != (market.Stored{}) {
		t.Errorf("storing no bars: %+v, %v", got, err)
	}
	tx.Rollback()
	if runs, err := archive.Runs(t.Context(), 10); err != nil || len(runs) != 0 {
		t.Errorf("runs %+v, %v", runs, err)
	}
	if cells, err := archive.Cells(t.Context(), 1); err != nil || len(cells) != 0 {
		t.Errorf("cells %+v, %v", cells, err)
	}
}

// testView asks as a person would.
func testView(t *testing.T, db Database) {
	archive := migrated(t, db)
	mustPut(t, archive, es5m(), list(flat(0, 10, 5), flat(1, 20, market.NoVolume)))
	mustPut(t, archive, market.Series{Instrument: "NQ", Timeframe: market.M5}, list(flat(0, 30, 5)))
	flagged := list()
	values := market.FlagOutside | market.FlagNegative | market.FlagOffTick
	for i, flags := range []market.Flag{
		0, market.FlagIncomplete, values, market.FlagOffSession, market.FlagImpossible,
		values | market.FlagIncomplete | market.FlagOffSession | market.FlagImpossible,
	} {
		bar := flat(i, 1, 1)
		bar.Flags = flags
		flagged.Append(bar)
	}
	mustPut(t, archive, market.Series{Instrument: "YM", Timeframe: market.M5}, flagged)
	for sql, want := range map[string]int64{
		`SELECT count(*) FROM ohlc WHERE instrument <> 'YM'`:                                                      3,
		`SELECT count(*) FROM ohlc WHERE instrument = 'ES' AND complete AND flags = ''`:                           2,
		`SELECT count(*) FROM ohlc WHERE instrument = 'YM'`:                                                       6,
		`SELECT count(*) FROM ohlc WHERE complete AND instrument = 'YM'`:                                          4,
		`SELECT count(*) FROM ohlc WHERE NOT complete AND flags = 'incomplete'`:                                   1,
		`SELECT count(*) FROM ohlc WHERE complete AND flags = 'outside negative off-tick'`:                        1,
		`SELECT count(*) FROM ohlc WHERE complete AND flags = 'off-session'`:                                      1,
		`SELECT count(*) FROM ohlc WHERE complete AND flags = 'impossible'`:                                       1,
		`SELECT count(*) FROM ohlc WHERE flags = 'outside negative off-tick incomplete off-session impossible'`:   1,
		`SELECT count(*) FROM ohlc WHERE instrument = 'ES' AND timeframe = '5m'`:                                  2,
		`SELECT count(*) FROM ohlc WHERE instrument = 'ES' AND volume IS NULL AND close = 20`:                     1,
		`SELECT count(*) FROM ohlc WHERE open = 30 AND high = 30 AND low = 30 AND instrument = 'NQ'`:              1,
		`SELECT count(*) FROM ohlc WHERE timeframe = '5m' AND ts < '2025-11-23T23:05:00Z' AND instrument <> 'YM'`: 2,
		`SELECT count(*) FROM ohlc WHERE timeframe = '5m' AND ts > '2025-11-23T23:00:00Z' AND instrument <> 'YM'`: 1,
	} {
		if got := db.Query(t, sql); got != want {
			t.Errorf("%s is %d, want %d", sql, got, want)
		}
	}
}
