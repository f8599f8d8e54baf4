package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// raw sends a request as it is written and gives the status of the answer and its body.
func raw(t *testing.T, url, request string) (int, string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// TestAWorkerAnswersToItsOwnNamesOnly asks a worker as a web page would that had its name point at this machine.
func TestAWorkerAnswersToItsOwnNamesOnly(t *testing.T) {
	t.Parallel()
	worker := idle(t, "HTTP_HOSTS=barkeep, bars.example.org", "API_TOKEN=hunter2")
	for _, path := range []string{
		"/status", "/healthz", "/readyz", "/metrics", "/api/v1/runs", "/api/v1/series", "/api/v1/slots/today/0?wait=60s", "/", "/nowhere", "//status",
	} {
		code, body := raw(t, worker.url, fmt.Sprintf("GET %s HTTP/1.1\r\nHost: rebound.attacker.example\r\n\r\n", path))
		if code != http.StatusMisdirectedRequest || !strings.Contains(body, "HTTP_HOSTS") {
			t.Errorf("%s answers %d to another name: %s", path, code, body)
		}
	}
	for _, host := range []string{"127.0.0.1", "localhost:8080", "barkeep:8080", "bars.example.org."} {
		if code, body := raw(t, worker.url, "GET /healthz HTTP/1.1\r\nHost: "+host+"\r\n\r\n"); code != http.StatusOK {
			t.Errorf("%s is answered %d: %s", host, code, body)
		}
	}
	code, body := raw(t, worker.url, "POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nOrigin: http://attacker.example\r\n"+
		"Authorization: Bearer hunter2\r\nContent-Length: 2\r\n\r\n{}")
	if code != http.StatusForbidden || !strings.Contains(body, "problem:cross-origin") {
		t.Errorf("a page from elsewhere that starts a run is answered %d: %s", code, body)
	}
	if got := barkeep(t, []string{"HTTP_ADDR=" + strings.TrimPrefix(worker.url, "http://")}, "health"); got.code != 0 {
		t.Errorf("health: %s%s", got.stdout, got.stderr)
	}
}

// TestAWorkerThatAsksForATokenToRead shows nothing without it but what monitors ask for, and starts nothing with it. The token is
// read from a file, and stands in no log.
func TestAWorkerThatAsksForATokenToRead(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("hunter3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	worker := idle(t, "API_TOKEN=hunter2", "API_READ_TOKEN_FILE="+file)
	for _, path := range []string{
		"/status", "/api/v1/status", "/api/v1/series", "/api/v1/calendar?instrument=ES", "/api/v1/events?wait=0s", "/openapi.json", "/docs",
		"/api/v1/held-back", "/api/v1/datasets", "/api/v1/slots",
	} {
		for token, want := range map[string]int{"": 401, "hunter4": 401, "hunter3": 200, "hunter2": 200} {
			if code, body := worker.ask(t, http.MethodGet, path, token, ""); code != want || strings.Contains(body, "hunter") {
				t.Errorf("%s with %q: %d, want %d: %s", path, token, code, want, body)
			}
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if code, body := worker.ask(t, http.MethodGet, path, "", ""); code != http.StatusOK {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if code, body := worker.ask(t, http.MethodPost, "/api/v1/runs", "hunter3", "{}"); code != http.StatusUnauthorized {
		t.Errorf("a run with the token for reading: %d %s", code, body)
	}
}
