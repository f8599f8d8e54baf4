package server_test

import (
	"net/http"
	"strings"
	"testing"

	"barkeep/server/servertest"
)

// TestReadingAsksForAToken where there is one for reading: of everything but what monitors ask for, and also of what is not
// there.
func TestReadingAsksForAToken(t *testing.T) {
	t.Parallel()
	const read = "a-token-for-reading"
	b := servertest.New(t, func(b *servertest.Bench) { b.Config.ReadToken = read })
	for _, path := range []string{"/status", "/api/v1/runs", "/api/v1/candles?x=1", "/openapi.json", "/docs", "/none", "/metrics/x", "/healthz/"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for _, header := range []string{"", "Bearer wrong", "Basic " + read, "Bearer " + read[1:], "Bearer "} {
				a := b.Ask(t, method, path, "", "Authorization", header, "Cookie", "token="+read)
				if a.Status != http.StatusUnauthorized || a.Header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s %s with %q: %d", method, path, header, a.Status)
				}
				if p := servertest.Refused(t, b.Ask(t, http.MethodGet, path, "", "Authorization", header), 401); !strings.Contains(p.Detail, "API_READ_TOKEN") {
					t.Errorf("%s: %s", path, p.Detail)
				}
			}
			for _, token := range []string{read, servertest.Token} {
				if a := b.Ask(t, method, path, "", "Authorization", "Bearer "+token); a.Status == http.StatusUnauthorized {
					t.Errorf("%s %s with %s: %d", method, path, token, a.Status)
				}
			}
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if a := b.Get(t, path); a.Status != http.StatusOK {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	servertest.Refused(t, b.Ask(t, http.MethodPost, "/api/v1/runs", "{}", "Authorization", "Bearer "+read), http.StatusUnauthorized)
	if len(b.Ledger.Requests) != 0 || strings.Contains(b.Log.String(), read) {
		t.Error("the token for reading started something, or is in the log")
	}
	none := servertest.New(t, func(b *servertest.Bench) { b.Config.Token, b.Config.ReadToken = "", read })
	servertest.Refused(t, none.Ask(t, http.MethodGet, "/status", "", "Authorization", "Bearer "), http.StatusUnauthorized)
}

// TestEveryAnswerIsSafeguarded, whatever it is.
func TestEveryAnswerIsSafeguarded(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	for _, ask := range [][2]string{
		{"GET", "/healthz"},
		{"GET", "/metrics"},
		{"GET", "/status"},
		{"GET", "/none"},
		{"PUT", "/status"},
		{"GET", "/api/v1/candles"},
		{"POST", "/api/v1/runs"},
		{"GET", "/docs"},
	} {
		a := b.Ask(t, ask[0], ask[1], "")
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
			"Content-Security-Policy": "default-src 'none'",
		} {
			if got := a.Header.Get(name); !strings.HasPrefix(got, want) {
				t.Errorf("%s %s: %s is %q", ask[0], ask[1], name, got)
			}
		}
		if strings.Contains(a.Header.Get("Content-Security-Policy"), "unsafe") || !strings.Contains(a.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s %s: %s", ask[0], ask[1], a.Header.Get("Content-Security-Policy"))
		}
	}
}
