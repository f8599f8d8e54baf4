package view_test

import (
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/server/view"
	"barkeep/store"
)

// TestAdvice is of commands that barkeep calendar takes.
func TestAdvice(t *testing.T) {
	t.Parallel()
	day := func(d int) calendar.Date { return calendar.Date{Year: 2026, Month: 1, Day: d} }
	half := 30 * time.Minute
	for _, tt := range []struct {
		finding store.Finding
		want    string
	}{
		{store.Finding{Calendar: "XNYS", Kind: store.FindingTraded, First: day(19)}, "if it did trade: barkeep calendar add XNYS 2026-01-19 regular"},
		{
			store.Finding{Calendar: "XNYS", Kind: store.FindingTraded, First: day(24)},
			"if it did trade: barkeep calendar add XNYS 2026-01-24 special --open HH:MM --close HH:MM",
		},
		{
			store.Finding{Calendar: "XNYS", Kind: store.FindingClosed, First: day(8)},
			"if it was closed: barkeep calendar add XNYS 2026-01-08; else it is asked for again",
		},
		{
			store.Finding{Calendar: "XNYS", Kind: store.FindingClosed, First: day(8), Closure: true},
			"taken for closed, and not asked for again; for certain: barkeep calendar add XNYS 2026-01-08",
		},
		{
			store.Finding{Calendar: "XNYS", Kind: store.FindingBefore, First: day(8), Clock: 8*time.Hour + half},
			"if it opened then: barkeep calendar add XNYS 2026-01-08 special --open 08:30 --close 16:00",
		},
		{
			store.Finding{Calendar: "CME_EQUITY", Kind: store.FindingAfter, First: day(8), Clock: 17*time.Hour + half},
			"if it closed then: barkeep calendar add CME_EQUITY 2026-01-08 special --open -18:00 --close 17:30",
		},
		{
			store.Finding{Calendar: "XNYS", Kind: store.FindingLate, First: day(8), Clock: 10*time.Hour + half},
			"if it opened then: barkeep calendar add XNYS 2026-01-08 late --open 10:30",
		},
		{
			store.Finding{Calendar: "XNYS", Kind: store.FindingEarly, First: day(8), Clock: 13 * time.Hour},
			"if it closed then: barkeep calendar add XNYS 2026-01-08 early --close 13:00",
		},
	} {
		got := view.Renderer{Pacific: time.UTC}.Findings([]store.Finding{tt.finding})[0]
		if got.Advice != tt.want {
			t.Errorf("%s on %s: %q, want %q", tt.finding.Kind, tt.finding.First, got.Advice, tt.want)
		}
	}
}
