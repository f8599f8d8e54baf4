package yahoo_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barkeep/market"
	"barkeep/yahoo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// swift is a configuration without delays: no pacing to speak of, and no second attempt.
func swift(now time.Time, urls ...string) yahoo.Config {
	return yahoo.Config{
		BaseURLs: urls, RequestsPerMinute: 1e6, Attempts: 1, Now: func() time.Time { return now },
		Logger: slog.New(slog.DiscardHandler),
	}
}

// client makes a Client that is closed with the test.
func client(tb testing.TB, config yahoo.Config) *yahoo.Client {
	tb.Helper()
	c, err := yahoo.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return c
}

// serve runs a provider on a real socket.
func serve(tb testing.TB, handler http.HandlerFunc) string {
	tb.Helper()
	server := httptest.NewServer(handler)
	tb.Cleanup(server.Close)
	return server.URL
}

// question asks for two days of ES bars before now.
func question(tb testing.TB, timeframe market.Timeframe, now time.Time) market.FetchRequest {
	tb.Helper()
	return market.FetchRequest{
		Instrument: instrument(tb, "ES"), Timeframe: timeframe, Depth: 60 * day,
		Window: market.Window{From: now.Add(-2 * day), To: now},
	}
}

// oneBar is a body with one finished 5m bar of ES, half an hour before now.
func oneBar(now time.Time) string {
	start := now.Add(-30 * time.Minute).Truncate(5 * time.Minute).Unix()
	return fmt.Sprintf(`{"chart":{"result":[{"meta":{"symbol":"ES=F","exchangeTimezoneName":"America/New_York","dataGranularity":"5m"},`+
		`"timestamp":[%d],"indicators":{"quote":[{"open":[1],"high":[2],"low":[1],"close":[2],"volume":[7]}]}}],"error":null}}`, start)
}

func TestFetchRecordedRefusals(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	want := map[string]struct {
		outcome market.Outcome
		depth   time.Duration
	}{
		"200-empty-weekend.json":              {market.OutcomeEmpty, 0},
		"400-BEKE-08d83a.json":                {market.OutcomeEmpty, 0},
		"400-invalid-interval-before-4h.json": {market.OutcomeRefused, 0},
		"400-invalid-interval.json":           {market.OutcomeRefused, 0},
		"400-no-data-for-start-date.json":     {market.OutcomeEmpty, 0},
		"400-start-after-end.json":            {market.OutcomeRefused, 0},
		"401-invalid-crumb.json":              {market.OutcomeRefused, 0},
		"404-SI-4779f9.json":                  {market.OutcomeNotFound, 0},
		"404-delisted.json":                   {market.OutcomeNotFound, 0},
		"404-not-found-paisa.json":            {market.OutcomeNotFound, 0},
		"422-15m-last-60-days.json":           {market.OutcomeRange, 60 * day},
		"422-1m-7-days.json":                  {market.OutcomeRange, 7 * day},
		"422-1m-8-days.json":                  {market.OutcomeRange, 8 * day},
		"422-1m-last-30-days.json":            {market.OutcomeRange, 30 * day},
		"422-2m-last-60-days.json":            {market.OutcomeRange, 60 * day},
		"422-5m-last-60-days.json":            {market.OutcomeRange, 60 * day},
		"429-too-many-requests.txt":           {market.OutcomeThrottled, 0},
	}
	files := bodies(t, "errors")
	for name := range want {
		if _, ok := files[name]; !ok {
			t.Errorf("%s is expected and not there", name)
		}
	}
	for name, body := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expected, ok := want[name]
			if !ok {
				t.Fatal("a recording whose outcome nobody wrote down: add it to the table")
			}
			var status int
			if _, err := fmt.Sscan(name[:3], &status); err != nil {
				t.Fatal(err)
			}
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = w.Write(body)
			})
			req, symbol := question(t, market.M5, now), "ES=F"
			if name == "200-empty-weekend.json" { // the one of them that names its symbol
				req.Instrument, symbol = instrument(t, "MES"), "MES=F"
			}
			got, err := client(t, swift(now, url)).Fetch(t.Context(), req)
			if expected.outcome == market.OutcomeEmpty {
				if err != nil || got.Outcome != market.OutcomeEmpty || got.Candles.Len() != 0 {
					t.Errorf("got %+v and %v, want an empty answer", got, err)
				}
				return
			}
			var refusal *market.FetchError
			if !errors.As(err, &refusal) {
				t.Fatalf("got %+v and %v, want a refusal", got, err)
			}
			if refusal.Outcome != expected.outcome || refusal.Status != status || refusal.Depth != expected.depth || refusal.Reason == "" {
				t.Errorf("got %+v, want %s, status %d, depth %s", refusal, expected.outcome, status, expected.depth)
			}
			if refusal.Symbol != symbol || refusal.Timeframe != market.M5 || refusal.Requests < 1 {
				t.Errorf("the error does not say what was asked: %+v", refusal)
			}
		})
	}
}

