package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// truthTests are about scales, actions, listings, what is held back, and what sources serve.
func truthTests() map[string]func(*testing.T, Database) {
	return map[string]func(*testing.T, Database){
		"restating: there and back, to the last bit": testRestating,
		"restating: once for an action":              testRestatedOnce,
		"restating: what cannot be":                  testRestatedBeyond,
		"restating: more than a statement takes":     testRestatedMany,
		"restating: rolled back":                     testRestatingRolledBack,
		"restating: two at once":                     testRestatedAtOnce,
		"restating: killed in its middle":            testRestatingKilled,
		"truth: actions":                             testActions,
		"truth: held back":                           testHeldBack,
		"truth: accepted listings":                   testAccepted,
		"truth: units":                               testUnits,
		"truth: another name":                        testRename,
		"truth: limits of sources":                   testLearned,
	}
}

// must runs do in a transaction that is committed.
func must(t *testing.T, a Archive, do func(store.Tx) error) {
	t.Helper()
	if err := in(t.Context(), t, a, do); err != nil {
		t.Fatal(err)
	}
}

// testActions adds actions of two instruments and takes one back.
func testActions(t *testing.T, db Database) {
	archive := migrated(t, db)
	at := time.Date(2026, 6, 15, 13, 30, 0, 0, time.UTC)
	split := store.Action{
		Action:     market.Action{Kind: market.ActionSplit, Time: at, Numerator: 21, Denominator: 20},
		Instrument: "AAPL", Date: calendar.Date{Year: 2026, Month: 6, Day: 15}, Source: "yahoo", Note: "a\x00b\xff",
		Seen: start(), RunID: 9,
	}
	old := store.Action{
		Action:     market.Action{Kind: market.ActionDividend, Time: at.AddDate(-60, 0, 0), Amount: 0.07, Currency: "USD"},
		Instrument: "AAPL", Date: calendar.Date{Year: 1966, Month: 6, Day: 15}, Source: store.SourcePerson, Seen: start(),
	}
	other := split
	other.Instrument = "A"
	add := func(a store.Action, want int64) store.Action {
		t.Helper()
		must(t, archive, func(tx store.Tx) (err error) {
			a.Number, err = tx.AddAction(t.Context(), a)
			return err
		})
		if a.Number != want {
			t.Errorf("number %d, want %d", a.Number, want)
		}
		if a.Note != "" {
			a.Note = "a\uFFFDb\uFFFD"
		}
		return a
	}
	first, second, third := add(split, 1), add(old, 2), add(other, 1)
	again := func(tx store.Tx) error { _, err := tx.AddAction(t.Context(), split); return err }
	if err := in(t.Context(), t, archive, again); !errors.Is(err, store.ErrActionHolds) {
		t.Errorf("added twice: %v", err)
	}
	take := func(tx store.Tx) error { return tx.TakeBackAction(t.Context(), "AAPL", 1, store.SourcePerson) }
	must(t, archive, take)
	if err := in(t.Context(), t, archive, take); err == nil {
		t.Error("taken back twice")
	}
	fourth := add(split, 3)
	first.Gone, first.GoneBy = start(), store.SourcePerson
	want := []store.Action{third, second, first, fourth}
	if all, err := archive.Actions(t.Context(), ""); err != nil || !slices.Equal(all, want) {
		t.Errorf("actions\n%+v, want\n%+v, %v", all, want, err)
	}
	must(t, archive, func(tx store.Tx) error {
		if all, err := tx.Actions(t.Context(), "AAPL"); err != nil || !slices.Equal(all, want[1:]) {
			t.Errorf("actions of one\n%+v, want\n%+v, %v", all, want[1:], err)
		}
		return nil
	})
}

