package main_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestNotify sends a notice to servers that take it, refuse it, hang, have a certificate that nobody trusts, and are not there.
func TestNotify(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	told := map[string]string{}
	gone := make(chan struct{})
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		told[r.Method+" "+r.URL.Path] = string(body)
		mu.Unlock()
		switch {
		case strings.Contains(r.URL.Path, "404"):
			http.NotFound(w, r)
		case strings.Contains(r.URL.Path, "hang"):
			<-gone
		}
	}
	server, secure := httptest.NewServer(http.HandlerFunc(handler)), httptest.NewTLSServer(http.HandlerFunc(handler))
	t.Cleanup(server.Close)
	t.Cleanup(secure.Close)
	t.Cleanup(func() { close(gone) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	l.Close()
	at, safely := strings.TrimPrefix(server.URL, "http://"), strings.TrimPrefix(secure.URL, "https://")
	const secret = "hunter2"
	good := "generic+http://" + at + "/good-" + secret

	all := barkeep(t, []string{"NOTIFY_URLS=" + good, "HEARTBEAT_URL=" + server.URL + "/ping-" + secret, "PUBLIC_URL=https://bars.example.org"}, "notify", "--test").must(t, 0)
	for _, want := range []string{
		"arrived   all 2\n", "arrived   NOTIFY_URLS entry 1, generic+http://" + at + ", in ", "arrived   HEARTBEAT_URL, http://" + at + ", in ",
	} {
		if !printed(all.stdout, want) {
			t.Errorf("it lacks %q:\n%s%s", want, all.stdout, all.stderr)
		}
	}
	mu.Lock()
	if got := told["POST /good-"+secret]; !strings.Contains(got, "arrive here") || !strings.HasSuffix(strings.TrimSpace(got), "https://bars.example.org/") {
		t.Errorf("people were told %q", got)
	}
	if got := told["POST /ping-"+secret]; !strings.Contains(got, "nothing was run") {
		t.Errorf("the monitor was told %q", got)
	}
	mu.Unlock()

	began := time.Now()
	bad := barkeep(t, []string{"NOTIFY_URLS=" + strings.Join([]string{
		good, "generic+http://" + at + "/404-" + secret, "generic+http://" + at + "/hang-" + secret, "generic+https://" + safely + "/" + secret,
		"generic+http://" + free + "/" + secret, "telegram://123456789:" + strings.Repeat("A", 28) + secret + "@telegram?chats=@nobody",
	}, ","), "HTTPS_PROXY=http://" + free}, "notify", "--test").must(t, 4)
	if took := time.Since(began); took > 40*time.Second {
		t.Errorf("it took %s", took)
	}
	for _, want := range []string{
		"lost      5 of 6 did not arrive\n", "entry 2, generic+http://" + at + ": the server answered 404 Not Found",
		"entry 3, generic+http://" + at + ": no answer in time", "entry 4, generic+https://" + safely + ": the server's certificate is not trusted",
		"entry 5, generic+http://" + free + ": connection refused", "entry 6, telegram: ", "arrived   NOTIFY_URLS entry 1, ",
	} {
		if !strings.Contains(flat(bad.stdout), flat(want)) {
			t.Errorf("it lacks %q:\n%s%s", want, bad.stdout, bad.stderr)
		}
	}
	if i, k := strings.Index(bad.stdout, "entry 1"), strings.LastIndex(bad.stdout, "lost "); i < k {
		t.Errorf("what arrived stands before what did not:\n%s", bad.stdout)
	}
	for _, got := range []ended{all, bad} {
		if printed(got.stdout+got.stderr, secret) {
			t.Errorf("a secret is shown:\n%s%s", got.stdout, got.stderr)
		}
	}

	none := barkeep(t, nil, "notify", "--test").must(t, 2)
	if !printed(none.stdout, "NOTIFY_URLS=ntfy://") || !printed(none.stdout, "HEARTBEAT_URL=https://") {
		t.Errorf("without an address it says\n%s", none.stdout)
	}
	if got := barkeep(t, []string{"NOTIFY_URLS=" + good}, "notify").must(t, 2); !printed(got.stderr, "--test") {
		t.Errorf("without a flag it says\n%s", got.stderr)
	}
	if got := barkeep(t, []string{"NOTIFY_URLS=nobody://" + secret}, "notify", "--test").must(t, 2); !printed(got.stderr, "no known service") {
		t.Errorf("with an address of nobody it says\n%s", got.stderr)
	}
}
