package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"barkeep/client"
	"barkeep/market"
)

// answering is a server of one answer, and a client of it.
func answering(t *testing.T, handler http.HandlerFunc) *client.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := client.New(client.Config{URL: server.URL + "/", Token: "hunter2", Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// saying answers with JSON.
func saying(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, text)
	}
}

func asked() client.CandlesRequest {
	return client.CandlesRequest{
		Series: market.Series{Instrument: "^GSPC", Timeframe: "4h"}, Limit: 2,
		Window: market.Window{From: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)},
	}
}

const (
	firstBar  = `{"ts":"2026-08-03T13:30:00Z","open":1,"high":2.5,"low":0.5,"close":2,"volume":null,"flags":["outside"],"base_bars":3,"base_due":4}`
	secondBar = `{"ts":"2026-08-03T17:30:00Z","open":2,"high":2,"low":2,"close":2,"volume":7}`
	before    = `{"instrument":"^GSPC","timeframe":"4h","count":2,"next":"2026-08-04T13:30:00Z","complete":{"known":true,"expected":3,"present":2,"absent":{"late":1}},"notes":["a note"],"candles":[`
)

func TestCandles(t *testing.T) {
	t.Parallel()
	c := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.URL.EscapedPath() + "?" + r.URL.RawQuery; got != "/api/v1/candles/%5EGSPC?from=2026-08-01T00%3A00%3A00Z&limit=2&timeframe=4h" {
			t.Errorf("asked for %s", got)
		}
		if r.Header.Get("Authorization") != "Bearer hunter2" {
			t.Error("the token was not shown")
		}
		saying(before+firstBar+","+secondBar+"]}\n")(w, r)
	})
	page, err := c.Candles(t.Context(), asked())
	if err != nil {
		t.Fatal(err)
	}
	first, second := page.Bars.At(0), page.Bars.At(1)
	if page.Bars.Len() != 2 || first.High != 2.5 || first.Volume != market.NoVolume || first.Flags != market.FlagOutside ||
		first.Parts != market.PartsOf(3, 4) || second.Volume != 7 || !second.Start.Equal(time.Date(2026, 8, 3, 17, 30, 0, 0, time.UTC)) {
		t.Errorf("the bars are %+v and %+v", first, second)
	}
	if !page.More || page.Next.IsZero() || page.Complete.Expected != 3 || page.Complete.Absent[market.GapLate] != 1 || len(page.Notes) != 1 {
		t.Errorf("the page is %+v", page)
	}
}

// TestAnswersThatAreRefused: whatever is wrong with an answer, there are no bars.
func TestAnswersThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, says string }{
		"another instrument": {strings.Replace(before, "^GSPC", "^DJI", 1) + firstBar + "," + secondBar + "]}", "^DJI"},
		"another timeframe":  {strings.Replace(before, "4h", "1h", 1) + firstBar + "," + secondBar + "]}", "1h"},
		"fewer than it says": {before + firstBar + "]}", "has 1"},
		"more than asked":    {before + firstBar + "," + secondBar + `,{"ts":"2026-08-04T13:30:00Z","open":1,"high":1,"low":1,"close":1}]}`, "more than the 2"},
		"the order":          {before + secondBar + "," + firstBar + "]}", "not after"},
		"the window":         {before + strings.Replace(firstBar, "2026", "2025", 1) + "," + secondBar + "]}", "outside the window"},
		"no price":           {before + strings.Replace(firstBar, `"close":2,`, "", 1) + "," + secondBar + "]}", "no prices"},
		"an unknown flag":    {before + strings.Replace(firstBar, "outside", "odd", 1) + "," + secondBar + "]}", "odd"},
		"cut in a bar":       {before + firstBar + `,{"ts":`, "cut off"},
		"cut after a bar":    {before + firstBar, "cut off"},
		"cut at the end":     {before + firstBar + "," + secondBar + "]", "cut off"},
		"two answers":        {before + firstBar + "," + secondBar + "]}{}", "more after its end"},
		"no series":          {`{"candles":[]}`, "was asked for"},
		"no count":           {`{"instrument":"^GSPC","timeframe":"4h","candles":[]}`, "-1"},
		"nothing":            {``, "cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, saying(c.text)).Candles(t.Context(), asked())
			if !errors.Is(err, client.ErrAnswer) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %v, want %q", err, c.says)
			}
		})
	}
}

