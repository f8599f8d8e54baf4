package app_test

import (
	"testing"
	"time"

	"barkeep/app"
	"barkeep/calendar"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/yahoo/fake"
)

// TestWhatTheProviderTakesBackIsKept is promise P3 end to end: a withdrawn session deletes nothing, a volume of 0 replaces
// none, and a revised bar is changed, with its old values kept.
func TestWhatTheProviderTakesBackIsKept(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 8, 19, 21, 25, 0, 0, time.UTC) // Wednesday, in the break, 25 minutes after the last bar
	day := calendar.Date{Year: 2026, Month: time.August, Day: 18}
	series := market.Series{Instrument: "ES", Timeframe: market.M5}
	all := market.Window{From: now.AddDate(0, -3, 0), To: now}
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReplay(t, fake.Options{}, database)
			a := r.open(t)
			r.sync(t, a, now, series, false)
			before, err := a.Archive.Candles(t.Context(), series, all)
			if err != nil || before.Len() < 10000 {
				t.Fatalf("%d bars, %v", before.Len(), err)
			}
			for _, fault := range []fake.Fault{
				{Kind: fake.Withdraw, From: day, To: day},
				{Kind: fake.ZeroVolume, From: day, To: day},
			} {
				r.provider.Clear()
				r.provider.Inject(fault)
				cell := r.sync(t, a, now, series, false)
				if cell.State != ledger.CellStored || cell.Inserted != 0 || cell.Changed != 0 {
					t.Errorf("after %s: %s, %d inserted, %d changed, want stored and none", fault.Kind, cell.State, cell.Inserted, cell.Changed)
				}
				same(t, a.Archive, series, all, before)
			}
			r.provider.Clear()
			r.provider.Inject(fake.Fault{Kind: fake.Revise, From: day, To: day})
			cell := r.sync(t, a, now, series, false)
			if cell.Changed == 0 || cell.Inserted != 0 {
				t.Fatalf("after a revision: %d changed, %d inserted, want some changed", cell.Changed, cell.Inserted)
			}
			old, replaced, err := a.Archive.Revisions(t.Context(), series, all)
			if err != nil || old.Len() != cell.Changed || len(replaced) != cell.Changed {
				t.Fatalf("%d revisions of %d changed bars, %v", old.Len(), cell.Changed, err)
			}
			held := map[int64]market.Candle{}
			for i := range before.TS {
				held[before.TS[i]] = before.At(i)
			}
			for i := range old.TS {
				if old.At(i) != held[old.TS[i]] {
					t.Errorf("the revision %s is not the bar that was stored, %s", show(old.At(i)), show(held[old.TS[i]]))
				}
			}
		})
	}
}

// same holds an archive's bars against those it held before.
func same(t *testing.T, archive app.Archive, series market.Series, w market.Window, want *market.Candles) {
	t.Helper()
	got, err := archive.Candles(t.Context(), series, w)
	if err != nil {
		t.Fatal(err)
	}
	if got.Len() != want.Len() {
		t.Fatalf("%d bars, there were %d", got.Len(), want.Len())
	}
	for i := range want.TS {
		if got.At(i) != want.At(i) {
			t.Fatalf("bar %s became %s", show(want.At(i)), show(got.At(i)))
		}
	}
}
