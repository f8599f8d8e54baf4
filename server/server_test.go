package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/server"
	"barkeep/server/servertest"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := server.New(server.Config{SourceTimeout: -1, Checks: []server.Check{{Name: "a"}, {Name: "a"}}})
	if err == nil {
		t.Fatal("an empty configuration is accepted")
	}
	for _, want := range []string{"Now", "Logger", "Pacific", "Ledger", "States", "Provider", "check 0", `"a"`, "SourceTimeout -1ns"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not speak of %s", err, want)
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	for _, path := range []string{"/", "/status/", "/api/v1", "/api/v1/slots/2026-01-15/0/1", "/api/v1/runs/1/2", "/api/v2/runs", "/metrics2"} {
		servertest.Refused(t, b.Get(t, path), http.StatusNotFound)
	}
	for _, c := range []struct{ method, path, allow string }{
		{"POST", "/status", "GET, HEAD"},
		{"DELETE", "/api/v1/runs/1", "GET, HEAD"},
		{"PUT", "/api/v1/runs", "GET, HEAD, POST"},
		{"OPTIONS", "/healthz", "GET, HEAD"},
	} {
		a := b.Ask(t, c.method, c.path, "")
		servertest.Refused(t, a, http.StatusMethodNotAllowed)
		if a.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s: allow %q, want %q", c.method, c.path, a.Header.Get("Allow"), c.allow)
		}
	}
	if a := b.Get(t, "//status"); a.Status/100 != 3 || a.Header.Get("Location") != "/status" {
		t.Errorf("//status: %d to %q", a.Status, a.Header.Get("Location"))
	}
	for _, header := range []string{"X-Content-Type-Options", "Cache-Control"} {
		if b.Get(t, "/healthz").Header.Get(header) == "" {
			t.Errorf("no %s", header)
		}
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	b.Ledger.Panic = true
	a := b.Get(t, "/api/v1/runs")
	p := servertest.Refused(t, a, http.StatusInternalServerError)
	if strings.Contains(a.Body, "s3cr3t") || p.ID == "" {
		t.Errorf("%s", a.Body)
	}
	if log := b.Log.String(); !strings.Contains(log, p.ID) || !strings.Contains(log, "s3cr3t") || !strings.Contains(log, "fakes.go") {
		t.Errorf("the log lacks the id, the cause or the place: %s", log)
	}
	if n := sample(b.Get(t, "/metrics").Body, `barkeep_http_requests_total{code="500",method="GET",route="/api/v1/runs"}`); n != "1" {
		t.Errorf("counted %q", n)
	}
}

// broken is a writer whose connection panics in the middle of an answer.
type broken struct{ *httptest.ResponseRecorder }

func (broken) Write([]byte) (int, error) { panic("in the middle") }

// TestPanicInTheMiddle: a half answer is cut, never ended as if it were whole.
func TestPanicInTheMiddle(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	defer func() {
		if cause, ok := recover().(error); !ok || !errors.Is(cause, http.ErrAbortHandler) {
			t.Errorf("ended with %v", cause)
		}
	}()
	b.Handler().ServeHTTP(broken{httptest.NewRecorder()}, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/healthz", nil))
	t.Error("the answer counts as whole")
}

// client is a client of its own connections, which are closed with the test.
func client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func fetch(ctx context.Context, c *http.Client, method, url string) (int, string, http.Header, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return 0, "", nil, err
	}
	answer, err := c.Do(r)
	if err != nil {
		return 0, "", nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), answer.Header, err
}

