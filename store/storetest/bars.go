package storetest

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/market"
)

// testMixed stores bars in several chunks of every engine: long stretches that are stored already, that are new, and that
// take turns.
func testMixed(t *testing.T, db Database) {
	archive := migrated(t, db)
	all, first := ramp(40_001), market.NewCandles(0)
	for i := range all.Len() {
		if i < 10_000 || i >= 30_000 && i%3 == 0 {
			first.Append(all.At(i))
		}
	}
	wantCounts(t, mustPut(t, archive, es5m(), first), first.Len(), 0, 0)
	given, changed := clone(all), 0
	for i := 0; i < given.Len(); i += 7 {
		given.Close[i] += 0.25
		if i < 10_000 || i >= 30_000 && i%3 == 0 {
			changed++
		}
	}
	got := mustPut(t, archive, es5m(), given)
	wantCounts(t, got, all.Len()-first.Len(), changed, first.Len()-changed)
	if want := all.Span(); got.Touched != want {
		t.Errorf("touched %v, want %v", got.Touched, want)
	}
	wantBars(t, "after the second batch", stored(t, archive, es5m()), given)
	if n := db.Query(t, `SELECT count(*) FROM candle_revisions`); n != int64(changed) {
		t.Errorf("%d revisions, want %d", n, changed)
	}
}

// testMillion stores a million bars, and the same ones again. Under the race detector, which slows SQLite's translated
// engine a dozen times, it is fewer; make test runs this one without it, too.
func testMillion(t *testing.T, db Database) {
	const million = manyBars
	archive, bars := migrated(t, db), ramp(million)
	wantCounts(t, mustPut(t, archive, es5m(), bars), million, 0, 0)
	if n := db.Query(t, `SELECT count(*) FROM candles`); n != million {
		t.Errorf("the database counts %d bars, want a million", n)
	}
	wantState(t, archive, market.SeriesState{
		Series: es5m(), Count: million,
		Oldest: time.Unix(opening, 0).UTC(), Newest: time.Unix(opening+(million-1)*300, 0).UTC(),
	})
	again := mustPut(t, archive, es5m(), bars)
	wantCounts(t, again, 0, 0, million)
	if !again.Touched.Empty() {
		t.Errorf("identical bars touched %v", again.Touched)
	}
	if n := db.Query(t, `SELECT count(*) FROM candle_revisions`); n != 0 {
		t.Errorf("identical bars left %d revisions", n)
	}
}

// testOdd stores what is rare and real (docs/PROVIDER.md#odd-bars), both into an empty series and beside other bars.
func testOdd(t *testing.T, db Database) {
	archive := migrated(t, db)
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	odd := list(
		market.Candle{Start: at(-631_152_000), Open: 16.66, High: 16.66, Low: 16.66, Close: 16.66, Volume: 1_260_000},
		market.Candle{Start: at(0), Open: 1, High: 0.5, Low: 2, Close: 3, Volume: 0, Flags: market.FlagOutside},
		market.Candle{
			Start: at(1_587_340_800), Open: 17.73, High: 17.85, Low: -40.32, Close: -37.63, Volume: 247_947,
			Flags: market.FlagNegative | market.FlagOffTick,
		},
		market.Candle{
			Start: at(opening), Open: 0.1 + 0.2, High: math.MaxFloat64, Low: -math.MaxFloat64, Close: 5e-324,
			Volume: market.NoVolume, Flags: 255,
		},
		market.Candle{Start: at(opening + 1), Open: 3371.699951171875, High: 1e15 + 0.125, Low: 0, Close: 1, Volume: math.MaxInt64},
		market.Candle{Start: at(4_102_444_800), Volume: market.NoVolume},
	)
	wantCounts(t, mustPut(t, archive, es5m(), odd), odd.Len(), 0, 0)
	wantBars(t, "into an empty series", stored(t, archive, es5m()), odd)
	wantCounts(t, mustPut(t, archive, es5m(), odd), 0, 0, odd.Len())

	beside := market.Series{Instrument: "^GSPC 'quoted' \"é\"", Timeframe: market.D1}
	mustPut(t, archive, beside, odd.Slice(2, 3))
	wantCounts(t, mustPut(t, archive, beside, odd), odd.Len()-1, 0, 1)
	wantBars(t, "beside another bar", stored(t, archive, beside), odd)
	if n := db.Query(t, `SELECT count(*) FROM candles WHERE volume IS NULL`); n != 4 {
		t.Errorf("%d volumes are NULL, want 4", n)
	}
}