// testHeldBack holds answers back, again and again, and lets them go.
func testHeldBack(t *testing.T, db Database) {
	archive := migrated(t, db)
	hour := func(n int) time.Time { return start().Add(time.Duration(n) * time.Hour) }
	scaled := store.Held{
		Series: es5m(), Cause: store.HeldScale, Says: "4 times\x00", Factor: market.Factor{Price: market.Ratio{Num: 0.1, Den: 3}},
		From: hour(-9), To: hour(-1), Seen: 12, Last: hour(0),
	}
	listed := store.Held{
		Series: market.Series{Instrument: "ES", Timeframe: market.D1}, Cause: store.HeldListing,
		Listing: market.Listing{Symbol: "E\x00", Currency: "GBp", FirstTrade: hour(-1000)}, Last: hour(1),
	}
	other := scaled
	other.Series.Instrument, other.Last = "NQ", time.Time{}
	later := scaled
	later.Last, later.Seen, later.Says = hour(5), 3, "other words"
	for _, h := range []store.Held{scaled, listed, other, later} {
		must(t, archive, func(tx store.Tx) error { return tx.HoldBack(t.Context(), h) })
	}
	listed.Listing.Symbol, listed.First, listed.Times = "E\uFFFD", hour(1), 1
	later.First, later.Times = hour(0), 2
	other.Says, other.First, other.Last, other.Times = "4 times\uFFFD", start(), start(), 1
	wantHeld := func(want ...store.Held) {
		t.Helper()
		if all, err := archive.HeldBack(t.Context()); err != nil || !slices.Equal(all, want) {
			t.Errorf("held back\n%+v, want\n%+v, %v", all, want, err)
		}
	}
	wantHeld(listed, later, other)
	must(t, archive, func(tx store.Tx) error {
		if all, err := tx.Held(t.Context(), "ES"); err != nil || !slices.Equal(all, []store.Held{listed, later}) {
			t.Errorf("held back of one: %+v, %v", all, err)
		}
		return nil
	})
	letGo := func(series market.Series, cause store.HeldCause) {
		t.Helper()
		must(t, archive, func(tx store.Tx) error { return tx.LetGo(t.Context(), series, cause) })
	}
	letGo(es5m(), store.HeldListing)
	wantHeld(listed, later, other)
	letGo(market.Series{Instrument: "ES"}, store.HeldListing)
	wantHeld(later, other)
	letGo(other.Series, "")
	wantHeld(later)
}

// testAccepted accepts a listing from a date on, which soft changes keep.
func testAccepted(t *testing.T, db Database) {
	archive := migrated(t, db)
	l := market.Listing{
		Symbol: "SNDK", Type: "EQUITY", Currency: "USD", Exchange: "NMS", Zone: "America/New_York", ShortName: "SanDisk",
	}
	accepted := func(want store.Accepted, found bool) {
		t.Helper()
		must(t, archive, func(tx store.Tx) error {
			if got, ok, err := tx.Accepted(t.Context(), "SNDK"); err != nil || got != want || ok != found {
				t.Errorf("accepted\n%+v, want\n%+v, %v", got, want, err)
			}
			return nil
		})
	}
	record := func(l market.Listing) {
		t.Helper()
		must(t, archive, func(tx store.Tx) error { return tx.RecordListing(t.Context(), "SNDK", l, start()) })
	}
	accepted(store.Accepted{}, false)
	record(l)
	accepted(store.Accepted{Listing: l}, true)
	l.FirstTrade = time.Date(2025, 2, 13, 14, 30, 0, 0, time.UTC)
	from := calendar.Date{Year: 2025, Month: 2, Day: 13}
	given := l
	given.Granularity = "1d"
	must(t, archive, func(tx store.Tx) error {
		return tx.Accept(t.Context(), "SNDK", store.Accepted{Listing: given, From: from}, start())
	})
	accepted(store.Accepted{Listing: l, From: from}, true)
	l.ShortName = "Sandisk Corporation"
	record(l)
	accepted(store.Accepted{Listing: l, From: from}, true)
	l.Exchange = "NYQ"
	record(l)
	accepted(store.Accepted{Listing: l, From: from}, true)
	l.Currency = "EUR"
	record(l)
	accepted(store.Accepted{Listing: l}, true)
	if n := db.Query(t, `SELECT count(*) FROM listings`); n != 4 {
		t.Errorf("%d rows, want 4", n)
	}
}