// TestOtherServers: what is none of a Barkeep, or breaks off, is told apart from what may be back.
func TestOtherServers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		is      error
		passing bool
	}{
		"a page":    {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, client.ErrAnswer, false},
		"not found": {http.NotFound, client.ErrAnswer, false},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/there", http.StatusFound) }, client.ErrAnswer, false},
		"a proxy":   {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad gateway", http.StatusBadGateway) }, client.ErrUnreachable, true},
		"the length": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "999")
			saying(before)(w, r)
		}, client.ErrAnswer, true},
		"the chunks": {
			func(w http.ResponseWriter, r *http.Request) {
				saying(before+firstBar+","+secondBar)(w, r)
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}, client.ErrAnswer, true,
		},
		"silence": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, client.ErrUnreachable, true},
		"silence in the middle": {
			func(w http.ResponseWriter, r *http.Request) {
				saying(before)(w, r)
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}, client.ErrAnswer, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, c.handler).Candles(t.Context(), asked())
			if !errors.Is(err, c.is) || client.Passing(err) != c.passing {
				t.Errorf("the error is %v, passing %v; want %v, %v", err, client.Passing(err), c.is, c.passing)
			}
		})
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c, err := client.New(client.Config{URL: gone.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Status(t.Context()); !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("nobody listens: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	for _, address := range []string{"", "localhost:8080", "ftp://a", "http://", "http://a?b=c", "http://user:pass@a"} {
		if _, err := client.New(client.Config{URL: address}); !errors.Is(err, client.ErrAddress) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// refusing answers with a problem, n times, then well.
func refusing(calls *atomic.Int64, status, n int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) > n {
			saying(`{"new":true,"location":"/api/v1/runs/7","run":{"id":7},"now":{"utc":"2026-08-03T00:00:00Z"}}`)(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(int(status))
		fmt.Fprint(w, `{"type":"urn:barkeep:problem:incomplete","detail":"not whole","invalid":[{"parameter":"from"}],
			"lacks":[{"instrument":"ES","timeframe":"1d","reason":"late","bars":2}]}`)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	start := func(c *client.Client) error { _, err := c.Start(t.Context(), client.StartRequest{}); return err }
	read := func(c *client.Client) error { _, err := c.Status(t.Context()); return err }
	for name, c := range map[string]struct {
		status, calls int64
		ask           func(*client.Client) error
		ok            bool
	}{
		"a conflict":                {409, 1, read, false},
		"busy":                      {429, 2, read, true},
		"not now":                   {503, 2, read, true},
		"busy for a start":          {429, 2, start, true},
		"a start that may be begun": {503, 1, start, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			err := c.ask(answering(t, refusing(&calls, c.status, 1)))
			if calls.Load() != c.calls || (err == nil) != c.ok {
				t.Fatalf("%d requests: %v", calls.Load(), err)
			}
			var p *client.Problem
			if err != nil && (!errors.As(err, &p) || p.Status != int(c.status) || !p.Named("incomplete") || len(p.Lacks) != 1 ||
				p.Lacks[0].Bars != 2 || p.Invalid[0].Parameter != "from" || p.RetryAfter != time.Second) {
				t.Errorf("the problem is %+v", p)
			}
		})
	}
}

// TestCrowds: a server that is busy is asked again when it says, whether this client asks too much (429) or all together (503), and
// whatever it is asked for: it has begun nothing. A proxy that refuses is no answer, and may let us through later.
func TestCrowds(t *testing.T) {
	t.Parallel()
	asks := map[string]func(*client.Client) error{
		"a read":  func(c *client.Client) error { _, err := c.Status(t.Context()); return err },
		"a start": func(c *client.Client) error { _, err := c.Start(t.Context(), client.StartRequest{}); return err },
	}
	for name, ask := range asks {
		for slug, status := range map[string]int{"too-many-requests": http.StatusTooManyRequests, "crowded": http.StatusServiceUnavailable} {
			t.Run(name+" "+slug, func(t *testing.T) {
				t.Parallel()
				var calls atomic.Int64
				began := time.Now()
				err := ask(answering(t, func(w http.ResponseWriter, r *http.Request) {
					if calls.Add(1) > 2 {
						saying(`{"new":true,"location":"/api/v1/runs/7","run":{"id":7},"now":{"utc":"2026-08-03T00:00:00Z"}}`)(w, r)
						return
					}
					w.Header().Set("Content-Type", "application/problem+json")
					w.Header().Set("Retry-After", "1")
					w.WriteHeader(status)
					fmt.Fprintf(w, `{"type":"urn:barkeep:problem:%s","detail":"busy"}`, slug)
				}))
				if err != nil || calls.Load() != 3 || time.Since(began) < 2*time.Second {
					t.Errorf("%d requests in %s: %v", calls.Load(), time.Since(began), err)
				}
			})
		}
		err := ask(answering(t, func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "Too Many Requests", http.StatusTooManyRequests)
		}))
		if !errors.Is(err, client.ErrUnreachable) || !client.Passing(err) {
			t.Errorf("%s of a proxy that refuses: %v", name, err)
		}
	}
}

// TestTokens: one that no header can hold is refused before anything is sent.
func TestTokens(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"a\nb", " a", "a ", "a\x00", "\x7f"} {
		if _, err := client.New(client.Config{URL: "http://h", Token: token}); !errors.Is(err, client.ErrToken) {
			t.Errorf("%q: %v", token, err)
		}
	}
	for _, token := range []string{"", "a b", "ünïcode", strings.Repeat("x", 1000)} {
		if _, err := client.New(client.Config{URL: "http://h", Token: token}); err != nil {
			t.Errorf("%q: %v", token, err)
		}
	}
}
