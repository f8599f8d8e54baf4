package storetest

import (
	"reflect"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// testFindings keeps findings, reads them back as they were and in order, and replaces all of them.
func testFindings(t *testing.T, db Database) {
	archive := migrated(t, db)
	day := func(year, d int) calendar.Date { return calendar.Date{Year: year, Month: 1, Day: d} }
	seen := time.Date(2026, 2, 1, 10, 0, 0, 123000, time.UTC)
	traded := store.Finding{
		Calendar: "XNYS", Kind: store.FindingTraded, First: day(1969, 3), Last: day(2026, 4),
		Dates: []calendar.Date{day(1969, 3), day(2026, 4)}, Days: 2, Instruments: []string{"AAPL", "^GSPC"}, Of: 3,
		Timeframes: []market.Timeframe{market.M5, market.D1}, Bars: 158,
		Seen: seen, Holds: seen.Add(time.Hour),
	}
	closed := store.Finding{
		Calendar: "XNYS", Kind: store.FindingClosed, First: day(2026, 5), Last: day(2026, 5), Days: 1,
		Dates:       []calendar.Date{day(2026, 5)},
		Instruments: []string{"AAPL"}, Of: 1, Timeframes: []market.Timeframe{market.D1}, Bars: 1, Closure: true,
		Seen: seen, Holds: seen,
	}
	before := store.Finding{
		Calendar: "CME_EQUITY", Kind: store.FindingBefore, First: day(2026, 6), Last: day(2026, 6), Days: 1,
		Dates: []calendar.Date{day(2026, 6)}, Instruments: []string{"ES"}, Of: 1, Timeframes: []market.Timeframe{market.M1}, Bars: 9,
		Clock: -7 * time.Hour, Seen: seen, Holds: seen,
	}
	for _, step := range []struct{ keep, want []store.Finding }{
		{nil, nil},
		{[]store.Finding{closed, before, traded}, []store.Finding{before, traded, closed}},
		{[]store.Finding{closed}, []store.Finding{closed}},
		{nil, nil},
	} {
		if err := archive.KeepFindings(t.Context(), step.keep); err != nil {
			t.Fatal(err)
		}
		if got, err := archive.Findings(t.Context()); err != nil || !reflect.DeepEqual(got, step.want) {
			t.Errorf("findings\n%+v, want\n%+v, %v", got, step.want, err)
		}
	}
	if err := archive.KeepFindings(t.Context(), []store.Finding{closed}); err != nil {
		t.Fatal(err)
	}
	if err := archive.KeepFindings(t.Context(), []store.Finding{traded, traded}); err == nil {
		t.Error("the same finding was kept twice")
	}
	if got, err := archive.Findings(t.Context()); err != nil || len(got) != 1 {
		t.Errorf("after one that failed there are %d findings, %v", len(got), err)
	}
}