func TestFetchOutcomeByStatus(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	failed := func(code, description string) string {
		return fmt.Sprintf(`{"chart":{"result":null,"error":{"code":%q,"description":%q}}}`, code, description)
	}
	html := "<!doctype html>\n<html><head><title>Yahoo</title></head><body>" + strings.Repeat("Will be right back. ", 100) + "</body></html>"
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   market.Outcome
	}{
		{"HTML with 502", 502, html, market.OutcomeUpstream},
		{"a gateway that tells secrets", 502, "cannot reach http://trader:hunter2@proxy:3128/", market.OutcomeUpstream},
		{"HTML with 999", 999, html, market.OutcomeUpstream},
		{"HTML with 404", 404, html, market.OutcomeBroken},
		{"HTML with 403", 403, html, market.OutcomeRefused},
		{"HTML with 200", 200, html, market.OutcomeBroken},
		{"empty 500", 500, "", market.OutcomeUpstream},
		{"empty 200", 200, "", market.OutcomeBroken},
		{"204", 204, "", market.OutcomeBroken},
		{"408", 408, "", market.OutcomeUpstream},
		{"422 without a range", 422, failed("Unprocessable Entity", "no"), market.OutcomeRange},
		{"400 with a range", 400, failed("Bad Request", "The requested range must be within the last 730 days."), market.OutcomeRange},
		{"200 carrying not found", 200, failed("Not Found", "No data found, symbol may be delisted"), market.OutcomeNotFound},
		{"200 carrying throttling", 200, failed("Too Many Requests", "slow down"), market.OutcomeThrottled},
		{"200 carrying a range", 200, failed("Unprocessable Entity", "must be within the last 60 days."), market.OutcomeRange},
		{"200 carrying unauthorized", 200, failed("Unauthorized", "Invalid Crumb"), market.OutcomeRefused},
		{"200 carrying a server error", 200, failed("Internal Server Error", "oops"), market.OutcomeUpstream},
		{"truncated JSON", 200, oneBar(now)[:200], market.OutcomeBroken},
		{"ragged columns", 200, result(`"timestamp":[1,2],"indicators":{"quote":[{"open":[1]}]}`), market.OutcomeBroken},
		{"other bars than asked for", 200, strings.Replace(oneBar(now), `"5m"`, `"1d"`, 1), market.OutcomeOther},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			_, err := client(t, swift(now, url)).Fetch(t.Context(), question(t, market.M5, now))
			var refusal *market.FetchError
			if !errors.As(err, &refusal) || refusal.Outcome != c.want || refusal.Status != c.status {
				t.Fatalf("got %v, want %s with status %d", err, c.want, c.status)
			}
			if strings.ContainsAny(refusal.Reason, "<>") || strings.Contains(c.name, "HTML with ") && !strings.Contains(refusal.Reason, `an HTML page, "Yahoo"`) {
				t.Errorf("the reason is HTML, or does not say what came: %q", refusal.Reason)
			}
			if len(refusal.Reason) > 300 || strings.ContainsAny(refusal.Reason, "\n\x00") || strings.Contains(refusal.Reason, "hunter2") {
				t.Errorf("reason of %d bytes is not fit for a log line: %q", len(refusal.Reason), refusal.Reason)
			}
		})
	}
}

// TestFetchAsks: the request is the one the provider knows, and its answer comes back as bars.
func TestFetchAsks(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	for symbol, path := range map[string]string{"ES": "ES%3DF", "^GSPC": "%5EGSPC", "BTC-USD": "BTC-USD", "ESZ26": "ESZ26.CME"} {
		asked := make(chan *http.Request, 1)
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			asked <- r
			_, _ = io.WriteString(w, strings.Replace(oneBar(now), "ES=F", strings.TrimPrefix(r.URL.Path, "/v8/finance/chart/"), 1))
		})
		req := question(t, market.M5, now)
		req.Instrument = instrument(t, symbol)
		got, err := client(t, swift(now, url+"/")).Fetch(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		r := <-asked
		want := fmt.Sprintf("/v8/finance/chart/%s?period1=%d&period2=%d&interval=5m&includePrePost=false&events=div,splits,capitalGains",
			path, market.M5.Previous(req.Instrument.Calendar, req.Window.From).Unix(), now.Unix())
		if r.RequestURI != want {
			t.Errorf("asked %s\nwant  %s", r.RequestURI, want)
		}
		if agent := r.Header.Get("User-Agent"); !strings.HasPrefix(agent, "Mozilla/5.0") {
			t.Errorf("User-Agent is %q", agent)
		}
		if got.Outcome != market.OutcomeBars || got.Candles.Len() != 1 || got.Requests != 1 || got.Candles.Volume[0] != 7 {
			t.Errorf("%s: got %+v", symbol, got)
		}
		if !got.Window.From.Equal(req.Window.From) || !got.Window.To.Equal(now) {
			t.Errorf("window asked for is %v, want %v", got.Window, req.Window)
		}
	}
}

