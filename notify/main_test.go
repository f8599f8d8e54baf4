package notify_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barkeep/ledger"
	"barkeep/notify"
)

// proxied runs the tests behind a proxy that lets nothing through, so that no test reaches the services themselves; their
// libraries then quote the URL, as with any failure. Local servers are reached without it.
type proxied struct{ *testing.M }

func (p proxied) Run() int {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		if err := os.Setenv(name, proxy.URL); err != nil {
			panic(err)
		}
	}
	_ = os.Unsetenv("NO_PROXY")
	return p.M.Run()
}

// TestMain fails the package when any goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(proxied{m}) }

// asked is a request that a server got.
type asked struct {
	method, path, query, body string
	header                    http.Header
}

// inbox is a real server that keeps what it was asked.
type inbox struct {
	*httptest.Server
	came chan struct{} // ready once it was asked
	once sync.Once
	mu   sync.Mutex
	seen []asked
}

// serve starts a server that answers as told, until the test ends. A nil answer is 200 with an empty JSON object.
func serve(t *testing.T, answer http.HandlerFunc) *inbox {
	t.Helper()
	if answer == nil {
		answer = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }
	}
	box := &inbox{came: make(chan struct{})}
	box.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		box.mu.Lock()
		box.seen = append(box.seen, asked{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header})
		box.mu.Unlock()
		box.once.Do(func() { close(box.came) })
		answer(w, r)
	}))
	t.Cleanup(box.Close)
	return box
}

// all is what the server was asked so far.
func (b *inbox) all() []asked {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]asked(nil), b.seen...)
}

// host is the server's host and port.
func (b *inbox) host() string { return strings.TrimPrefix(b.URL, "http://") }

// hang makes a server that answers nothing until it is let go. A test with a notifier defers that, since the notifier's end
// waits for the answers.
func hang(t *testing.T) (box *inbox, letGo func()) {
	t.Helper()
	gate := make(chan struct{})
	letGo = sync.OnceFunc(func() { close(gate) })
	box = serve(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-gate:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(letGo) // before the server closes, which waits for its requests
	return box, letGo
}

// open makes a notifier that is closed, with all that it sent, before the test ends.
func open(t *testing.T, timeout time.Duration, urls ...string) *notify.Notifier {
	t.Helper()
	n, err := notify.New(notify.Config{URLs: urls, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := n.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return n
}

// slotOf is the n-th import of a day: 14:05 or 20:00 Pacific, or a later minute.
func slotOf(n int) ledger.Slot {
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		panic(err)
	}
	at := time.Date(2026, 11, 22, 14, 5, 0, 0, pacific)
	if n > 0 {
		at = time.Date(2026, 11, 22, 20, n-1, 0, 0, pacific)
	}
	slot := ledger.NewSlot(ledger.JobImport, at)
	slot.Index = n
	return slot
}

// notice is that the n-th import of a day failed.
func notice(n int) ledger.Notice {
	return ledger.Notice{
		Kind: ledger.NoticeFailed, Slot: slotOf(n),
		Run: ledger.Run{
			ID: 123, Job: ledger.JobImport, Slot: slotOf(n), Attempt: 2, Host: "box", PID: 17,
			State: ledger.StateFailed, Reason: "ES 1d: no answer", Started: time.Date(2026, 11, 22, 22, 5, 1, 0, time.UTC),
			Finished: time.Date(2026, 11, 22, 22, 6, 0, 0, time.UTC),
		},
		Text: "import 2026-11-22 slot 0: failed",
	}
}
