package yahoo_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"barkeep/market"
)

// archive is text, gzipped.
func archive(tb testing.TB, text []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(text); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// zipped answers with a gzipped body, cut off after n bytes when n is positive; the connection itself is whole.
func zipped(tb testing.TB, text []byte, n int) http.HandlerFunc {
	body := archive(tb, text)
	if n > 0 {
		body = body[:n]
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(body)
	}
}

// cut promises 1,000 bytes, sends some and breaks the connection.
func cut(tb testing.TB, header string, sent []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		wire, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			tb.Error(err)
			return
		}
		_, _ = io.WriteString(wire, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n"+header+"\r\n")
		_, _ = wire.Write(sent)
		_ = wire.Close()
	}
}

func TestFetchTransportFaults(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	bar := []byte(oneBar(now))
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    market.Outcome
	}{
		"gzip":                       {zipped(t, bar, 0), market.OutcomeBars},
		"gzip bomb":                  {zipped(t, bytes.Repeat([]byte(" "), 1<<20), 0), market.OutcomeBroken},
		"a body of the size allowed": {zipped(t, append(bytes.Repeat([]byte(" "), 1<<16-len(bar)), bar...), 0), market.OutcomeBars},
		"one byte more":              {zipped(t, append(bytes.Repeat([]byte(" "), 1<<16-len(bar)+1), bar...), 0), market.OutcomeBroken},
		"gzip cut short":             {zipped(t, bar, 60), market.OutcomeBroken},
		"no gzip at all": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bar)
		}, market.OutcomeBroken},
		"unknown encoding": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			_, _ = w.Write(bar)
		}, market.OutcomeBroken},
		"connection cut":             {cut(t, "", bar[:100]), market.OutcomeUpstream},
		"connection cut within gzip": {cut(t, "Content-Encoding: gzip\r\n", archive(t, bar)[:60]), market.OutcomeUpstream},
		"connection cut before gzip": {cut(t, "Content-Encoding: gzip\r\n", nil), market.OutcomeUpstream},
		"not HTTP":                   {func(w http.ResponseWriter, _ *http.Request) { hijackAndSay(t, w, "hello\r\n\r\n") }, market.OutcomeUpstream},
		"closed without a word":      {func(w http.ResponseWriter, _ *http.Request) { hijackAndSay(t, w, "") }, market.OutcomeUpstream},
		"an error page without an end": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<18))
		}, market.OutcomeUpstream},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := swift(now, serve(t, c.handler))
			config.MaxBody = 1 << 16
			got, err := client(t, config).Fetch(t.Context(), question(t, market.M5, now))
			outcome := market.OutcomeOf(err)
			if err == nil {
				outcome = got.Outcome
			}
			if outcome != c.want {
				t.Errorf("got %+v and %v, want %s", got, err, c.want)
			}
		})
	}
}

func hijackAndSay(tb testing.TB, w http.ResponseWriter, words string) {
	wire, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		tb.Error(err)
		return
	}
	_, _ = io.WriteString(wire, words)
	_ = wire.Close()
}

func TestFetchRefusedConnection(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = client(t, swift(now, address)).Fetch(t.Context(), question(t, market.M5, now))
	if market.OutcomeOf(err) != market.OutcomeUpstream || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want an upstream fault by a refused connection", err)
	}
}

// TestFetchTimeout: an attempt that takes too long is the provider's fault, and no deadline of the caller's.
func TestFetchTimeout(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	for name, first := range map[string]string{"silent": "", "slow body": `{"chart":`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := swift(now, serve(t, func(w http.ResponseWriter, r *http.Request) {
				if first != "" {
					_, _ = io.WriteString(w, first)
					_ = http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			}))
			config.Timeout = 50 * time.Millisecond
			_, err := client(t, config).Fetch(t.Context(), question(t, market.M5, now))
			if market.OutcomeOf(err) != market.OutcomeUpstream || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want an upstream fault without a deadline of ours", err)
			}
		})
	}
}

// TestFetchCancelledInBody: the caller's end is the caller's, wherever the answer stands.
func TestFetchCancelledInBody(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"chart":`)
		_ = http.NewResponseController(w).Flush()
		cancel()
		<-r.Context().Done()
	})
	config := swift(now, url)
	config.Breaker.Faults = 1
	c := client(t, config)
	_, err := c.Fetch(ctx, question(t, market.M5, now))
	if !errors.Is(err, context.Canceled) || market.OutcomeOf(err) != "" {
		t.Errorf("got %v, want context.Canceled without an outcome", err)
	}
	if state := c.Health(); state.Breaker != "closed" {
		t.Errorf("the breaker is %s after a cancelled request", state.Breaker)
	}
}

// TestFetchHidesProxyPassword: the password of a proxy that cannot be used stays out of the error.
func TestFetchHidesProxyPassword(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	config := swift(now, serve(t, func(http.ResponseWriter, *http.Request) {}))
	transport := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) {
		return nil, errors.New(`invalid proxy address "http://trader:hunter2@proxy:3128"`)
	}}
	config.Transport = transport
	_, err := client(t, config).Fetch(t.Context(), question(t, market.M5, now))
	if market.OutcomeOf(err) != market.OutcomeUpstream {
		t.Fatalf("got %v, want an upstream fault", err)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.Contains(e.Error(), "hunter2") {
			t.Errorf("the password is in %q", e)
		}
	}
	if !strings.Contains(err.Error(), "***@proxy:3128") {
		t.Errorf("%q does not name the proxy", err)
	}
}

// TestFetchAlternatesHosts: after a fault the other host is asked, also by the fetches that follow.
func TestFetchAlternatesHosts(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	sick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	t.Cleanup(sick.Close)
	c := client(t, swift(now, sick.URL, serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, oneBar(now)) })))
	if _, err := c.Fetch(t.Context(), question(t, market.M5, now)); market.OutcomeOf(err) != market.OutcomeUpstream {
		t.Fatalf("the sick host gave %v", err)
	}
	for range 3 {
		if _, err := c.Fetch(t.Context(), question(t, market.M5, now)); err != nil {
			t.Errorf("the other host was not asked: %v", err)
		}
	}
}
