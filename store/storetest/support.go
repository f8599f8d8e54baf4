package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// opening is the start of the bars that tests make, in Unix seconds: an open on a Sunday evening.
const opening int64 = 1_763_938_800

// failer is what the suite needs of a *testing.T and of a *rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// start is the clock of tests in which it stands still. It has microseconds, as much as both engines keep.
func start() time.Time { return time.Date(2026, time.November, 22, 22, 5, 0, 123_456_000, time.UTC) }

func es5m() market.Series { return market.Series{Instrument: "ES", Timeframe: market.M5} }

// always is a window around everything that tests store.
func always() market.Window {
	return market.Window{From: time.Unix(-1<<36, 0).UTC(), To: time.Unix(1<<37, 0).UTC()}
}

// migrated opens an archive of the newest schema.
func migrated(t *testing.T, db Database) Archive {
	t.Helper()
	archive := db.Open(t, start)
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	return archive
}

// put stores bars in a transaction of their own.
func put(ctx context.Context, a Archive, series market.Series, bars *market.Candles) (market.Stored, error) {
	tx, err := a.Begin(ctx)
	if err != nil {
		return market.Stored{}, err
	}
	defer tx.Rollback()
	stored, err := tx.Upsert(ctx, series, bars)
	if err != nil {
		return market.Stored{}, err
	}
	return stored, tx.Commit(ctx)
}

// mustPut is put where nothing may go wrong, and checks the sum of what it returns.
func mustPut(t *testing.T, a Archive, series market.Series, bars *market.Candles) market.Stored {
	t.Helper()
	stored, err := put(t.Context(), a, series, bars)
	if err != nil {
		t.Fatalf("store %d bars of %s: %v", bars.Len(), series, err)
	}
	return stored
}

// wantCounts compares the counts of a write.
func wantCounts(t *testing.T, got market.Stored, inserted, changed, unchanged int) {
	t.Helper()
	if got.Inserted != inserted || got.Changed != changed || got.Unchanged != unchanged {
		t.Errorf("inserted %d, changed %d, unchanged %d; want %d, %d, %d",
			got.Inserted, got.Changed, got.Unchanged, inserted, changed, unchanged)
	}
}

// begin starts a transaction that ends with the test.
func begin(t *testing.T, a Archive) store.Tx {
	t.Helper()
	tx, err := a.Begin(t.Context())
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	t.Cleanup(tx.Rollback)
	return tx
}

// stored reads all bars of a series.
func stored(t *testing.T, a Archive, series market.Series) *market.Candles {
	t.Helper()
	bars, err := a.Candles(t.Context(), series, always())
	if err != nil {
		t.Fatalf("candles of %s: %v", series, err)
	}
	return bars
}

// wantBars compares bars value for value.
func wantBars(t failer, what string, got, want *market.Candles) {
	t.Helper()
	if err := diff(got, want); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// diff is the first difference between two lists of bars; revisions of one bar may repeat a start.
func diff(got, want *market.Candles) error {
	for i := range min(got.Len(), want.Len()) {
		if got.At(i) != want.At(i) {
			return fmt.Errorf("bar %d is %+v, want %+v", i, got.At(i), want.At(i))
		}
	}
	if got.Len() != want.Len() {
		return fmt.Errorf("%d bars, want %d; starts %v", got.Len(), want.Len(), got.TS[:min(got.Len(), 10)])
	}
	return nil
}

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

// list makes columns of bars.
func list(bars ...market.Candle) *market.Candles {
	columns := market.NewCandles(len(bars))
	for _, b := range bars {
		columns.Append(b)
	}
	return columns
}

// flat is the bar number i with one price.
func flat(i int, price float64, volume int64) market.Candle {
	at := time.Unix(opening+int64(i)*300, 0).UTC()
	return market.Candle{Start: at, Open: price, High: price, Low: price, Close: price, Volume: volume}
}

// clone copies the columns.
func clone(c *market.Candles) *market.Candles {
	return &market.Candles{
		TS: slices.Clone(c.TS), Open: slices.Clone(c.Open), High: slices.Clone(c.High), Low: slices.Clone(c.Low),
		Close: slices.Clone(c.Close), Volume: slices.Clone(c.Volume), Flags: slices.Clone(c.Flags), Parts: slices.Clone(c.Parts),
	}
}

// newest is the start of the last bar of a series as a transaction sees it; the zero time when there is none.
func newest(t *testing.T, tx store.Tx, series market.Series) time.Time {
	t.Helper()
	state, _, err := tx.State(t.Context(), series)
	if err != nil {
		t.Fatalf("state of %s: %v", series, err)
	}
	return state.Newest
}

// same tells whether two states are the same but for their versions and sources.
func same(a, b market.SeriesState) bool {
	a.Version, b.Version, a.Source, b.Source = 0, 0, "", ""
	return a == b
}

// wantState compares what the archive says of one series, in all of them and of it alone.
func wantState(t *testing.T, a Archive, want market.SeriesState) {
	t.Helper()
	states, err := a.States(t.Context())
	if err != nil {
		t.Fatalf("states: %v", err)
	}
	i := slices.IndexFunc(states, func(s market.SeriesState) bool { return s.Series == want.Series })
	switch {
	case i < 0:
		t.Errorf("%s is not among the states %+v", want.Series, states)
	case !same(states[i], want):
		t.Errorf("state %+v, want %+v", states[i], want)
	}
	if one, found, err := a.State(t.Context(), want.Series); err != nil || !found || i >= 0 && one != states[i] {
		t.Errorf("the state of %s alone is %+v, %v, %v; among all it is %+v", want.Series, one, found, err, states)
	}
}
