package market_test

import (
	"testing"
	"time"

	"barkeep/market"
)

// A series without an answer of its own, restated because another one of its instrument told of the split.
func TestStoredBefore(t *testing.T) {
	t.Parallel()
	four, few := split(t, "2026-06-15", 4, 1), split(t, "2026-06-15", 21, 20)
	for _, tt := range []struct {
		name    string
		split   market.Action
		until   string // of the stored bars
		stored  int    // 1: they include the split
		mixed   string // they include it from this date on
		arrived string // empty when it is not known
		before  string // empty when nothing is to be restated
		sure    bool
		crash   string // until this date prices are four times as high, in truth
	}{
		{"arrived before it", four, "2026-06-13", 0, "", "2026-06-12 17:05", "2026-06-15", true, ""},
		{"a small one, arrived before it", few, "2026-06-13", 0, "", "2026-06-12 17:05", "2026-06-15", true, ""},
		{"a jump at it", four, "2026-06-18", 0, "", "", "2026-06-15", true, ""},
		{"a jump at it, backfilled late", four, "2026-06-18", 0, "", "2026-06-17 17:05", "2026-06-15", true, ""},
		{"no jump at it", four, "2026-06-18", 1, "", "", "", true, ""},
		{"no jump at it, backfilled behind it", four, "2026-06-18", 1, "", "2026-06-17 17:05", "", true, ""},
		{"backfilled new on the weekend before", four, "2026-06-18", 1, "", "2026-06-13 17:05", "", true, ""},
		{"mixed by an earlier release", four, "2026-06-18", 0, "2026-06-05", "", "2026-06-05", true, ""},
		{"the archive ends before it", four, "2026-06-13", 0, "", "", "2026-06-15", true, ""},
		{"backfilled behind it, without a bar behind it", four, "2026-06-13", 1, "", "2026-06-15 17:05", "", false, ""},
		{"a small one, arrival not known", few, "2026-06-18", 1, "", "", "", false, ""},
		{"a crash of its size, arrived before it", four, "2026-06-13", 0, "", "2026-06-12 17:05", "2026-06-15", true, "2026-06-01"},
		{"a crash of its size, backfilled behind it", four, "2026-06-18", 1, "", "2026-06-17 17:05", "", true, "2026-06-01"},
		{"a crash of its size and a jump at it", four, "2026-06-18", 0, "", "", "2026-06-15", true, "2026-06-01"},
		{"no bars", four, "2026-05-18", 0, "", "", "", true, ""},
		{"no split", market.Action{Kind: market.ActionDividend, Time: four.Time, Numerator: 1, Denominator: 1}, "2026-06-18", 0, "", "", "", true, ""},
	} {
		p := newTape(t, "XNYS", market.M5, "2026-05-18", "2026-06-20", 4, 0.012, tt.split)
		stored := p.span(t, p.as(tt.stored, tt.stored), "2026-05-18", tt.until)
		for i, ts := range stored.TS {
			if tt.crash != "" && ts < at(t, p.cal.Zone, tt.crash+" 00:00").Unix() {
				changed(stored, i, 4)
			}
		}
		if tt.mixed != "" {
			stored = joined(stored, p.span(t, p.as(1, 1), tt.mixed, tt.until))
		}
		var arrived func(int64) (time.Time, bool)
		if tt.arrived != "" {
			arrived = arrivedAt(t, p.cal.Zone, tt.arrived)
		}
		got := market.StoredBefore(stored, arrived, tt.split, p.cal)
		before := ""
		if !got.Before.IsZero() {
			before = got.Before.In(p.cal.Zone).Format(time.DateOnly)
		}
		if before != tt.before || got.Sure != tt.sure {
			t.Errorf("%s: before %q, sure %v", tt.name, before, got.Sure)
		}
	}
}
