package query_test

import (
	"slices"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// TestHeldBackIsOneThingForEachInstrumentAndCause, however many series saw it: a person decides it once.
func TestHeldBackIsOneThingForEachInstrumentAndCause(t *testing.T) {
	t.Parallel()
	at := func(hour int) time.Time { return time.Date(2026, 8, 17, hour, 0, 0, 0, time.UTC) }
	held := func(instrument string, timeframe market.Timeframe, cause store.HeldCause, first, last int) store.Held {
		return store.Held{
			Series: market.Series{Instrument: instrument, Timeframe: timeframe}, Cause: cause, Says: string(timeframe) + " says",
			First: at(first), Last: at(last),
		}
	}
	groups := query.GroupHeld([]store.Held{
		held("FB", market.D1, store.HeldScale, 5, 9), held("FB", market.D1, store.HeldListing, 4, 6),
		held("ES", market.M5, store.HeldScale, 1, 2), held("FB", market.M5, store.HeldListing, 3, 7), held("FB", market.M1, store.HeldListing, 5, 5),
	})
	var got []string
	for _, g := range groups {
		got = append(got, g.Name()+": "+g.Text()+", "+g.Command()+", "+g.First.Format("15")+"-"+g.Last.Format("15"))
	}
	want := []string{
		"the answers for ES (scale): 5m says (seen in 5m), barkeep accept ES, 01-02",
		"the answers for FB (listing): 5m says (seen in 1m, 5m, 1d), barkeep accept FB, 03-07",
		"the answers for FB (scale): 1d says (seen in 1d), barkeep accept FB, 05-09",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if none := query.GroupHeld(nil); len(none) != 0 {
		t.Errorf("nothing is held back, and there are %d", len(none))
	}
}
