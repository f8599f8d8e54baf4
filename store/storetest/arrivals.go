package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// stepped opens an archive of the newest schema whose clock stands still, until tick moves it on by an hour and tells it.
func stepped(t *testing.T, db Database) (archive Archive, tick func() time.Time) {
	t.Helper()
	var hours atomic.Int64
	now := func() time.Time { return start().Add(time.Duration(hours.Load()) * time.Hour) }
	archive = db.Open(t, now)
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return archive, func() time.Time {
		hours.Add(1)
		return now()
	}
}

// spans reads the arrivals of a series, as a transaction sees them.
func spans(t *testing.T, a Archive, series market.Series, w market.Window) []store.Arrival {
	t.Helper()
	tx := begin(t, a)
	defer tx.Rollback()
	all, err := tx.Arrivals(t.Context(), series, w)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// arrived is the span from one bar of ramp to another.
func arrived(from, to int, at time.Time, run int64) store.Arrival {
	return store.Arrival{First: flat(from, 0, 0).Start.Unix(), Last: flat(to, 0, 0).Start.Unix(), At: at, RunID: run}
}

// pick makes columns of some of the bars.
func pick(bars *market.Candles, numbers ...int) *market.Candles {
	some := market.NewCandles(0)
	for _, i := range numbers {
		some.Append(bars.At(i))
	}
	return some
}

// testArrivals writes around stored bars: a span holds no bar that stood before, be it given or not, and no more spans than
// needed.
func testArrivals(t *testing.T, db Database) {
	archive, tick := stepped(t, db)
	run := startRun(t, archive, "a")
	bars := ramp(30)
	var n []time.Time
	write := func(fenced bool, bars *market.Candles) {
		t.Helper()
		n = append(n, tick())
		tx := begin(t, archive)
		defer tx.Rollback()
		if fenced {
			if err := tx.Fence(t.Context(), run.ID, run.Token); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := tx.Upsert(t.Context(), es5m(), bars); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	first, _, err := archive.FirstArrival(t.Context(), es5m())
	if err != nil || !first.IsZero() {
		t.Errorf("before anything was written the first arrival is %v, %v", first, err)
	}
	if got := spans(t, archive, es5m(), always()); len(got) != 0 {
		t.Errorf("before anything was written the spans are %v", got)
	}
	write(true, pick(bars, 5, 6, 9, 15))
	write(false, bars.Slice(5, 10))                  // into a hole: 7 and 8
	write(true, pick(bars, 1, 2, 4, 10, 11, 16, 20)) // 5 to 9 and 15 stand between, and are not given
	write(false, bars)                               // 0, 3, 12 to 14, 17 to 19, 21 to 29
	write(false, bars)                               // nothing
	want := []store.Arrival{
		arrived(5, 15, n[0], run.ID), arrived(7, 8, n[1], 0),
		arrived(1, 4, n[2], run.ID), arrived(10, 11, n[2], run.ID), arrived(16, 20, n[2], run.ID),
		arrived(0, 0, n[3], 0), arrived(3, 3, n[3], 0), arrived(12, 14, n[3], 0), arrived(17, 19, n[3], 0), arrived(21, 29, n[3], 0),
	}
	if got := spans(t, archive, es5m(), always()); !slices.Equal(got, want) {
		t.Errorf("the spans are\n%v, want\n%v", got, want)
	}
	w := market.Window{From: bars.At(17).Start, To: bars.At(20).Start}
	if got := spans(t, archive, es5m(), w); !slices.Equal(got, []store.Arrival{want[4], want[8]}) {
		t.Errorf("the spans of a window are %v", got)
	}
	if first, found, err := archive.FirstArrival(t.Context(), es5m()); err != nil || !found || !first.Equal(n[0]) {
		t.Errorf("the first arrival is %v, %v, %v", first, found, err)
	}
	for k, want := range []*market.Candles{pick(bars, 5, 6, 9, 15), pick(bars, 5, 6, 7, 8, 9, 15)} {
		for _, at := range []time.Time{n[k], n[k+1].Add(-time.Microsecond)} {
			got, err := archive.CandlesAsOf(t.Context(), es5m(), always(), at)
			if err != nil {
				t.Fatal(err)
			}
			wantBars(t, "as of "+at.String(), got, want)
		}
	}
}

// testArrivalsMixed writes in several chunks of every engine beside stored bars, and counts the spans.
func testArrivalsMixed(t *testing.T, db Database) {
	archive, tick := stepped(t, db)
	all, first := ramp(40_001), market.NewCandles(0)
	for i := range all.Len() {
		if i < 10_000 || i >= 30_000 && i%3 == 0 {
			first.Append(all.At(i))
		}
	}
	early := tick()
	mustPut(t, archive, es5m(), first)
	late := tick()
	// The bars of 3,999 to 4,001 and 4,999 to 5,001 of what is given stand around stored ones that are not given.
	given := market.NewCandles(0)
	for i := range all.Len() {
		if i >= 6_000 && (i < 30_000 || i%3 != 0) {
			given.Append(all.At(i))
		}
	}
	mustPut(t, archive, es5m(), given)
	got := spans(t, archive, es5m(), always())
	want := []store.Arrival{arrived(0, 39_999, early, 0), arrived(10_000, 29_999, late, 0)}
	for i := 30_001; i < 40_001; i += 3 {
		want = append(want, arrived(i, min(i+1, 40_000), late, 0))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d spans, want %d; the first ones %v, want %v", len(got), len(want), got[:5], want[:5])
	}
	if bars, err := archive.CandlesAsOf(t.Context(), es5m(), always(), early); err != nil {
		t.Error(err)
	} else {
		wantBars(t, "as of the first batch", bars, first)
	}
}

// testArrivalsMigrated brings bars of an earlier schema to this one: they are there from then on, if their series is a base
// series.
func testArrivalsMigrated(t *testing.T, db Database) {
	db.SchemaOf(t, 7)
	bars := ramp(3)
	for _, timeframe := range []string{"5m", "30m"} {
		id := db.Query(t, fmt.Sprintf(`
			INSERT INTO series (instrument, timeframe, bars, counted, version, first_ts, last_ts)
			VALUES ('ES', '%s', 3, 3, 9, %d, %d) RETURNING id`, timeframe, bars.TS[0], bars.TS[2]))
		for i, ts := range bars.TS {
			b := bars.At(i)
			db.Query(t, fmt.Sprintf(`INSERT INTO candles (series_id, ts, open, high, low, close, volume)
				VALUES (%d, %s, %v, %v, %v, %v, %d) RETURNING 1`, id, db.TS(ts), b.Open, b.High, b.Low, b.Close, b.Volume))
		}
	}
	// Its clock was ahead once: the bar had this value before the migration, whatever that says.
	ahead := start().Add(time.Hour)
	db.Query(t, fmt.Sprintf(`INSERT INTO candle_revisions (series_id, ts, revision, replaced_at, open, high, low, close)
		SELECT id, %s, 1, %s, 1, 1, 1, 1 FROM series WHERE timeframe = '5m' RETURNING 1`,
		db.TS(bars.TS[1]), db.Replaced(ahead.UnixMicro())))
	archive := migrated(t, db)
	first, found, err := archive.FirstArrival(t.Context(), es5m())
	if want := ahead.Add(time.Microsecond); err != nil || !found || !first.Equal(want) {
		t.Fatalf("the first arrival is %v, %v, %v; want %v", first, found, err, want)
	}
	if _, err := archive.CandlesAsOf(t.Context(), es5m(), always(), ahead); !errors.Is(err, store.ErrBeforeArrivals) {
		t.Errorf("as of before the migration: %v", err)
	}
	mustPut(t, archive, es5m(), ramp(5))
	got, err := archive.CandlesAsOf(t.Context(), es5m(), always(), first)
	if err != nil {
		t.Fatal(err)
	}
	wantBars(t, "as of the migration", got, bars)
	if n := db.Query(t, `SELECT count(*) FROM arrivals a JOIN series s ON s.id = a.series_id WHERE s.timeframe = '30m'`); n != 0 {
		t.Errorf("a derived series has %d arrivals", n)
	}
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := spans(t, archive, es5m(), always()); len(got) != 2 {
		t.Errorf("after another migration the spans are %v", got)
	}
}

// testArrivalsOfEarlierRelease lets releases that know nothing of arrivals write a bar inside of a span. What is then read as of
// before is refused, for the bar would be told to have been there.
func testArrivalsOfEarlierRelease(t *testing.T, db Database) {
	archive, tick := stepped(t, db)
	for name, row := range map[string]string{
		"one that counts alone":          `bars = bars + 1`,
		"the one before":                 `bars = bars + 1, counted = counted + 1, version = version + 7`,
		"the one before, which replaces": `version = version + 7`,
	} {
		for _, then := range []string{"a migration", "an answer", "an answer with nothing new", "a fold", "a removal of nothing"} {
			series := market.Series{Instrument: name + then, Timeframe: market.M5}
			before := tick()
			mustPut(t, archive, series, pick(ramp(9), 0, 2, 4))
			tick()
			db.Query(t, `UPDATE series SET `+row+` WHERE instrument = '`+series.Instrument+`' RETURNING 1`)
			bars := pick(ramp(9), 0, 2, 4)
			if strings.HasPrefix(row, "bars") {
				db.Query(t, fmt.Sprintf(`INSERT INTO candles (series_id, ts, open, high, low, close)
					SELECT id, %s, 1, 1, 1, 1 FROM series WHERE instrument = '%s' RETURNING 1`, db.TS(ramp(9).TS[3]), series.Instrument))
				bars = list(bars.At(0), bars.At(1), flat(3, 1, market.NoVolume), bars.At(2))
			}
			if _, err := archive.CandlesAsOf(t.Context(), series, always(), tick()); !errors.Is(err, store.ErrBeforeArrivals) {
				t.Errorf("%s: as of now, before this release wrote again: %v", name, err)
			}
			if got := spans(t, archive, series, always()); len(got) != 0 {
				t.Errorf("%s: the spans are %v, which are wrong by now", name, got)
			}
			adopted := tick()
			writeAgain(t, archive, series, then, bars)
			first, found, err := archive.FirstArrival(t.Context(), series)
			if err != nil || !found || !first.Equal(adopted) {
				t.Errorf("%s, %s: the first arrival is %v, %v, %v; want %v", name, then, first, found, err, adopted)
			}
			if _, err := archive.CandlesAsOf(t.Context(), series, always(), before); !errors.Is(err, store.ErrBeforeArrivals) {
				t.Errorf("%s, %s: as of before: %v", name, then, err)
			}
			got, err := archive.CandlesAsOf(t.Context(), series, always(), adopted)
			if err != nil {
				t.Fatal(err)
			}
			wantBars(t, name+", "+then+": as of the first arrival", got, bars)
		}
	}
}

// writeAgain lets this release see what the earlier one wrote.
func writeAgain(t *testing.T, archive Archive, series market.Series, how string, bars *market.Candles) {
	t.Helper()
	tx := begin(t, archive)
	defer tx.Rollback()
	var err error
	switch how {
	case "a migration":
		tx.Rollback()
		_, _, err = archive.Migrate(t.Context())
	case "an answer":
		_, err = tx.Upsert(t.Context(), series, pick(ramp(9), 1, 7))
	case "an answer with nothing new":
		_, err = tx.Upsert(t.Context(), series, bars)
	case "a fold":
		_, err = tx.UpsertExact(t.Context(), series, pick(ramp(9), 7))
	default:
		_, err = tx.Remove(t.Context(), series, []int64{1})
	}
	if err == nil && how != "a migration" {
		err = tx.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// testArrivalsOfDerived: what is computed from stored bars has no arrivals.
func testArrivalsOfDerived(t *testing.T, db Database) {
	archive, _ := stepped(t, db)
	derived := market.Series{Instrument: "ES", Timeframe: market.M30}
	tx := begin(t, archive)
	if _, err := tx.Upsert(t.Context(), es5m(), ramp(5)); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.UpsertExact(t.Context(), derived, ramp(5)); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.UpsertExact(t.Context(), es5m(), ramp(8)); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := spans(t, archive, derived, always()); len(got) != 0 {
		t.Errorf("a derived series has the arrivals %v", got)
	}
	if got := spans(t, archive, es5m(), always()); len(got) != 2 {
		t.Errorf("the base series has the arrivals %v, want those of two writes", got)
	}
	for _, series := range []market.Series{derived, {Instrument: "NQ", Timeframe: market.M5}} {
		if _, err := archive.CandlesAsOf(t.Context(), series, always(), time.Now()); !errors.Is(err, store.ErrBeforeArrivals) {
			t.Errorf("as of now %s gives %v", series, err)
		}
		if _, found, err := archive.FirstArrival(t.Context(), series); err != nil || found {
			t.Errorf("%s has a first arrival: %v, %v", series, found, err)
		}
	}
}

// testArrivalClocks: each write is later than the one before, whatever the clock says, and bears one instant in all that it
// leaves.
func testArrivalClocks(t *testing.T, db Database) {
	var back atomic.Int64
	archive := migrated(t, Database{Open: func(t *testing.T, _ func() time.Time) Archive {
		return db.Open(t, func() time.Time { return start().Add(-time.Duration(back.Load()) * time.Hour) })
	}})
	mustPut(t, archive, es5m(), ramp(2))
	for i := range int64(3) {
		back.Store(i)
		bars := ramp(3 + int(i))
		bars.Close[0] += float64(i+1) / 4
		mustPut(t, archive, es5m(), bars)
	}
	var ats []time.Time
	for _, s := range spans(t, archive, es5m(), always()) {
		ats = append(ats, s.At)
	}
	after := func(n int) time.Time { return start().Add(time.Duration(n) * time.Microsecond) }
	if want := []time.Time{start(), after(1), after(2), after(3)}; !slices.Equal(ats, want) {
		t.Errorf("bars arrived at %v, want %v", ats, want)
	}
	_, replaced, err := archive.Revisions(t.Context(), es5m(), always())
	if want := ats[1:]; err != nil || !slices.Equal(replaced, want) {
		t.Errorf("the revisions were replaced at %v, want %v; %v", replaced, want, err)
	}
}

// testRevisionsOf replaces bars in every way: by which run, and why.
func testRevisionsOf(t *testing.T, db Database) {
	archive, tick := stepped(t, db)
	run := startRun(t, archive, "a")
	at := tick()
	tx := begin(t, archive)
	repriced, folded := ramp(3), ramp(3)
	repriced.Close[1]++
	folded.Close[1] += 2
	_, err := tx.Upsert(t.Context(), es5m(), ramp(3))
	if err == nil {
		_, err = tx.Upsert(t.Context(), es5m(), repriced)
	}
	if err == nil {
		err = tx.Fence(t.Context(), run.ID, run.Token)
	}
	if err == nil {
		_, err = tx.UpsertExact(t.Context(), es5m(), folded)
	}
	if err == nil {
		_, err = tx.Remove(t.Context(), es5m(), folded.TS[1:2])
	}
	if err == nil {
		err = tx.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	want := []store.Revision{
		{Old: ramp(3).At(1), Replaced: at.Add(1 * time.Microsecond), Cause: store.CauseAnswer},
		{Old: repriced.At(1), Replaced: at.Add(2 * time.Microsecond), RunID: run.ID, Cause: store.CauseFold},
		{Old: folded.At(1), Replaced: at.Add(3 * time.Microsecond), RunID: run.ID, Cause: store.CauseRemoved},
	}
	got, err := archive.RevisionsOf(t.Context(), es5m(), always())
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the revisions are\n%+v, want\n%+v; %v", got, want, err)
	}
	// An earlier release notes neither.
	db.Query(t, `
		INSERT INTO candle_revisions (series_id, ts, revision, replaced_at, open, high, low, close)
		SELECT series_id, ts, revision + 1, replaced_at, 1, 1, 1, 1 FROM candle_revisions WHERE revision = 3 RETURNING 1`)
	got, err = archive.RevisionsOf(t.Context(), es5m(), always())
	if err != nil || len(got) != 4 || got[3].RunID != 0 || got[3].Cause != store.CauseUnknown ||
		got[3].Old.Volume != market.NoVolume {
		t.Errorf("the revisions are %+v, %v", got, err)
	}
	before := market.Window{From: ramp(1).At(0).Start, To: ramp(2).At(1).Start}
	if got, err := archive.RevisionsOf(t.Context(), es5m(), before); err != nil || len(got) != 0 {
		t.Errorf("the revisions before the bar are %+v, %v", got, err)
	}
}
