package storetest

import (
	"testing"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// partsTests are those of what derived bars were made of.
func partsTests() map[string]func(*testing.T, Database) {
	return map[string]func(*testing.T, Database){
		"parts: counted anew without a revision":   testParts,
		"parts: of many bars":                      testManyParts,
		"parts: in the view for people":            testPartsView,
		"parts: of what an earlier release folded": testPartsMigrated,
	}
}

// counted makes bars of one price and volume with the given parts.
func counted(parts ...market.Parts) *market.Candles {
	bars := market.NewCandles(0)
	for i, p := range parts {
		bar := flat(i, 10, 5)
		bar.Parts = p
		bars.Append(bar)
	}
	return bars
}

// testParts stores bars with parts in every way that there is, and reads them in every way.
func testParts(t *testing.T, db Database) {
	archive, tick := stepped(t, db)
	four, five, most := market.PartsOf(4, 5), market.PartsOf(5, 5), market.PartsOf(200, 255)
	put := func(bars *market.Candles, exact bool) (stored market.Stored) {
		t.Helper()
		tick()
		must(t, archive, func(tx store.Tx) (err error) {
			write := tx.Upsert
			if exact {
				write = tx.UpsertExact
			}
			stored, err = write(t.Context(), es5m(), bars)
			return err
		})
		return stored
	}
	first := counted(four, five, most, 0, market.PartsOf(0, 5), market.PartsOf(3, 0))
	wantCounts(t, put(first, true), 6, 0, 0)
	wantBars(t, "as they were folded", stored(t, archive, es5m()), first)
	wantCounts(t, put(first, true), 0, 0, 6)
	before, _, _ := archive.State(t.Context(), es5m())

	again := counted(five, five, market.PartsOf(255, 255), four, 0, market.PartsOf(4, 0)) // all but one
	got := put(again, true)
	wantCounts(t, got, 0, 5, 1)
	if got.Touched != again.Span() {
		t.Errorf("touched %v, want %v", got.Touched, again.Span())
	}
	wantRevisions(t, db, 0)
	wantBars(t, "counted anew", stored(t, archive, es5m()), again)
	if now, _, _ := archive.State(t.Context(), es5m()); now.Version <= before.Version {
		t.Errorf("the version stays %d: caches would keep the former parts", now.Version)
	}
	page, err := archive.Page(t.Context(), es5m(), always(), 3, true)
	if err != nil {
		t.Fatal(err)
	}
	wantBars(t, "the newest page", page, again.Slice(3, 6))

	changed := counted(four, five)
	changed.Close[0] = 11
	wantCounts(t, put(changed, true), 0, 1, 1) // values and parts
	wantRevisions(t, db, 1)
	noisy := counted(five, four)
	noisy.Close[0], noisy.Close[1] = 11.000001, 10
	wantCounts(t, put(noisy, false), 0, 2, 0) // the prices are the same
	wantRevisions(t, db, 1)
	noisy.Close[0] = 11
	wantBars(t, "with noise", stored(t, archive, es5m()).Slice(0, 2), noisy)
	wantCounts(t, put(counted(0, 0).Slice(1, 2), false), 0, 1, 0) // fetched from now on
	if bar := stored(t, archive, es5m()).At(1); bar.Parts != 0 {
		t.Errorf("a bar that was fetched has %d of %d base bars", bar.Parts.Have(), bar.Parts.Due())
	}
	wantRevisions(t, db, 1)
}

// wantRevisions counts those of all series.
func wantRevisions(t *testing.T, db Database, want int64) {
	t.Helper()
	if n := db.Query(t, `SELECT count(*) FROM candle_revisions`); n != want {
		t.Errorf("%d revisions, want %d", n, want)
	}
}

// testManyParts counts so many bars anew that several statements take them, and looks at what a snapshot and a restatement do.
func testManyParts(t *testing.T, db Database) {
	archive := migrated(t, db)
	series := market.Series{Instrument: "NQ", Timeframe: market.M5}
	bars := ramp(6001)
	for i := range bars.Len() {
		bars.SetParts(i, market.PartsOf(i%4, 3))
	}
	wantCounts(t, mustPut(t, archive, series, bars), 6001, 0, 0)
	plain := digestNow(t, db, series)
	for i := range bars.Len() {
		bars.SetParts(i, market.PartsOf(3, 3))
	}
	got := mustPut(t, archive, series, bars)
	wantCounts(t, got, 0, 4501, 1500)
	wantBars(t, "many counted anew", stored(t, archive, series), bars)
	if now := digestNow(t, db, series); now.Digest() != plain.Digest() || now.Revisions() != 0 {
		t.Error("a digest holds parts")
	}
	s := snapshot(t, db)
	i := 0
	err := s.ScanCounted(t.Context(), series, bars.TS[0]*1_000_000, bars.TS[9]*1_000_000, func(b *market.StoredBar) error {
		if b.Micros != bars.TS[i]*1_000_000 || b.Parts != int64(market.PartsOf(3, 3)) || b.Close != bars.Close[i] {
			t.Errorf("bar %d of a snapshot is %+v", i, b)
		}
		i++
		return nil
	})
	if err != nil || i != 10 {
		t.Errorf("a snapshot has %d bars, %v", i, err)
	}
	must(t, archive, func(tx store.Tx) error {
		_, err := tx.Restate(t.Context(), store.Restatement{
			Series: series, Action: 1, Reason: "split", Before: time.Unix(bars.TS[6000], 0),
			Factor: market.Factor{Price: market.Ratio{Num: 1, Den: 4}, Volume: market.Ratio{Num: 4, Den: 1}},
		})
		return err
	})
	if bar := stored(t, archive, series).At(5); bar.Parts != market.PartsOf(3, 3) || bar.Volume != 4*bars.Volume[5] {
		t.Errorf("after a split a bar is %+v", bar)
	}
}

// testPartsView asks the view as a person would.
func testPartsView(t *testing.T, db Database) {
	archive := migrated(t, db)
	mustPut(t, archive, es5m(), counted(
		market.PartsOf(4, 5), market.PartsOf(200, 255), market.PartsOf(3, 0), market.PartsOf(0, 5), 0))
	for sql, want := range map[string]int64{
		`SELECT count(*) FROM ohlc WHERE base_bars = 4 AND base_due = 5`:         1,
		`SELECT count(*) FROM ohlc WHERE base_bars = 200 AND base_due = 255`:     1,
		`SELECT count(*) FROM ohlc WHERE base_bars = 3 AND base_due IS NULL`:     1,
		`SELECT count(*) FROM ohlc WHERE base_bars = 0 AND base_due = 5`:         1,
		`SELECT count(*) FROM ohlc WHERE base_bars IS NULL AND base_due IS NULL`: 1,
		`SELECT sum(base_due - base_bars) FROM ohlc WHERE base_due IS NOT NULL`:  61,
	} {
		if got := db.Query(t, sql); got != want {
			t.Errorf("%s is %d, want %d", sql, got, want)
		}
	}
}

// testPartsMigrated brings bars of an earlier release to this one's schema, and lets that release write on.
func testPartsMigrated(t *testing.T, db Database) {
	db.SchemaOf(t, 10)
	archive := db.Open(t, start)
	insert := func(day string) {
		db.Query(t, `INSERT INTO candles (series_id, ts, open, high, low, close, volume, flags)
			SELECT id, `+db.Start(day)+`, 1, 1, 1, 1, 1, 8 FROM series RETURNING 1`)
		db.Query(t, `UPDATE series SET bars = bars + 1 RETURNING 1`)
	}
	week := market.Series{Instrument: "ES", Timeframe: market.W1}
	db.Query(t, `INSERT INTO series (instrument, timeframe) VALUES ('ES', '1wk') RETURNING 1`)
	insert("2026-11-16")
	if before := digestNow(t, db, week); before.Bars() != 1 { // as a backup before the upgrade
		t.Error("bars of an earlier schema cannot be read")
	}
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	insert("2026-11-23")
	bars := stored(t, archive, week)
	if bars.Len() != 2 || bars.PartsAt(0) != 0 || bars.PartsAt(1) != 0 {
		t.Fatalf("bars %+v", bars)
	}
	bars.SetParts(0, market.PartsOf(4, 5))
	wantCounts(t, mustPut(t, archive, week, bars), 0, 1, 1)
	wantBars(t, "counted", stored(t, archive, week), bars)
	wantRevisions(t, db, 0)
}