// testUnits notes units, and up to where a series is folded.
func testUnits(t *testing.T, db Database) {
	archive := migrated(t, db)
	must(t, archive, func(tx store.Tx) error {
		if unit, err := tx.Unit(t.Context(), es5m()); err != nil || unit != "" {
			t.Errorf("the unit of no series is %q, %v", unit, err)
		}
		return tx.SetUnit(t.Context(), es5m(), "GBp")
	})
	must(t, archive, func(tx store.Tx) error {
		if unit, err := tx.Unit(t.Context(), es5m()); err != nil || unit != "GBp" {
			t.Errorf("the unit is %q, %v", unit, err)
		}
		return tx.SetFolded(t.Context(), es5m(), 77)
	})
	if n := db.Query(t, `SELECT folded FROM series`); n != 77 {
		t.Errorf("folded up to %d", n)
	}
}

// testRename gives an instrument another name: all of it goes, and the old name begins anew.
func testRename(t *testing.T, db Database) {
	archive := migrated(t, db)
	old, other := es5m(), market.Series{Instrument: "ES_OLD", Timeframe: market.M5}
	mustPut(t, archive, old, ramp(10))
	must(t, archive, func(tx store.Tx) error {
		split := market.Action{Kind: market.ActionSplit, Numerator: 4, Denominator: 1}
		_, err := tx.AddAction(t.Context(), store.Action{Action: split, Instrument: "ES"})
		return errors.Join(err, tx.RecordListing(t.Context(), "ES", market.Listing{Symbol: "ES=F"}, start()),
			tx.HoldBack(t.Context(), store.Held{Series: old, Cause: store.HeldScale}),
			tx.Cover(t.Context(), covered(old, 12, 10), nil, absent(old, 10, 2)))
	})
	restated(t.Context(), t, archive, store.Restatement{Series: old, Action: 1, Before: always().To, Factor: scales()[0]})
	proof := market.Proof{Instrument: "ES", Month: market.Month{Year: 2026, Month: 11}}
	if err := archive.PutProofs(t.Context(), "ES", proof.Month, []market.Proof{proof}); err != nil {
		t.Fatal(err)
	}
	before, _, err := archive.State(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	rename := func(from, to string) (renamed bool) {
		t.Helper()
		must(t, archive, func(tx store.Tx) (err error) {
			renamed, err = tx.Rename(t.Context(), from, to)
			return err
		})
		return renamed
	}
	if rename("ES", "ES") || !rename("ES", "ES_OLD") {
		t.Error("renamed to its own name, or not to another")
	}
	after, _, err := archive.State(t.Context(), other)
	before.Series = other
	if err != nil || after != before {
		t.Errorf("the state is %+v, want %+v, %v", after, before, err)
	}
	if _, found, _ := archive.State(t.Context(), old); found {
		t.Error("the old name has a series yet")
	}
	for _, table := range []string{"series", "actions", "listings", "held_back", "proofs"} {
		if n := db.Query(t, `SELECT count(*) FROM `+table+` WHERE instrument = 'ES_OLD'`); n != 1 {
			t.Errorf("%d rows of %s have the new name", n, table)
		}
	}
	if all, err := archive.Restatements(t.Context(), "ES_OLD"); err != nil || len(all) != 1 || all[0].Series != other {
		t.Errorf("restatements %+v, %v", all, err)
	}
	wantCoverage(t, archive, covered(other, 12, 10))
	wantGaps(t, archive, store.GapFilter{}, absent(other, 10, 2)...)
	mustPut(t, archive, old, ramp(10))
	if now, _, _ := archive.State(t.Context(), old); now.Version <= before.Version {
		t.Errorf("the old name begins with version %d, its former series had %d", now.Version, before.Version)
	}
	if rename("ES", "ES_OLD") {
		t.Error("renamed over another instrument")
	}
	wantBars(t, "the new series of the old name", stored(t, archive, old), ramp(10))
}
