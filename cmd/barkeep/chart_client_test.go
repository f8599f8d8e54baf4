package main_test

import (
	"encoding/json"
	"encoding/pem"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barkeep/tools/clients"
)

// charted is what a call of the provider's client gave: a chart, or of historical a list of rows.
type charted struct {
	Result json.RawMessage
	Error  string
	Errors json.RawMessage
}

// chart is a chart as the client gives it.
type chart struct {
	Meta struct {
		Symbol, Currency, InstrumentType, DataGranularity, ExchangeTimezoneName string
		RegularMarketPrice                                                      float64
	}
	Quotes []quote
	Events struct {
		Dividends []struct {
			Amount float64
			Date   time.Time
		}
		Splits []struct {
			SplitRatio string
			Date       time.Time
		}
	}
}

// quote is a bar, or a row of historical, as the client gives it.
type quote struct {
	Date                             time.Time
	Open, High, Low, Close, AdjClose *float64
	Volume                           *int64
	Dividends                        float64
	StockSplits                      string
}

// gave reads what a call gave, which must be no error.
func gave[T any](t *testing.T, c charted) (value T) {
	t.Helper()
	if c.Error != "" {
		t.Fatalf("the client says: %s %s", c.Error, c.Errors)
	}
	if err := json.Unmarshal(c.Result, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// behindTLS puts a proxy with a certificate of its own before a server, as the client's https needs, and returns its address and
// the file of the certificate.
func behindTLS(t *testing.T, target string) (host, certificate string) {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(to))
	t.Cleanup(proxy.Close)
	certificate = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw})
	if err := os.WriteFile(certificate, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(proxy.URL, "https://"), certificate
}

// callYahoo makes calls of the provider's client, each a method and its arguments, against a server.
func callYahoo(t *testing.T, target string, calls ...[]any) []charted {
	t.Helper()
	host, certificate := behindTLS(t, target)
	text, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	var answers []charted
	clients.Script{
		File: "testdata/yahoo.mjs", Arguments: []string{host, string(text)}, Environment: []string{"NODE_EXTRA_CA_CERTS=" + certificate},
	}.JSON(t, &answers)
	if len(answers) != len(calls) {
		t.Fatalf("%d answers to %d calls", len(answers), len(calls))
	}
	return answers
}

// TestTheProvidersClientReadsTheArchive lets yahoo-finance2 of npm read a server three months after its archive was filled,
// when the provider would refuse bars of 1m, and holds every value against the archive's.
func TestTheProvidersClientReadsTheArchive(t *testing.T) {
	t.Parallel()
	const filled, later = "BARKEEP_NOW=2026-08-21T22:00:00Z", "BARKEEP_NOW=2026-11-20T22:00:00Z"
	address := provider(t, []string{filled},
		"--change", "split=4:1,2026-08-12@AAPL", "--change", "dividend=0.25,2026-06-15@AAPL", "--change", "dividend=0.3,2026-08-18@AAPL")
	e := engines(t)[0]
	env := []string{
		"DATABASE_URL=" + e.url, "YAHOO_REQUESTS_PER_MINUTE=600000", "INSTRUMENTS=AAPL,ES",
		"TIMEFRAMES=1m,1h,1d,1wk",
	}
	barkeep(t, append(env, filled, "YAHOO_BASE_URL="+address), "sync").must(t, 0)
	worker := serve(t, append(env, later, "YAHOO_BASE_URL=http://127.0.0.1:9", "CORS_ORIGINS=https://charts.example.org"))
	sameUDF(t, e, worker.url)
	with := func(more ...string) map[string]any {
		options := map[string]any{"period1": "2026-06-01", "period2": "2026-08-22"}
		for i := 0; i+1 < len(more); i += 2 {
			options[more[i]] = more[i+1]
		}
		return options
	}
	got := callYahoo(
		t, worker.url,
		[]any{"chart", "AAPL", with("interval", "1m")}, []any{"chart", "ES=F", with("interval", "1m")},
		[]any{"chart", "ES=F", with("interval", "1h")}, []any{"chart", "AAPL", with()}, []any{"chart", "AAPL", with("interval", "1wk")},
		[]any{"historical", "AAPL", with()},
		[]any{"historical", "AAPL", with("events", "dividends")}, []any{"historical", "AAPL", with("events", "split")},
		[]any{"chart", "NOSUCH", with()}, []any{"chart", "AAPL", with("interval", "5m")},
		[]any{"chart", "AAPL", with("period1", "2026-10-01", "period2", "2026-10-02")},
		[]any{"chart", "AAPL", with("period1", "1999-10-01", "period2", "1999-10-02")},
	)
	for i, series := range []string{"AAPL 1m", "ES 1m", "ES 1h", "AAPL 1d", "AAPL 1wk"} {
		instrument, timeframe, _ := strings.Cut(series, " ")
		sameBars(t, e, instrument, timeframe, gave[chart](t, got[i]).Quotes)
	}
	meta := gave[chart](t, got[0]).Meta
	if meta.Symbol != "AAPL" || meta.Currency != "USD" || meta.InstrumentType != "EQUITY" || meta.DataGranularity != "1m" ||
		meta.ExchangeTimezoneName != "America/New_York" || meta.RegularMarketPrice <= 0 {
		t.Errorf("meta %+v", meta)
	}
	days := gave[chart](t, got[3])
	if paid, splits := days.Events.Dividends, days.Events.Splits; len(paid) != 2 || len(splits) != 1 || paid[0].Amount != 0.25 ||
		splits[0].SplitRatio != "4:1" || splits[0].Date.Format(time.DateOnly) != "2026-08-12" {
		t.Errorf("events: dividends %+v, splits %+v", paid, splits)
	}
	sameHistory(t, days.Quotes, got[5:8])
	for i, want := range map[int]string{
		8:  "Error: No data found, symbol may be delisted",
		11: "BadRequestError: Data doesn't exist for startDate = ",
	} {
		if !strings.Contains(got[i].Error, want) {
			t.Errorf("call %d gives %q, want %q", i, got[i].Error, want)
		}
	}
	if folded := gave[chart](t, got[9]); len(folded.Quotes) == 0 || folded.Meta.DataGranularity != "5m" {
		t.Errorf("a timeframe that is not kept gives %d bars of %s", len(folded.Quotes), folded.Meta.DataGranularity)
	}
	if empty := gave[chart](t, got[10]); len(empty.Quotes) != 0 || empty.Meta.Symbol != "AAPL" {
		t.Errorf("a window without bars gives %+v", empty)
	}
}

