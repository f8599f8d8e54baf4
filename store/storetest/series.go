package storetest

import (
	"fmt"
	"testing"
	"time"

	"barkeep/market"
)

// testVersions writes bars and does not: the version of a series grows with its bars, and stands while they do.
func testVersions(t *testing.T, db Database) {
	archive := migrated(t, db)
	version := func() int64 {
		t.Helper()
		state, _, err := archive.State(t.Context(), es5m())
		if err != nil {
			t.Fatal(err)
		}
		return state.Version
	}
	repriced, flagged := ramp(12), ramp(12)
	repriced.Close[3]++
	flagged.Close[3]++
	flagged.Flags[3] = market.FlagOffTick
	last := version()
	for _, c := range []struct {
		name  string
		bars  *market.Candles
		grows bool
	}{
		{"the first bars", ramp(10), true},
		{"the same", ramp(10), false},
		{"two more", ramp(12), true},
		{"a price", repriced, true},
		{"the same again", repriced, false},
		{"a flag", flagged, true},
		{"some of them", flagged.Slice(2, 5), false},
		{"no bars", market.NewCandles(0), false},
	} {
		mustPut(t, archive, es5m(), c.bars)
		now := version()
		if c.grows && now <= last || !c.grows && now != last {
			t.Errorf("%s: the version went from %d to %d", c.name, last, now)
		}
		last = now
	}
	// A version that was counted could come again after a restore.
	if last < time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() {
		t.Errorf("the version is %d, want the clock's microseconds", last)
	}
	tx := begin(t, archive)
	if _, err := tx.Upsert(t.Context(), es5m(), ramp(20)); err != nil {
		t.Fatal(err)
	}
	inside, found, err := tx.State(t.Context(), es5m())
	if err != nil || !found || inside.Version <= last || inside.Count != 20 || inside.Newest != flat(19, 0, 0).Start {
		t.Errorf("inside of the transaction the state is %+v, %v, %v", inside, found, err)
	}
	tx.Rollback()
	if now := version(); now != last {
		t.Errorf("a transaction that was rolled back left the version at %d, it was %d", now, last)
	}
	if state, _, err := archive.State(t.Context(), es5m()); err != nil || state.Source != "yahoo" {
		t.Errorf("the source of the series is %q, %v", state.Source, err)
	}
}

// testPreviousRelease lets the previous release write bars, which knows nothing of the columns that keep the first and the
// last one: readers are told the truth at once, and the next write puts the columns right.
func testPreviousRelease(t *testing.T, db Database) {
	archive := migrated(t, db)
	nq := market.Series{Instrument: "NQ", Timeframe: market.M5}
	mustPut(t, archive, es5m(), ramp(10).Slice(3, 7))
	mustPut(t, archive, nq, ramp(10))
	before, _, err := archive.State(t.Context(), es5m())
	if err != nil {
		t.Fatal(err)
	}
	db.Query(t, `
		INSERT INTO candles (series_id, ts, open, high, low, close, volume, flags)
		SELECT (SELECT id FROM series WHERE instrument = 'ES'), ts, open, high, low, close, volume, flags
		FROM candles
		WHERE series_id = (SELECT id FROM series WHERE instrument = 'NQ')
		  AND ts NOT IN (SELECT ts FROM candles WHERE series_id = (SELECT id FROM series WHERE instrument = 'ES'))
		RETURNING 1`)
	db.Query(t, `UPDATE series SET bars = bars + 6 WHERE instrument = 'ES' RETURNING id`)
	db.Query(t, `INSERT INTO series (instrument, timeframe) VALUES ('GC', '5m') RETURNING id`)
	gc := market.Series{Instrument: "GC", Timeframe: market.M5}
	wantState(t, archive, market.SeriesState{Series: gc})
	want := market.SeriesState{Series: es5m(), Count: 10, Oldest: flat(0, 0, 0).Start, Newest: flat(9, 0, 0).Start}
	wantState(t, archive, want)
	stale, _, err := archive.State(t.Context(), es5m())
	if err != nil || stale.Version <= before.Version {
		t.Errorf("the version went from %d to %d, %v", before.Version, stale.Version, err)
	}
	wantCounts(t, mustPut(t, archive, es5m(), ramp(10)), 0, 0, 10)
	wantCounts(t, mustPut(t, archive, es5m(), ramp(12).Slice(8, 12)), 2, 0, 2)
	want.Count, want.Newest = 12, flat(11, 0, 0).Start
	wantState(t, archive, want)
	if now, _, err := archive.State(t.Context(), es5m()); err != nil || now.Version <= stale.Version {
		t.Errorf("the version went from %d to %d, %v", stale.Version, now.Version, err)
	}
	sql := fmt.Sprintf(`SELECT count(*) FROM series WHERE instrument = 'ES' AND counted = bars AND first_ts = %d AND last_ts = %d`,
		want.Oldest.Unix(), want.Newest.Unix())
	if n := db.Query(t, sql); n != 1 {
		t.Errorf("the row is not put right: %+v", want)
	}
}

// testPages reads pages from both ends of windows.
func testPages(t *testing.T, db Database) {
	archive, bars := migrated(t, db), ramp(10)
	mustPut(t, archive, es5m(), bars)
	mustPut(t, archive, market.Series{Instrument: "ES", Timeframe: market.M1}, list(flat(4, 1, 1)))
	between := func(from, to int) market.Window {
		return market.Window{From: flat(from, 0, 0).Start, To: flat(to, 0, 0).Start}
	}
	for _, w := range []market.Window{always(), between(2, 7), between(0, 1), between(7, 2), between(-5, -1), {}} {
		inside := bars.In(w)
		if w.Empty() {
			inside = market.NewCandles(0)
		}
		for _, limit := range []int{-1, 0, 1, 3, 9, 10, 11, 1 << 40} {
			n := min(max(0, limit), inside.Len())
			for newest, want := range map[bool]*market.Candles{
				false: inside.Slice(0, n), true: inside.Slice(inside.Len()-n, inside.Len()),
			} {
				got, err := archive.Page(t.Context(), es5m(), w, limit, newest)
				if err != nil {
					t.Fatal(err)
				}
				wantBars(t, fmt.Sprintf("%d of %v, newest %v", limit, w, newest), got, want)
			}
		}
	}
	unknown := market.Series{Instrument: "NQ", Timeframe: market.M5}
	if got, err := archive.Page(t.Context(), unknown, always(), 5, true); err != nil || got == nil || got.Len() != 0 {
		t.Errorf("a page of an unknown series is %+v, %v", got, err)
	}
}
