package api_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/server/servertest"
)

// listed is a list of series as clients read it, in /api/v1/series and in /status.
type listed struct {
	Series []struct {
		Instrument, Timeframe string
		Bars                  int
		Oldest, Newest        *servertest.Both
	}
}

// TestSeriesAreListedShortestTimeframeFirst: 5m before 15m before 1d, of one instrument after the other.
func TestSeriesAreListedShortestTimeframeFirst(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	for _, instrument := range []string{"NQ", "ES"} {
		for _, timeframe := range market.Timeframes() {
			b.Archive.Series[market.Series{Instrument: instrument, Timeframe: timeframe}] = servertest.Ramp(servertest.WinterNoon(), time.Minute, 1)
		}
	}
	var want []string
	for _, instrument := range []string{"ES", "NQ"} {
		for _, timeframe := range market.Timeframes() {
			want = append(want, instrument+" "+string(timeframe))
		}
	}
	for _, path := range []string{"/api/v1/series", "/status"} {
		var got []string
		for _, s := range servertest.Decode[listed](t, b.Get(t, path), http.StatusOK).Series {
			got = append(got, s.Instrument+" "+s.Timeframe)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s lists %q, want %q", path, got, want)
		}
	}
}

func TestSeriesAndInstruments(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	b.Archive.Series[market.Series{Instrument: "NQ", Timeframe: market.D1}] = servertest.Ramp(servertest.WinterNoon(), 24*time.Hour, 3)
	b.Archive.Series[market.Series{Instrument: "NQ", Timeframe: market.M5}] = servertest.Ramp(servertest.WinterNoon(), 5*time.Minute, 2)
	b.Archive.Series[market.Series{Instrument: "AAPL", Timeframe: market.D1}] = market.NewCandles(0)
	series := servertest.Decode[listed](t, b.Get(t, "/api/v1/series"), http.StatusOK).Series
	if len(series) != 3 || series[2].Bars != 3 || *series[2].Newest != (servertest.Both{UTC: "2026-01-17T22:10:00Z", Pacific: "2026-01-17T14:10:00-08:00"}) {
		t.Errorf("series %+v", series)
	}
	found := servertest.Decode[struct {
		Instruments []struct {
			Name, Symbol, Kind, Zone string
			Kept                     bool
			Timeframes               []string
		}
	}](t, b.Get(t, "/api/v1/instruments"), http.StatusOK).Instruments
	if len(found) != 2 || found[0].Name != "ES" || found[0].Symbol != "ES=F" || !found[0].Kept || len(found[0].Timeframes) != 0 ||
		found[0].Zone != "America/New_York" || found[1].Name != "NQ" || found[1].Kept || !slices.Equal(found[1].Timeframes, []string{"5m", "1d"}) {
		t.Errorf("instruments %+v", found)
	}
	servertest.Refused(t, b.Get(t, "/api/v1/series?instrument=ES"), http.StatusBadRequest)
	servertest.Refused(t, b.Get(t, "/api/v1/instruments?x=1"), http.StatusBadRequest)
}

// TestInstrumentsHaveTheirListing shows what the provider says of an instrument, and null of one that it said nothing of.
func TestInstrumentsHaveTheirListing(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	for _, name := range []string{"ABCD.QQ", "ES"} {
		b.Archive.Series[market.Series{Instrument: name, Timeframe: market.D1}] = servertest.Ramp(servertest.WinterNoon(), 24*time.Hour, 1)
	}
	told := map[string]string{}
	for _, i := range servertest.Decode[struct {
		Instruments []struct {
			Name    string
			Listing *struct{ Symbol, Type string }
		}
	}](t, b.Get(t, "/api/v1/instruments"), http.StatusOK).Instruments {
		if told[i.Name] = "nothing"; i.Listing != nil {
			told[i.Name] = i.Listing.Symbol + " " + i.Listing.Type
		}
	}
	if told["ABCD.QQ"] != "ABCD.QQ EQUITY" || told["ES"] != "nothing" {
		t.Errorf("the listings are %v", told)
	}
}