// sameUDF holds what TradingView's protocol gives of a window against the archive, as a page of a configured origin reads it.
func sameUDF(t *testing.T, e engine, url string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/udf/history?symbol=ES&resolution=60&from=1780272000&to=1787356800", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "https://charts.example.org")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Access-Control-Allow-Origin"); got != "https://charts.example.org" {
		t.Errorf("the page may not read it: %q", got)
	}
	var bars struct {
		S          string
		T          []int64
		O, H, L, C []*float64
		V          []*int64
	}
	if err := json.NewDecoder(response.Body).Decode(&bars); err != nil || bars.S != "ok" {
		t.Fatalf("%+v, %v", bars, err)
	}
	rows := make([]quote, len(bars.T))
	for i, ts := range bars.T {
		rows[i] = quote{Date: time.Unix(ts, 0), Open: bars.O[i], High: bars.H[i], Low: bars.L[i], Close: bars.C[i], Volume: bars.V[i]}
	}
	sameBars(t, e, "ES", "1h", rows)
}

// sameBars holds bars against those of the archive. The provider stamps a share's daily bar with the opening bell, the archive
// with midnight.
func sameBars(t *testing.T, e engine, instrument, timeframe string, got []quote) {
	t.Helper()
	since := "2026-06-01"
	if timeframe == "1wk" {
		since = "2026-05-25" // that instant is a Sunday evening in New York, and the bar that holds it is served
	}
	rows, err := e.open(t).QueryContext(t.Context(), `SELECT ts, open, high, low, close, volume FROM candles WHERE series_id =
		(SELECT id FROM series WHERE instrument = $1 AND timeframe = $2) AND ts >= unixepoch($3) ORDER BY ts`, instrument, timeframe, since)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var ts int64
		var o, h, l, c float64
		var volume *int64
		if err := rows.Scan(&ts, &o, &h, &l, &c, &volume); err != nil {
			t.Fatal(err)
		}
		if n >= len(got) {
			continue
		}
		bell := int64(0)
		if timeframe == "1d" {
			bell = 9*3600 + 1800
		}
		b := got[n]
		if b.Date.Unix() != ts+bell || *b.Open != o || *b.High != h || *b.Low != l || *b.Close != c ||
			(b.Volume == nil) != (volume == nil) || volume != nil && *b.Volume != *volume {
			t.Fatalf("%s %s: bar %d is %+v, the archive has %d %v %v %v %v", instrument, timeframe, n, b, ts, o, h, l, c)
		}
	}
	if err := rows.Err(); err != nil || n == 0 || n != len(got) {
		t.Fatalf("%s %s: %d bars, the archive has %d (%v)", instrument, timeframe, len(got), n, err)
	}
}

// sameHistory holds what historical gives, of prices, dividends and splits, against the chart of days: adjusted closes are closes
// times what is left after each later dividend.
func sameHistory(t *testing.T, days []quote, got []charted) {
	t.Helper()
	rows := gave[[]quote](t, got[0])
	if len(rows) != len(days) {
		t.Fatalf("historical gives %d days, chart %d", len(rows), len(days))
	}
	factor := 1.0
	paid := map[string]float64{"2026-06-15": 0.25, "2026-08-18": 0.3}
	for i := len(rows) - 1; i >= 0; i-- {
		if *rows[i].Close != *days[i].Close || *rows[i].AdjClose != *days[i].AdjClose || !rows[i].Date.Equal(days[i].Date) {
			t.Fatalf("historical gives %+v, chart %+v", rows[i], days[i])
		}
		if want := *rows[i].Close * factor; math.Abs(*rows[i].AdjClose-want) > 1e-9*want {
			t.Errorf("%s: the adjusted close is %v, want %v", rows[i].Date, *rows[i].AdjClose, want)
		}
		if amount, ok := paid[rows[i].Date.Format(time.DateOnly)]; ok {
			factor *= 1 - amount / *rows[i-1].Close
		}
	}
	dividends, splits := gave[[]quote](t, got[1]), gave[[]quote](t, got[2])
	if len(dividends) != 2 || dividends[0].Dividends != 0.25 || dividends[1].Dividends != 0.3 ||
		len(splits) != 1 || splits[0].StockSplits != "4:1" {
		t.Errorf("historical gives the dividends %+v and the splits %+v", dividends, splits)
	}
}
