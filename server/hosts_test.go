package server_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"barkeep/server/servertest"
)

// raw sends what is written to a server and reads one answer.
func raw(t *testing.T, b *servertest.Bench, request string) (int, string) {
	t.Helper()
	conn := dial(t, b, "127.0.0.1")
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return answer(t, conn, request)
}

// answer reads one answer.
func answer(t *testing.T, conn net.Conn, request string) (int, string) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%.80q: %v", request, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// dial opens a connection from an address on loopback, which is closed with the test.
func dial(t *testing.T, b *servertest.Bench, from string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.DialContext(context.Background(), "tcp", strings.TrimPrefix(b.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestHosts(t *testing.T) {
	t.Parallel()
	b := servertest.New(t, func(b *servertest.Bench) {
		b.Config.Addr, b.Config.Hosts = "Bars.LAN:0", []string{"barkeep", " Proxy.Example.org. ", "xn--bcher-kva.example"}
	})
	for host, want := range map[string]int{
		"localhost": 200, "LocalHost": 200, "localhost.": 200, "localhost:1": 200, "localhost:65535": 200, "a.localhost": 200, "A.B.LOCALHOST.:80": 200,
		"127.0.0.1": 200, "127.0.0.1:8080": 200, "10.1.2.3": 200, "0.0.0.0:80": 200, "[::1]": 200, "[::1]:8080": 200, "::1": 200,
		"[fe80::1%eth0]:8080": 200, "[fe80::1%25eth0]": 200, "fe80::1%eth0": 200, "[2001:db8::7]": 200, "[::ffff:127.0.0.1]:80": 200,
		"barkeep": 200, "BARKEEP:8080": 200, "barkeep.": 200, "proxy.example.org": 200, "proxy.example.org.:443": 200,
		"bars.lan": 200, "bars.lan:9": 200, "xn--bcher-kva.example": 200, "XN--BCHER-KVA.example": 200, "localhost:": 200,

		"": 421, "evil.example": 421, "evil.example:80": 421, "localhost.evil.example": 421, "localhostx": 421, ".localhost": 421, "notlocalhost": 421,
		"127.0.0.1.evil.example": 421, "127.0.0.1.nip.io": 421, "127.1": 421, "2130706433": 421, "0x7f.1": 421, "0177.0.0.1": 421, "127.0.0.256": 421,
		"localhost:evil": 421, "localhost:80:80": 421, "localhost:65536": 421, "localhost:-1": 421, "localhost..": 421, "localhost@evil.example": 421,
		"[::1": 421, "[::1]x": 421, "[::1]8080": 421, "[::1].evil.example": 421, "[localhost]": 421, "[127.0.0.1]": 421, "[]": 421, ":8080": 421, "::1]": 421,
		"barkeep.evil.example": 421, "xbarkeep": 421, "barkeep/": 421, "bücher.example": 421, "lan": 421, "localhost,evil.example": 421, "локалхост": 421,
		"*": 421, "localhost evil.example": 421,
	} {
		for _, path := range []string{"/healthz", "/metrics", "/status", "/api/v1/runs"} {
			a := b.Ask(t, http.MethodGet, path, "", "Host", host, "X-Forwarded-Host", "localhost", "Forwarded", "host=localhost")
			if a.Status != want {
				t.Errorf("GET %s of %q: %d, want %d", path, host, a.Status, want)
			}
			if want == 421 && !strings.Contains(servertest.Refused(t, a, want).Detail, "HTTP_HOSTS") {
				t.Errorf("%q: it is not said how to allow it: %s", host, a.Body)
			}
		}
	}
	if a := b.Ask(t, http.MethodGet, "/healthz", "", "X-Forwarded-Host", "evil.example"); a.Status != http.StatusOK {
		t.Errorf("a header of a proxy is believed: %d", a.Status)
	}
	before := b.Ledger.Calls.Load()
	b.Ask(t, http.MethodPost, "/api/v1/runs", "{}", "Host", "evil.example", "Authorization", "Bearer "+servertest.Token)
	b.Ask(t, http.MethodGet, "/api/v1/slots/today/0", "", "Host", "evil.example")
	if n := b.Ledger.Calls.Load(); n != before {
		t.Errorf("the ledger was asked %d times for another host", n-before)
	}
	long := b.Ask(t, http.MethodGet, "/healthz", "", "Host", strings.Repeat("x", 5000))
	if servertest.Refused(t, long, 421); len(long.Body) > 1000 {
		t.Errorf("%d bytes about a host", len(long.Body))
	}
}

// TestHostsOnTheWire sends what no library would.
func TestHostsOnTheWire(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for request, want := range map[string]int{
		"GET /status HTTP/1.1\r\nHost: evil.example\r\n\r\n":                                              421,
		"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n":                                                 200,
		"GET http://evil.example/status HTTP/1.1\r\nHost: localhost\r\n\r\n":                              421, // the target's host counts
		"GET http://localhost/status HTTP/1.1\r\nHost: localhost\r\n\r\n":                                 200,
		"GET http://user@evil.example/status HTTP/1.1\r\nHost: localhost\r\n\r\n":                         421,
		"GET /status HTTP/1.0\r\n\r\n":                                                                    421,
		"GET /status HTTP/1.0\r\nHost: localhost\r\n\r\n":                                                 200,
		"GET /status HTTP/1.0\r\nHost: evil.example\r\n\r\n":                                              421,
		"GET /status HTTP/1.1\r\n\r\n":                                                                    400,
		"GET /status HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n":                           400,
		"GET //status HTTP/1.1\r\nHost: evil.example\r\n\r\n":                                             421,
		"OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n":                                                421,
		"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n\r\n":                               421,
		"GET /status HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 60_000) + "\r\n\r\n":       431,
		"BREW /nowhere HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\n\r\n":             421,
		"GET /status HTTP/1.1\r\nHost: localhost\r\nX-HTTP-Method-Override: POST\r\nOrigin: null\r\n\r\n": 200,
	} {
		if code, body := raw(t, b, request); code != want {
			t.Errorf("%.80q: %d, want %d: %.200s", request, code, want, body)
		}
	}
}

// TestCrossOrigin: a page of another site must not start a run, whatever it knows.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, host string
		headers      []string
		status       int
	}{
		{"POST", "localhost", nil, 202},
		{"POST", "localhost:8080", []string{"Origin", "http://localhost:8080"}, 202},
		{"POST", "localhost:8080", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://localhost:8080"}, 202},
		{"POST", "localhost:8080", []string{"Sec-Fetch-Site", "none"}, 202},
		{"POST", "localhost", []string{"Origin", "http://evil.example"}, 403},
		{"POST", "localhost:8080", []string{"Origin", "http://localhost:3000"}, 403},
		{"POST", "localhost", []string{"Origin", "null"}, 403},
		{"POST", "localhost", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", "localhost", []string{"Sec-Fetch-Site", "same-site", "Origin", "http://localhost"}, 403},
		{"POST", "localhost", []string{"Sec-Fetch-Site", "cross-site", "Origin", "http://localhost"}, 403},
		{"GET", "localhost", []string{"Sec-Fetch-Site", "cross-site", "Origin", "http://evil.example"}, 200},
		{"DELETE", "localhost", []string{"Origin", "http://evil.example"}, 403},
		{"POST", "evil.example", []string{"Origin", "http://evil.example"}, 421},
	} {
		b := servertest.New(t)
		headers := append([]string{"Host", c.host, "Authorization", "Bearer " + servertest.Token}, c.headers...)
		a := b.Ask(t, c.method, "/api/v1/runs", map[bool]string{true: "{}"}[c.method == "POST"], headers...)
		if a.Status != c.status {
			t.Errorf("%s of %v: %d, want %d: %s", c.method, headers, a.Status, c.status, a.Body)
		}
		if c.status == 403 {
			servertest.Refused(t, a, 403)
		}
		if a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Error("pages of other sites may read")
		}
		if n := len(b.Ledger.Requests); n != map[bool]int{true: 1}[c.status == 202] {
			t.Errorf("%v started %d runs", headers, n)
		}
	}
}
