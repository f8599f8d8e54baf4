package api_test

import (
	"net/http"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/server/servertest"
	"barkeep/server/view"
)

func TestProofs(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	type answer map[string][]view.TimeframeProof
	if none := servertest.Decode[answer](t, b.Get(t, "/api/v1/proofs"), http.StatusOK)["proofs"]; none == nil || len(none) != 0 {
		t.Errorf("of none it says %v", none)
	}
	at := time.Date(2026, 9, 1, 15, 30, 0, 0, time.UTC)
	pair := market.Pair{Finer: market.H1, Coarser: market.D1}
	august := market.MonthOf(time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	for _, name := range []string{"ES", "NQ"} {
		b.Archive.Proofs = append(b.Archive.Proofs, market.Proof{Instrument: name, Pair: pair, Month: august, Sessions: 20, Agreed: 19, At: at})
	}
	all := servertest.Decode[answer](t, b.Get(t, "/api/v1/proofs?instrument=ES"), http.StatusOK)["proofs"]
	if len(all) != 1 || all[0].Instrument != "ES" || all[0].Disagree != 1 || all[0].Causes == nil ||
		all[0].Proved.Pacific != "2026-09-01T08:30:00-07:00" {
		t.Errorf("of one it says %+v", all)
	}
	servertest.Refused(t, b.Get(t, "/api/v1/proofs?instrument=E/S"), http.StatusBadRequest)
}
