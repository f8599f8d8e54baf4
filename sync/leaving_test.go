package syncer_test

import (
	"slices"
	"testing"
	"time"

	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// TestWhatLeavesTheWindowNext: of each series the gap that is lost first, without what is lost of it already; what is never
// lost, or cannot be had, is not told.
func TestWhatLeavesTheWindowNext(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-08-19T21:05:00Z")
	newest := at(t, "2026-08-19T20:00:00Z")
	var gaps []market.Gap
	lacks := func(name string, timeframe market.Timeframe, first, last string, bars int64, reason market.GapReason, next string) {
		gaps = append(gaps, market.Gap{
			Series: market.Series{Instrument: name, Timeframe: timeframe}, First: at(t, first), Last: at(t, last), Bars: bars, Reason: reason,
			Seen: newest, Next: at(t, next),
		})
	}
	tomorrow := "2026-08-20T21:05:00Z"
	// Yahoo serves 60 days of 5m: up to 2026-06-20 21:05 all is lost. The Monday after it the session of AAPL begins at 13:30.
	lacks("AAPL", market.M5, "2026-06-18T19:50:00Z", "2026-06-22T13:40:00Z", 5, market.GapAbsent, tomorrow)
	lacks("AAPL", market.M5, "2026-08-12T13:30:00Z", "2026-08-12T13:40:00Z", 3, market.GapFailed, tomorrow)
	lacks("ES", market.M5, "2026-06-18T14:00:00Z", "2026-06-18T14:10:00Z", 3, market.GapAbsent, tomorrow)
	lacks("ES", market.H1, "2026-08-19T14:00:00Z", "2026-08-19T15:00:00Z", 2, market.GapLate, tomorrow)
	lacks("ES", market.H1, "2026-08-17T14:00:00Z", "2026-08-17T14:00:00Z", 1, market.GapNull, tomorrow)
	lacks("NQ", market.M5, "2026-08-03T14:00:00Z", "2026-08-03T14:00:00Z", 1, market.GapUnavailable, tomorrow)
	lacks("NQ", market.D1, "2026-08-03T04:00:00Z", "2026-08-03T04:00:00Z", 1, market.GapAbsent, tomorrow)
	request := syncer.Request{
		Instruments: resolve(t, "AAPL", "ES", "NQ"), Timeframes: []market.Timeframe{market.M5, market.H1, market.D1},
	}
	var states []market.SeriesState
	for _, i := range request.Instruments {
		for _, timeframe := range request.Timeframes {
			states = append(states, holding(i.Name, timeframe, newest))
		}
	}
	type told struct {
		series      string
		bars        int64
		reason      market.GapReason
		first, lost time.Time
		asked       bool
	}
	const days5m, daysH1 = 60 * 24 * time.Hour, 730 * 24 * time.Hour
	monday, null := at(t, "2026-06-22T13:30:00Z"), at(t, "2026-08-17T14:00:00Z")
	want := []told{
		{"AAPL 5m", 3, market.GapAbsent, monday, monday.Add(days5m), false}, {"ES 1h", 1, market.GapNull, null, null.Add(daysH1), true},
	}
	var got []told
	for _, l := range syncer.MakePlan(yahoo.Capabilities(), request, states, gaps, now).Leaving() {
		got = append(got, told{l.Gap.Series.String(), l.Gap.Bars, l.Gap.Reason, l.Gap.First, l.At, l.Asked})
	}
	if !slices.Equal(got, want) {
		t.Errorf("the next to be lost are\n%+v, want\n%+v", got, want)
	}
}
