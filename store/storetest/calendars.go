package storetest

import (
	"slices"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// testRemove takes bars out of a series: they are gone, their values are revisions, and the row of the series counts right.
func testRemove(t *testing.T, db Database) {
	archive := migrated(t, db)
	other := market.Series{Instrument: "NQ", Timeframe: market.M5}
	bars := ramp(120)
	mustPut(t, archive, es5m(), bars)
	mustPut(t, archive, other, bars)
	before, _, err := archive.State(t.Context(), es5m())
	if err != nil {
		t.Fatal(err)
	}
	remove := func(starts ...int64) int { return mustRemove(t, archive, starts) }
	if n := remove(); n != 0 {
		t.Errorf("%d bars of none were removed", n)
	}
	if n := remove(bars.TS[0]-1, bars.TS[119]+300); n != 0 {
		t.Errorf("%d bars were removed that are not stored", n)
	}
	if now, _, _ := archive.State(t.Context(), es5m()); now != before {
		t.Errorf("nothing was removed, and the state went from %+v to %+v", before, now)
	}
	// The first, the last, and more between than one statement takes; one of them twice, and one that is not there.
	starts := append(slices.Clone(bars.TS[:70]), bars.TS[119], bars.TS[3], bars.TS[119]+300)
	if n := remove(starts...); n != 71 {
		t.Errorf("%d bars were removed, want 71", n)
	}
	wantBars(t, "what is left", stored(t, archive, es5m()), bars.Slice(70, 119))
	wantBars(t, "the other series", stored(t, archive, other), bars)
	now, _, err := archive.State(t.Context(), es5m())
	if err != nil || now.Count != 49 || now.Oldest.Unix() != bars.TS[70] || now.Newest.Unix() != bars.TS[118] ||
		now.Version <= before.Version {
		t.Errorf("the state is %+v, %v", now, err)
	}
	old, replaced, err := archive.Revisions(t.Context(), es5m(), always())
	if err != nil || old.Len() != 71 || len(replaced) != 71 {
		t.Fatalf("%d revisions, %v", old.Len(), err)
	}
	wantBars(t, "the revisions", old.Slice(0, 70), bars.Slice(0, 70))
}

// testRemoveAll empties a series, fills it again, and takes a removal back.
func testRemoveAll(t *testing.T, db Database) {
	archive, bars := migrated(t, db), ramp(120)
	mustPut(t, archive, es5m(), bars)
	remove := func(starts ...int64) int { return mustRemove(t, archive, starts) }
	if n := remove(bars.TS...); n != 120 {
		t.Errorf("%d bars were removed, want all 120", n)
	}
	if now, _, _ := archive.State(t.Context(), es5m()); now.Count != 0 || !now.Oldest.IsZero() || !now.Newest.IsZero() {
		t.Errorf("the state of an empty series is %+v", now)
	}
	wantCounts(t, mustPut(t, archive, es5m(), bars), 120, 0, 0)
	if n := remove(bars.TS[0]); n != 1 {
		t.Errorf("%d bars were removed, want one", n)
	}
	first := market.Window{From: bars.At(0).Start, To: bars.At(1).Start}
	if old, _, _ := archive.Revisions(t.Context(), es5m(), first); old.Len() != 2 {
		t.Errorf("the first bar has %d revisions, want 2", old.Len())
	}

	tx := begin(t, archive)
	if _, err := tx.Remove(t.Context(), es5m(), bars.TS); err != nil {
		t.Fatal(err)
	}
	inside, err := tx.Candles(t.Context(), es5m(), always())
	if err != nil || inside.Len() != 0 {
		t.Errorf("inside of the transaction %d bars are left, %v", inside.Len(), err)
	}
	tx.Rollback()
	wantBars(t, "after a rollback", stored(t, archive, es5m()), bars.Slice(1, 120))
}

// mustRemove takes bars out of the series in a transaction of its own.
func mustRemove(t *testing.T, archive Archive, starts []int64) int {
	t.Helper()
	tx := begin(t, archive)
	defer tx.Rollback()
	removed, err := tx.Remove(t.Context(), es5m(), starts)
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return removed
}

// testSeriesCalendar notes the calendar of series with bars and without.
func testSeriesCalendar(t *testing.T, db Database) {
	archive := migrated(t, db)
	mustPut(t, archive, es5m(), ramp(3))
	nq := market.Series{Instrument: "NQ", Timeframe: market.D1}
	note := func(series market.Series, version string) {
		t.Helper()
		tx := begin(t, archive)
		defer tx.Rollback()
		if err := tx.SetCalendar(t.Context(), series, version); err != nil {
			t.Fatal(err)
		}
		if inside, _, err := tx.State(t.Context(), series); err != nil || inside.Calendar != version {
			t.Errorf("inside of the transaction %s is kept by %q, %v", series, inside.Calendar, err)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	before, _, err := archive.State(t.Context(), es5m())
	if err != nil || before.Calendar != "" {
		t.Fatalf("%+v, %v", before, err)
	}
	note(es5m(), "CME_EQUITY America/New_York 0123")
	note(nq, "XNYS America/New_York 4567")
	note(nq, "XNYS America/New_York 89ab")
	after, _, err := archive.State(t.Context(), es5m())
	before.Calendar = "CME_EQUITY America/New_York 0123"
	if err != nil || after != before {
		t.Errorf("the state is %+v, want %+v, %v", after, before, err)
	}
	states, err := archive.States(t.Context())
	if err != nil || len(states) != 2 || states[1].Calendar != "XNYS America/New_York 89ab" || states[1].Count != 0 {
		t.Errorf("states %+v, %v", states, err)
	}
}

// testCalendarOfEarlierReleases: the note holds over all that this release writes, and no longer once an earlier one has written
// bars, which changes the version and knows nothing of the note.
func testCalendarOfEarlierReleases(t *testing.T, db Database) {
	archive, bars := migrated(t, db), ramp(10)
	note := func() string {
		t.Helper()
		state, _, err := archive.State(t.Context(), es5m())
		if err != nil {
			t.Fatal(err)
		}
		return state.Calendar
	}
	set := func() {
		t.Helper()
		tx := begin(t, archive)
		defer tx.Rollback()
		if err := tx.SetCalendar(t.Context(), es5m(), "one"); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	set()
	mustPut(t, archive, es5m(), bars.Slice(0, 6))
	mustRemove(t, archive, bars.TS[:1])
	if got := note(); got != "one" {
		t.Errorf("after writes of this release the note is %q", got)
	}
	// What an earlier release does: its own version, and the columns of today left alone.
	db.Query(t, `UPDATE series SET version = version + 7 WHERE instrument = 'ES' RETURNING id`)
	if got := note(); got != "" {
		t.Errorf("after a write of an earlier release the note is %q", got)
	}
	mustPut(t, archive, es5m(), bars)
	if got := note(); got != "" {
		t.Errorf("a write brought the note %q back", got)
	}
	set()
	if got := note(); got != "one" {
		t.Errorf("the note that was set again is %q", got)
	}
}

// testListings keeps what answers say, once each, and of a short name the newest.
func testListings(t *testing.T, db Database) {
	archive := migrated(t, db)
	if all, err := archive.Listings(t.Context()); err != nil || len(all) != 0 {
		t.Fatalf("listings of an empty archive: %v, %v", all, err)
	}
	gold := market.Listing{
		Symbol: "GC=F", Type: "FUTURE", Currency: "USD", Exchange: "CMX", Zone: "America/New_York",
		FirstTrade: time.Date(2000, 8, 30, 4, 0, 0, 0, time.UTC), ShortName: "Gold Dec 26", Granularity: "1d",
	}
	rolled, moved, back := gold, gold, gold
	rolled.ShortName, rolled.Granularity = "Gold Feb 27", "1h"
	moved.Zone, moved.ShortName = "America/Chi\x00cago\xff", "Gold Apr 27"
	back.FirstTrade = time.Time{}
	hour := func(n int) time.Time { return start().Add(time.Duration(n) * time.Hour) }
	for n, said := range []market.Listing{gold, gold, rolled, moved, moved, back, gold} {
		tx := begin(t, archive)
		if err := tx.RecordListing(t.Context(), "GC", said, hour(n)); err != nil {
			t.Fatal(err)
		}
		if n == 5 {
			tx.Rollback() // it was never said
			continue
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	tx := begin(t, archive)
	if err := tx.RecordListing(t.Context(), "ABCD.QQ", market.Listing{}, hour(9)); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	rolled.Granularity, gold.Granularity = "", ""
	want := []store.Listing{
		{Instrument: "ABCD.QQ", Seen: hour(9), Changed: hour(9)},
		{Instrument: "GC", First: rolled, Last: gold, Seen: hour(0), Changed: hour(6)},
	}
	if all, err := archive.Listings(t.Context()); err != nil || !slices.Equal(all, want) {
		t.Errorf("listings\n%+v, want\n%+v, %v", all, want, err)
	}
	if n := db.Query(t, `SELECT count(*) FROM listings WHERE instrument = 'GC'`); n != 3 {
		t.Errorf("%d rows are kept, want 3", n)
	}
}

// testCalendarChanges adds, replaces and takes back what operators know.
func testCalendarChanges(t *testing.T, db Database) {
	archive := migrated(t, db)
	day := func(d int) calendar.Date { return calendar.Date{Year: 2027, Month: 1, Day: d} }
	closed := calendar.Change{Calendar: "XNYS", Date: day(15), Kind: calendar.Closed, Note: "a day of mourning"}
	evening := calendar.Change{
		Calendar: "CME_EQUITY", Date: day(14), Kind: calendar.Special, Open: -6 * time.Hour, Close: 12*time.Hour + 15*time.Minute,
	}
	early := calendar.Change{Calendar: "XNYS", Date: day(15), Kind: calendar.Early, Close: 13 * time.Hour}
	old := calendar.Change{Calendar: "XNYS", Date: calendar.Date{Year: 1963, Month: 11, Day: 25}, Kind: calendar.Closed}
	want := func(changes ...calendar.Change) {
		t.Helper()
		if got, err := archive.CalendarChanges(t.Context()); err != nil || !slices.Equal(got, changes) {
			t.Errorf("changes\n%+v, want\n%+v, %v", got, changes, err)
		}
	}
	want()
	for _, c := range []calendar.Change{closed, evening, old} {
		if err := archive.ChangeCalendar(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	want(evening, old, closed)
	if err := archive.ChangeCalendar(t.Context(), early); err != nil {
		t.Fatal(err)
	}
	want(evening, old, early)
	for _, c := range []struct {
		name string
		date calendar.Date
		want bool
	}{
		{"XNYS", day(14), false}, {"XLON", day(15), false}, {"XNYS", day(15), true}, {"XNYS", day(15), false},
	} {
		if dropped, err := archive.DropCalendarChange(t.Context(), c.name, c.date); err != nil || dropped != c.want {
			t.Errorf("%s %s: dropped %v, want %v, %v", c.name, c.date, dropped, c.want, err)
		}
	}
	want(evening, old)
}
