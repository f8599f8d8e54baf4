package storetest

import (
	"reflect"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// testProofs keeps how far timeframes agree: a month of an instrument is replaced as a whole, and nothing else is.
func testProofs(t *testing.T, db Database) {
	archive := migrated(t, db)
	month := func(m time.Month) market.Month { return market.Month{Year: 2026, Month: m} }
	proof := func(name string, finer, coarser market.Timeframe, m time.Month, sessions int) market.Proof {
		return market.Proof{
			Instrument: name, Pair: market.Pair{Finer: finer, Coarser: coarser}, Month: month(m), Sessions: sessions, Agreed: sessions - 3,
			Bars: sessions * 92, Same: sessions*92 - 5, At: start().Add(time.Duration(sessions) * time.Microsecond),
			Causes: map[market.Disagreement]int{market.DisagreePrices: 1, market.DisagreeFiner: 2},
		}
	}
	put := func(name string, m time.Month, proofs ...market.Proof) {
		t.Helper()
		if err := archive.PutProofs(t.Context(), name, month(m), proofs); err != nil {
			t.Fatal(err)
		}
	}
	want := func(f store.ProofFilter, want ...market.Proof) {
		t.Helper()
		if got, err := archive.ProofList(t.Context(), f); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("of %+v the proofs are %+v, %v; want %+v", f, got, err, want)
		}
	}
	all := store.ProofFilter{}
	want(all)
	fine, coarse := proof("ES", market.M5, market.M15, time.December, 20), proof("ES", market.M15, market.H1, time.December, 21)
	daily, early := proof("ES", market.M5, market.D1, time.December, 22), proof("ES", market.M5, market.D1, time.August, 23)
	other := proof("BTC-USD", market.M5, market.D1, time.December, 31)
	agreed := market.Proof{
		Instrument: "éS", Pair: market.Pair{Finer: market.M1, Coarser: market.M5}, Month: market.Month{Year: 2027, Month: 1},
		Sessions: 1, Agreed: 1, Bars: 1, Same: 1, Causes: map[market.Disagreement]int{}, At: start(),
	}
	put("ES", time.December, daily, coarse, fine)
	put("ES", time.August, early)
	put("BTC-USD", time.December, other)
	if err := archive.PutProofs(t.Context(), agreed.Instrument, agreed.Month, []market.Proof{agreed}); err != nil {
		t.Fatal(err)
	}
	want(all, other, fine, coarse, early, daily, agreed)
	want(store.ProofFilter{Instruments: []string{"ES", "NQ"}}, fine, coarse, early, daily)
	want(store.ProofFilter{From: month(time.September)}, other, fine, coarse, daily, agreed)
	want(store.ProofFilter{From: month(time.August), To: month(time.November)}, early)
	want(store.ProofFilter{Instruments: []string{"BTC-USD"}, To: month(time.August)})

	again := proof("ES", market.M5, market.D1, time.December, 19)
	put("ES", time.December, again)
	want(store.ProofFilter{Instruments: []string{"ES"}}, early, again)
	if err := archive.PutProofs(t.Context(), "ES", month(time.December), []market.Proof{early}); err == nil {
		t.Error("a proof of August was kept as one of December")
	}
	want(store.ProofFilter{Instruments: []string{"ES"}}, early, again)
	put("ES", time.December)
	want(store.ProofFilter{Instruments: []string{"ES"}}, early)
}