// TestFetchFollowsNoRedirect: a redirect leads to a consent page, and would be a request that nobody paced.
func TestFetchFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	requests := make(chan string, 10)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests <- r.URL.Path
		http.Redirect(w, r, "/consent", http.StatusFound)
	})
	_, err := client(t, swift(now, url)).Fetch(t.Context(), question(t, market.M5, now))
	if market.OutcomeOf(err) != market.OutcomeRefused || len(requests) != 1 {
		t.Errorf("got %v after %d requests, want one refusal", err, len(requests))
	}
}

// TestFetchUnfit: what cannot be asked is refused without a request.
func TestFetchUnfit(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	url := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	good := question(t, market.M5, now)
	for name, change := range map[string]func(*market.FetchRequest){
		"derived timeframe": func(r *market.FetchRequest) { r.Timeframe = market.H4 },
		"no depth":          func(r *market.FetchRequest) { r.Depth = 0 },
		"no instrument":     func(r *market.FetchRequest) { r.Instrument = market.Instrument{} },
	} {
		req := good
		change(&req)
		if _, err := client(t, swift(now, url)).Fetch(t.Context(), req); market.OutcomeOf(err) != market.OutcomeRefused {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
	past := good
	past.Window = market.Window{From: now.Add(-100 * day), To: now.Add(-90 * day)}
	got, err := client(t, swift(now, url)).Fetch(t.Context(), past)
	if err != nil || got.Outcome != market.OutcomeEmpty || got.Requests != 0 {
		t.Errorf("a window beyond the wall gave %+v and %v, want empty without a request", got, err)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	now := time.Now
	log := slog.New(slog.DiscardHandler)
	for name, c := range map[string]struct {
		config yahoo.Config
		want   []string
	}{
		"rate NaN":      {yahoo.Config{RequestsPerMinute: math.NaN()}, []string{"RequestsPerMinute NaN"}},
		"rate negative": {yahoo.Config{RequestsPerMinute: -1}, []string{"RequestsPerMinute -1"}},
		"rate infinite": {yahoo.Config{RequestsPerMinute: math.Inf(1)}, []string{"RequestsPerMinute +Inf"}},
		"attempts":      {yahoo.Config{Attempts: -1}, []string{"Attempts -1"}},
		"no hosts":      {yahoo.Config{BaseURLs: []string{}}, []string{"BaseURLs is empty"}},
		"no scheme":     {yahoo.Config{BaseURLs: []string{"query1.finance.yahoo.com"}}, []string{`BaseURLs[0] "query1.finance.yahoo.com"`}},
		"no host":       {yahoo.Config{BaseURLs: []string{"http://ok", "http:///x"}}, []string{"BaseURLs[1]"}},
		"several at once": {
			yahoo.Config{Timeout: -1, MaxBody: -1, Margin: -1, Breaker: yahoo.Breaker{Faults: -1, Pause: 48 * time.Hour}},
			[]string{"Timeout -1ns", "MaxBody -1", "Margin -1ns", "Breaker.Faults -1", "Breaker.Pause 48h"},
		},
	} {
		c.config.Now, c.config.Logger = now, log
		_, err := yahoo.New(c.config)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, part := range append(c.want, "accepted") {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q does not say %q", name, err, part)
			}
		}
	}
	if _, err := yahoo.New(yahoo.Config{}); err == nil || !strings.Contains(err.Error(), "Now is nil") || !strings.Contains(err.Error(), "Logger is nil") {
		t.Errorf("without clock and logger: %v", err)
	}
	secret := yahoo.Config{Now: now, Logger: log, BaseURLs: []string{"http://user:hunter2@host/?q"}}
	if _, err := yahoo.New(secret); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a URL with a query and a password: %v", err)
	}
	fine, err := yahoo.New(yahoo.Config{Now: now, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	fine.Close()
}

// TestFetchCancelledBefore: a context that has ended sends nothing.
func TestFetchCancelledBefore(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	url := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client(t, swift(now, url)).Fetch(ctx, question(t, market.M5, now))
	if !errors.Is(err, context.Canceled) || market.OutcomeOf(err) != "" {
		t.Errorf("got %v, want context.Canceled without an outcome", err)
	}
}
