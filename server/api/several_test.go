package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/format"
	"barkeep/market"
	"barkeep/server/servertest"
)

// TestSeveralInstruments in one answer, one bar a row and side by side: each has the bars that it has alone.
func TestSeveralInstruments(t *testing.T) {
	t.Parallel()
	b, es := stocked(t, 0)
	nq := servertest.Ramp(es.At(0).Start.Add(10*time.Minute), 10*time.Minute, 40)
	b.Archive.Series[market.Series{Instrument: "NQ", Timeframe: market.M5}] = nq
	const both = "/api/v1/candles?instrument=ES,NQ%3DF&timeframe=5m"
	for _, kind := range []format.Kind{format.CSV, format.Arrow, format.Parquet} {
		for _, more := range []string{"&limit=200", "&limit=0", ""} {
			a := b.Get(t, both+more+"&format="+string(kind))
			got := map[string]*market.Candles{"ES": market.NewCandles(0), "NQ": market.NewCandles(0)}
			if a.Status != http.StatusOK {
				t.Fatalf("%s %s: %d %s", kind, more, a.Status, a.Body)
			}
			_, err := format.Read(kind, strings.NewReader(a.Body), func(s market.Series, bars *market.Candles) error {
				got[s.Instrument].AppendAll(bars)
				return nil
			})
			if err != nil || !slices.Equal(got["ES"].TS, es.TS) || !slices.Equal(got["NQ"].Close, nq.Close) || !slices.Equal(got["ES"].Volume, es.Volume) {
				t.Errorf("%s %s: %d and %d bars, %v", kind, more, got["ES"].Len(), got["NQ"].Len(), err)
			}
			if c := a.Header.Values("Barkeep-Complete"); len(c) != 2 || !strings.HasPrefix(c[0], "ES: expected=60") {
				t.Errorf("%s %s: complete %q", kind, more, c)
			}
		}
	}
	var long struct {
		Instruments []string
		Complete    map[string]struct{ Expected int }
		Candles     []struct{ Instrument, Timeframe, TS string }
	}
	a := b.Get(t, both+"&limit=2")
	if err := json.Unmarshal([]byte(a.Body), &long); err != nil || len(long.Candles) != 4 || long.Candles[3].Instrument != "NQ" || long.Complete["ES"].Expected == 0 {
		t.Errorf("%v: %s", err, a.Body)
	}
	csv := b.Get(t, both+"&layout=wide&format=csv&columns=ts,close,volume&to=2026-01-15T14:50:00Z").Body
	const want = "ts,ES.close,ES.volume,NQ.close,NQ.volume\n" +
		"2026-01-15T14:30:00Z,100.25,,,\n2026-01-15T14:35:00Z,100.5,1,,\n2026-01-15T14:40:00Z,100.75,2,100.25,0\n2026-01-15T14:45:00Z,101,3,,\n"
	if csv != want {
		t.Errorf("%s\nwant\n%s", csv, want)
	}
	wide := b.Get(t, both+"&layout=wide&columns=close&to=2026-01-15T14:45:00Z").Body
	if !strings.HasSuffix(wide, `"candles":[{"ts":"2026-01-15T14:30:00Z","ES":{"close":100.25}},{"ts":"2026-01-15T14:35:00Z","ES":{"close":100.5}},`+
		`{"ts":"2026-01-15T14:40:00Z","ES":{"close":100.75},"NQ":{"close":100.25}}]}`+"\n") {
		t.Error(wide)
	}
	servertest.Refused(t, b.Get(t, both+"&require=complete&from=2026-01-15T14:30:00Z&to=2026-01-15T19:30:00Z"), http.StatusConflict)
	servertest.Refused(t, b.Get(t, both+"&require=complete&limit=0&from=2026-01-15T14:30:00Z&to=2026-01-15T19:30:00Z"), http.StatusConflict)
	servertest.Refused(t, b.Get(t, strings.Replace(both, "ES,", "ES,CL,", 1)), http.StatusNotFound)
	for query, parameter := range map[string]string{
		"&layout=wide&format=arrow": "layout", "&layout=wide&limit=0": "limit", "&layout=wide&order=desc": "order", "&limit=50000": "limit",
	} {
		if p := servertest.Refused(t, b.Get(t, both+query), http.StatusBadRequest); p.Invalid[0].Parameter != parameter {
			t.Errorf("%s: %+v", query, p.Invalid)
		}
	}
	for _, names := range []string{"ES,ES%3DF", ",", strings.Repeat("A", 300)} {
		servertest.Refused(t, b.Get(t, "/api/v1/candles?timeframe=5m&instrument="+names), http.StatusBadRequest)
	}
}