// testOrder gives bars in no order and several of one start, to an empty series and to one that holds them.
func testOrder(t *testing.T, db Database) {
	archive := migrated(t, db)
	jumbled := list(flat(3, 30, 3), flat(1, 10, 1), flat(2, 20, 2), flat(1, 11, 4), flat(3, 31, 5), flat(0, 0, 0), flat(1, 12, 6))
	want := list(flat(0, 0, 0), flat(1, 12, 6), flat(2, 20, 2), flat(3, 31, 5))
	got := mustPut(t, archive, es5m(), jumbled)
	wantCounts(t, got, 4, 0, 0)
	if got.Touched != want.Span() {
		t.Errorf("touched %v, want %v", got.Touched, want.Span())
	}
	wantBars(t, "jumbled", stored(t, archive, es5m()), want)
	wantCounts(t, mustPut(t, archive, es5m(), jumbled), 0, 0, 4)
	wantCounts(t, mustPut(t, archive, es5m(), list(flat(2, 21, 2), flat(5, 5, 5), flat(5, 6, 5), flat(2, 20, 2))), 1, 0, 1)
	wantCounts(t, mustPut(t, archive, es5m(), list(flat(2, 20, 2), flat(2, 22, 2))), 0, 1, 0)
}

// testRefused gives columns that are no bars, first to an empty series and then beside bars; the error has to say which
// series, bar and column is at fault (promise P7), and nothing of them may be stored.
func testRefused(t *testing.T, db Database) {
	archive := migrated(t, db)
	at := time.Unix(opening+300*50, 0).UTC().Format(time.RFC3339)
	tests := map[string]struct {
		spoil func(*market.Candles)
		says  []string
	}{
		"open NaN":    {func(c *market.Candles) { c.Open[50] = math.NaN() }, []string{at, "open", "NaN"}},
		"high +Inf":   {func(c *market.Candles) { c.High[50] = math.Inf(1) }, []string{at, "high", "Inf"}},
		"low -Inf":    {func(c *market.Candles) { c.Low[50] = math.Inf(-1) }, []string{at, "low", "Inf"}},
		"close NaN":   {func(c *market.Candles) { c.Close[50] = math.NaN() }, []string{at, "close", "NaN"}},
		"volume -2":   {func(c *market.Candles) { c.Volume[50] = -2 }, []string{at, "volume", "-2"}},
		"short high":  {func(c *market.Candles) { c.High = c.High[:99] }, []string{"99", "100", "high"}},
		"no flags":    {func(c *market.Candles) { c.Flags = nil }, []string{"flags 0"}},
		"long volume": {func(c *market.Candles) { c.Volume = append(c.Volume, 1) }, []string{"101", "volume"}},
	}
	for _, before := range []int{0, 1} {
		for name, test := range tests {
			bars := ramp(100)
			test.spoil(bars)
			got, err := put(t.Context(), archive, es5m(), bars)
			if err == nil {
				t.Fatalf("%s: stored %+v", name, got)
			}
			for _, word := range append(test.says, "ES 5m") {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%s: the error %q does not say %q", name, err, word)
				}
			}
			if !errors.Is(err, market.ErrInvalidCandle) {
				t.Errorf("%s: the error %q is no ErrInvalidCandle, so it would be tried again", name, err)
			}
			if n := db.Query(t, `SELECT count(*) FROM candles`); n != int64(before) {
				t.Errorf("%s: %d bars are stored, want %d", name, n, before)
			}
		}
		mustPut(t, archive, es5m(), ramp(1))
	}
}

// testInput compares the bars given before and after: the caller goes on to use them.
func testInput(t *testing.T, db Database) {
	archive := migrated(t, db)
	bars := list(flat(3, 30, 3), flat(1, 10, 0), flat(1, 11, market.NoVolume), flat(0, 1, 1))
	before := clone(bars)
	mustPut(t, archive, es5m(), list(flat(1, 9, 9)))
	mustPut(t, archive, es5m(), bars)
	if !slices.Equal(bars.TS, before.TS) || !slices.Equal(bars.Open, before.Open) || !slices.Equal(bars.Volume, before.Volume) {
		t.Errorf("the bars given became %+v, were %+v", bars, before)
	}
}
