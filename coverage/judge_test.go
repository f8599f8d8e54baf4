package coverage_test

import (
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/market"
)

// TestABarWithinItsIntervalIsSeenBesideWhatWasWritten: an intraday bar may start within its interval, as after a break. What
// ends right before it was written; the bar itself is there as it was.
func TestABarWithinItsIntervalIsSeenBesideWhatWasWritten(t *testing.T) {
	t.Parallel()
	always, err := calendar.Of("CRYPTO")
	if err != nil {
		t.Fatal(err)
	}
	hour := func(n int) time.Time { return time.Date(2025, 3, 1, n, 0, 0, 0, time.UTC) }
	var stored []int64
	for n := range 12 {
		start := hour(n).Unix()
		if n == 6 {
			start += 61
		}
		stored = append(stored, start)
	}
	j := coverage.Judgement{
		Subject: coverage.Subject{Instrument: market.Instrument{Name: "BTC-USD", Calendar: always}, Timeframe: market.H1, Wall: market.Everything},
		Span:    market.Window{From: hour(0), To: hour(12)}, Until: hour(12), Now: hour(12),
	}
	for _, span := range []market.Window{{From: hour(0), To: hour(12)}, {From: hour(5), To: hour(6)}, {From: hour(6), To: hour(7)}} {
		j.Span = span
		var present []int64
		for _, ts := range stored {
			if j.Stored().Contains(time.Unix(ts, 0)) {
				present = append(present, ts)
			}
		}
		change := j.Judge(nil, present)
		if len(change.New) > 0 || change.Coverage.Expected != 12 || change.Coverage.Present != 12 {
			t.Fatalf("after %v was written: %+v, gaps %+v", span, change.Coverage, change.New)
		}
		j.Old = change.Coverage
	}
}
