package udf_test

import (
	"strings"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/server/udf"
)

// TestSessionsInTheLibrarysWords has what trades by day, in the evening before, with breaks, around the clock and who knows when.
func TestSessionsInTheLibrarysWords(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	for name, want := range map[string]struct {
		session string
		closed  []string // dates among the holidays
		odd     []string // corrections
	}{
		"XNYS":        {"0930-1600:23456", []string{"20251225", "20260703", "20261126"}, []string{"0930-1300:20251128,20251224,20261127,20261224"}},
		"CME_EQUITY":  {"1800-1700:23456", []string{"20251225", "20260101"}, []string{"1800-1315:20251128"}},
		"CBOT_GRAINS": {"2000-0845,0930-1420:23456", []string{"20251225"}, nil},
		"XTKS":        {"0900-1130,1230-1530:23456", []string{"20260101"}, nil},
		"CRYPTO":      {"24x7", nil, nil},
		"LISTED":      {"0000-2400:23456", nil, nil},
		"XSAU":        {"1000-1500:12345", nil, nil},
		"FX":          {"2200F1-2400:2|0000-2400:345|0000-2200:6", nil, nil},
	} {
		c, err := calendar.Of(name)
		if name == "LISTED" {
			c, err = calendar.InferredIn(time.UTC), nil
		}
		if err != nil {
			t.Fatal(err)
		}
		session, holidays, corrections := udf.HoursOf(c, now)
		if session != want.session {
			t.Errorf("%s: session %q, want %q", name, session, want.session)
		}
		for _, date := range want.closed {
			if !strings.Contains(holidays, date) {
				t.Errorf("%s: %s is no holiday in %q", name, date, holidays)
			}
		}
		for _, text := range want.odd {
			if !strings.Contains(corrections, text) {
				t.Errorf("%s: no %q in %q", name, text, corrections)
			}
		}
	}
}
