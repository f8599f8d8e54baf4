package yahoo_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo"
)

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// silentPort is an address that lets no connection come about and refuses none: its queue is full, and nobody takes from it.
func silentPort(t *testing.T) string {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(socket) })
	if err := errors.Join(syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(socket, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 16 {
		waiting, err := (&net.Dialer{Timeout: 500 * time.Millisecond}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = waiting.Close() })
	}
	t.Fatal("the queue of connections does not fill")
	return ""
}

// TestCauses provokes what keeps a provider from being reached, and looks for it in plain words.
func TestCauses(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	slow := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	proxy := func(status int) string {
		return serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	}
	nobody, silent := closedPort(t), silentPort(t)
	for name, c := range map[string]struct {
		base, proxy string
		says, do    string
		reachable   bool
	}{
		"a closed port":              {"http://" + nobody, "", "connection refused by " + nobody, "YAHOO_BASE_URL", false},
		"a name that is none":        {"http://query1.invalid", "", "query1.invalid", "name servers", false},
		"an unknown certificate":     {secure.URL, "", "is not trusted: who signed it is unknown", "CA certificates", false},
		"no TLS":                     {strings.Replace(plain, "http", "https", 1), "", "does not speak TLS", "network", false},
		"a proxy that forbids":       {"https://query1.example", proxy(403), "lets nothing through to the provider (HTTP 403)", "HTTPS_PROXY", false},
		"a proxy that wants a user":  {"https://query1.example", proxy(407), "wants a user and a password", "HTTPS_PROXY", false},
		"one for plain HTTP as well": {"http://query1.example", proxy(407), "wants a user and a password", "HTTPS_PROXY", false},
		"a proxy that is not there":  {"https://query1.example", "http://" + nobody, "connection refused by the proxy " + nobody, "HTTPS_PROXY", false},
		"a network that swallows":    {"http://" + silent, "", "time-out: no connection to " + silent, "network", false},
		"a time-out":                 {slow, "", "time-out: no complete answer within", "asked again", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := swift(time.Now(), c.base)
			config.Timeout = 2 * time.Second
			if strings.Contains(c.says, "no connection to") { // a connection has its own bound
				config.Timeout = 30 * time.Second
			}
			if c.proxy != "" {
				through, err := url.Parse(c.proxy)
				if err != nil {
					t.Fatal(err)
				}
				through.User = url.UserPassword("me", "secret")
				config.Transport = yahoo.Through(through)
			}
			asked := client(t, config)
			_, err := asked.Fetch(t.Context(), question(t, market.M5, time.Now()))
			var refusal *market.FetchError
			if !errors.As(err, &refusal) || refusal.Outcome != market.OutcomeUpstream || refusal.Unreachable == c.reachable {
				t.Fatalf("got %v, want an upstream fault", err)
			}
			if state := asked.Health(); !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") ||
				!strings.Contains(state.Fault, c.says) || !strings.Contains(state.Remedy, c.do) {
				t.Errorf("%v\nand %+v;\nwant %q and %q", err, state, c.says, c.do)
			}
		})
	}
}
