package main_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHealthOfAWorker asks a worker that runs, one that is not there, and one that lost its database.
func TestHealthOfAWorker(t *testing.T) {
	t.Parallel()
	w := serve(t, []string{"YAHOO_BASE_URL=http://127.0.0.1:1"})
	_, port, err := net.SplitHostPort(strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{"": "ready\n", "--live": "ok\n"} {
		args := strings.Fields("health " + flag)
		// As in a container: the worker listens on all addresses, and the check asks the loopback one.
		if got := barkeep(t, []string{"HTTP_ADDR=0.0.0.0:" + port}, args...).must(t, 0); got.stdout != want {
			t.Errorf("%v says %q, want %q", args, got.stdout, want)
		}
	}
	got := barkeep(t, []string{"HTTP_ADDR=127.0.0.1:1"}, "health").must(t, 4)
	if !printed(got.stderr, "the worker does not answer") || !printed(got.stderr, "connection refused") {
		t.Errorf("without a worker it says %q", got.stderr)
	}
}

// TestHealthOfOthers is another program at the worker's address, and a worker that cannot do its work.
func TestHealthOfOthers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		body   string
		status int
		want   string
	}{
		{"<html>It works!</html>", 200, "no worker of Barkeep's"},
		{`{"status": 503, "detail": "the process cannot do its work without: database"}`, 503, "not ready: the process cannot do its work without: database"},
	} {
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			_, _ = w.Write([]byte(tt.body))
		}))
		t.Cleanup(other.Close)
		got := barkeep(t, []string{"HTTP_ADDR=" + strings.TrimPrefix(other.URL, "http://")}, "health").must(t, 4)
		if !printed(got.stderr, tt.want) {
			t.Errorf("it says %q, want %q", got.stderr, tt.want)
		}
	}
}
