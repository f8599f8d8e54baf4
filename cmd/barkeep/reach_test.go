package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
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