func TestServing(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	if b.URL() != "" {
		t.Errorf("listens at %s before it was started", b.URL())
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := client(t)
	for _, path := range []string{"/healthz", "/status", "/readyz", "/metrics", "/api/v1/runs", "/api/v1/slots/today/0"} {
		status, body, _, err := fetch(t.Context(), c, http.MethodGet, b.URL()+path)
		if err != nil || status != http.StatusOK || body == "" {
			t.Errorf("GET %s: %d, %d bytes, %v", path, status, len(body), err)
		}
		status, body, header, err := fetch(t.Context(), c, http.MethodHead, b.URL()+path)
		if err != nil || status != http.StatusOK || body != "" || header.Get("Content-Type") == "" {
			t.Errorf("HEAD %s: %d %q %v %v", path, status, body, header, err)
		}
	}
	if err := b.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := fetch(t.Context(), c, http.MethodGet, b.URL()+"/healthz"); err == nil {
		t.Error("it answers after it was stopped")
	}
	if err := b.Start(t.Context()); err == nil {
		t.Error("it starts again after it was stopped")
	}
	select {
	case err := <-b.Failed():
		t.Errorf("a stop is no failure: %v", err)
	default:
	}
}

func TestAddressInUse(t *testing.T) {
	t.Parallel()
	first := servertest.New(t)
	if err := first.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimPrefix(first.URL(), "http://")
	second := servertest.New(t, func(b *servertest.Bench) { b.Config.Addr = addr })
	if err := second.Start(t.Context()); err == nil || !strings.Contains(err.Error(), addr) || !strings.Contains(err.Error(), "HTTP_ADDR") {
		t.Errorf("a second one on %s: %v", addr, err)
	}
}

func TestListenerThatDies(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := servertest.New(t, func(b *servertest.Bench) { b.Config.Listener = listener })
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if err := <-b.Failed(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("failed with %v", err)
	}
}

// TestStopWithAListenerNeverServed: what was handed over is closed all the same.
func TestStopWithAListenerNeverServed(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := servertest.New(t, func(b *servertest.Bench) { b.Config.Listener = listener })
	if err := b.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is open: %v", err)
	}
}

// TestStopWhileWaiting: whoever waits for a slot gets its state, not a broken connection.
func TestStopWhileWaiting(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	r := servertest.DoneRun(3, "2026-01-15", servertest.WinterNoon())
	r.State = ledger.StateRunning
	b.Ledger.Set(servertest.Today(), servertest.SlotRecord{Run: r})
	b.Ledger.Seen = make(chan struct{}, 1)
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	answers := make(chan string, 1)
	c := client(t)
	go func() {
		status, body, header, err := fetch(t.Context(), c, http.MethodGet, b.URL()+"/api/v1/slots/today/0?wait=10m")
		answers <- fmt.Sprint(status, " ", header.Get("Retry-After"), " ", err, " ", body)
	}()
	<-b.Ledger.Seen
	if err := b.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-answers; !strings.HasPrefix(got, "200 5 <nil> ") || !strings.Contains(got, `"state":"running"`) {
		t.Errorf("got %s", got)
	}
}

// TestStopWithAnOpenConnection: connections that browsers open ahead hold nothing up.
func TestStopWithAnOpenConnection(t *testing.T) {
	t.Parallel()
	b := servertest.New(t, func(b *servertest.Bench) { b.Config.StopTimeout = 3 * time.Second }) // Shutdown alone would wait for 5
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(b.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, _, _, err := fetch(t.Context(), client(t), http.MethodGet, b.URL()+"/healthz"); err != nil { // accepted after conn
		t.Fatal(err)
	}
	if err := b.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := bufio.NewReader(conn).ReadByte(); err == nil {
		t.Error("the connection is still open")
	}
}

// TestStopOfWhatHangs: a part that ignores its context cannot hold a stop up for longer than its bound, and is named.
func TestStopOfWhatHangs(t *testing.T) {
	t.Parallel()
	b := servertest.New(t, func(b *servertest.Bench) {
		b.Config.StopTimeout, b.Config.SourceTimeout = 50*time.Millisecond, 10*time.Millisecond
	})
	release := b.Database.Stall(t)
	if p := servertest.Refused(t, b.Get(t, "/readyz"), http.StatusServiceUnavailable); len(p.Missing) != 1 {
		t.Errorf("%+v", p)
	}
	if err := b.Stop(t.Context()); err == nil || !strings.Contains(err.Error(), "hangs") {
		t.Errorf("stopped with %v", err)
	}
	release()
	if err := b.Stop(t.Context()); err != nil { // waits for what hung
		t.Errorf("stopped again with %v", err)
	}
	b.Clock.Add(time.Minute)
	if p := servertest.Refused(t, b.Get(t, "/readyz"), http.StatusServiceUnavailable); len(p.Missing) != 1 || p.Missing[0].Reason != "the server is stopping" {
		t.Errorf("after the stop: %+v", p)
	}
}
