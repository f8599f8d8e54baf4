package api_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
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
		"&layout=wide&format=json-columns": "layout", "&layout=wide&order=desc": "order", "&limit=50000": "limit", "&layout=wide&limit=50000": "limit",
	} {
		if p := servertest.Refused(t, b.Get(t, both+query), http.StatusBadRequest); p.Invalid[0].Parameter != parameter {
			t.Errorf("%s: %+v", query, p.Invalid)
		}
	}
	for _, names := range []string{"ES,ES%3DF", ",", strings.Repeat("A", 300)} {
		servertest.Refused(t, b.Get(t, "/api/v1/candles?timeframe=5m&instrument="+names), http.StatusBadRequest)
	}
}

// TestSideBySide: a stream has the rows that a page has, in every format, and is refused before its first row where one of the
// series is not there, or not as required.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	b, es := stocked(t, 0)
	b.Archive.Series[market.Series{Instrument: "NQ", Timeframe: market.M5}] = servertest.Ramp(es.At(0).Start.Add(10*time.Minute), 10*time.Minute, 40)
	const wide = "/api/v1/candles?instrument=ES,NQ&timeframe=5m&layout=wide"
	type answer struct {
		Layout   string
		Complete map[string]struct{ Expected int }
		Candles  []map[string]any
	}
	page := servertest.Decode[answer](t, b.Get(t, wide+"&limit=1000"), http.StatusOK)
	for _, more := range []string{"&limit=0", "&limit=0&time=rfc3339"} {
		stream := servertest.Decode[answer](t, b.Get(t, wide+more), http.StatusOK)
		if !reflect.DeepEqual(page, stream) || len(page.Candles) != 71 || page.Layout != "wide" || page.Complete["ES"].Expected != 60 {
			t.Errorf("%s: %d rows in a stream, %d in a page: %+v", more, len(stream.Candles), len(page.Candles), page.Complete)
		}
	}
	for _, kind := range []format.Kind{format.CSV, format.Arrow, format.Parquet} {
		paged, streamed, all := b.Get(t, wide+"&limit=1000&format="+string(kind)), b.Get(t, wide+"&limit=0&format="+string(kind)), b.Get(t, wide+"&format="+string(kind))
		if paged.Status != http.StatusOK || paged.Body != streamed.Body && kind != format.Arrow || streamed.Body != all.Body || len(paged.Body) < 1000 {
			t.Errorf("%s: %d, %d bytes in a page, %d in a stream, %d without a limit", kind, paged.Status, len(paged.Body), len(streamed.Body), len(all.Body))
		}
		if c := streamed.Header.Values("Barkeep-Complete"); len(c) != 2 || streamed.Header.Get("Content-Type") != kind.MediaType() {
			t.Errorf("%s: %v", kind, streamed.Header)
		}
		for path, status := range map[string]int{
			strings.Replace(wide, "ES,", "ES,CL,", 1): http.StatusNotFound, wide + "&require=complete&from=2026-01-15T14:30:00Z&to=2026-01-15T19:30:00Z": http.StatusConflict,
		} {
			a := b.Get(t, path+"&format="+string(kind))
			if p := servertest.Refused(t, a, status); status == http.StatusNotFound && !strings.Contains(p.Detail, "CL 5m") {
				t.Errorf("%s: %s", kind, p.Detail)
			}
		}
		if a := b.Ask(t, http.MethodGet, wide+"&format="+string(kind), "", "Accept-Encoding", "zstd"); (a.Header.Get("Content-Encoding") == "zstd") != (kind != format.Parquet) {
			t.Errorf("%s: packed as %q", kind, a.Header.Get("Content-Encoding"))
		}
	}
}

// TestSideBySideThatBreaks is no answer: a client cannot take a part for the whole.
func TestSideBySideThatBreaks(t *testing.T) {
	t.Parallel()
	b, es := stocked(t, 40_000)
	b.Archive.Series[market.Series{Instrument: "NQ", Timeframe: market.M5}] = es
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"csv", "json", "arrow", "parquet"} {
		b.Archive.FailAfter(4, errors.New("the disk is gone"))
		response, err := http.Get(b.URL() + "/api/v1/candles?instrument=ES,NQ&timeframe=5m&layout=wide&limit=0&format=" + kind) //nolint:noctx // it ends with the server
		if err != nil {                                                                                                         // not even its header came
			continue
		}
		if body, err := io.ReadAll(response.Body); err == nil {
			t.Errorf("%s: %d, %d bytes look like a whole answer", kind, response.StatusCode, len(body))
		}
		response.Body.Close()
	}
	b.Archive.FailAfter(1, errors.New("the disk is gone"))
	servertest.Refused(t, b.Get(t, "/api/v1/candles?instrument=ES,NQ&timeframe=5m&layout=wide&limit=0"), http.StatusInternalServerError)
}
