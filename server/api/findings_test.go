package api_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/server/servertest"
	"barkeep/server/view"
	"barkeep/store"
)

func TestFindings(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	type answer map[string][]view.Finding
	if none := servertest.Decode[answer](t, b.Get(t, "/api/v1/findings"), http.StatusOK)["findings"]; none == nil || len(none) != 0 {
		t.Errorf("of none it says %v", none)
	}
	d := calendar.Date{Year: 2026, Month: 1, Day: 8}
	seen := time.Date(2026, 1, 9, 20, 0, 0, 0, time.UTC)
	b.Archive.Found = []store.Finding{{
		Calendar: "XNYS", Kind: store.FindingEarly, First: d, Last: d, Dates: []calendar.Date{d}, Days: 1, Instruments: []string{"AAPL"}, Of: 1,
		Timeframes: []market.Timeframe{market.M5}, Bars: 36, Clock: 13 * time.Hour, Seen: seen, Holds: seen,
	}}
	all := servertest.Decode[answer](t, b.Get(t, "/api/v1/findings"), http.StatusOK)["findings"]
	if len(all) != 1 || all[0].First != "2026-01-08" || !slices.Equal(all[0].Dates, []string{"2026-01-08"}) || !all[0].Weak ||
		all[0].Clock != "13:00" || all[0].Bars != 36 || all[0].Seen.Pacific != "2026-01-09T12:00:00-08:00" ||
		all[0].Advice != "if it closed then: barkeep calendar add XNYS 2026-01-08 early --close 13:00" {
		t.Errorf("it says %+v", all)
	}
	servertest.Refused(t, b.Get(t, "/api/v1/findings?kind=x"), http.StatusBadRequest)
}
