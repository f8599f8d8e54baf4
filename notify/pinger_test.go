package notify_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/notify"
)

const (
	start   = notify.PingStart
	success = notify.PingSuccess
	failure = notify.PingFailure
)

// pinger makes a pinger of a URL that hardly pauses.
func pinger(t *testing.T, url string) *notify.Pinger {
	t.Helper()
	p, err := notify.NewPinger(notify.PingerConfig{URL: url, Timeout: patience, Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPingsOfARun(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{"/ping/hunter2", "/ping/hunter2/"} {
		box := serve(t, nil)
		p := pinger(t, box.URL+suffix+"?source=barkeep")
		run := notice(0).Run
		for _, which := range []notify.Ping{start, success, failure} {
			if err := p.Ping(t.Context(), which, run); err != nil {
				t.Fatal(err)
			}
		}
		got := box.all()
		paths := []string{"/ping/hunter2/start", suffix, "/ping/hunter2/fail"}
		if len(got) != len(paths) {
			t.Fatalf("%d requests, want %d", len(got), len(paths))
		}
		for i, a := range got {
			if a.method != http.MethodPost || a.path != paths[i] || a.query != "source=barkeep" {
				t.Errorf("%s %s?%s, want POST %s", a.method, a.path, a.query, paths[i])
			}
		}
		want := "failure of run 123, import 2026-11-22 14:05, attempt 2 on box: ES 1d: no answer\n"
		if got[2].body != want {
			t.Errorf("the body is %q, want %q", got[2].body, want)
		}
		adHoc := ledger.Run{ID: 7, Attempt: 1, Host: "box"}
		if err := p.Ping(t.Context(), success, adHoc); err != nil || box.all()[3].body != "success of run 7, attempt 1 on box\n" {
			t.Errorf("%v, body %q", err, box.all()[3].body)
		}
	}
}

func TestPingsAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		statuses []int // the last one holds on; 0 cuts the line
		asked    int
		err      string
	}{
		{"a short failure", []int{503, 0, 200}, 3, ""},
		{"a long one", []int{500}, 3, "the server answered 500 Internal Server Error"},
		{"throttled", []int{429, 200}, 2, ""},
		{"an unknown check", []int{404}, 1, "the server answered 404 Not Found"},
		{"no POST", []int{405, 200}, 2, ""},
		{"neither POST nor GET", []int{405}, 2, "the server answered 405 Method Not Allowed"},
		{"always cut", []int{0}, 3, "the connection broke"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			left := c.statuses
			box := serve(t, func(w http.ResponseWriter, r *http.Request) {
				code := left[0]
				if len(left) > 1 {
					left = left[1:]
				}
				if code == 0 {
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(code)
				_, _ = io.WriteString(w, "hunter2"+r.URL.Path)
			})
			err := pinger(t, box.URL+"/hunter2").Ping(t.Context(), start, ledger.Run{})
			switch {
			case c.err == "" && err != nil:
				t.Error(err)
			case c.err != "" && (!errors.Is(err, notify.ErrUndelivered) || err.Error() != "HEARTBEAT_URL (start): not delivered: "+c.err):
				t.Errorf("got %v, want %s", err, c.err)
			}
			if got := box.all(); len(got) != c.asked {
				t.Errorf("asked %d times, want %d", len(got), c.asked)
			}
		})
	}
}

func TestPingFallsBackToGET(t *testing.T) {
	t.Parallel()
	box := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	})
	if err := pinger(t, box.URL+"/x").Ping(t.Context(), success, ledger.Run{}); err != nil {
		t.Fatal(err)
	}
	if got := box.all(); len(got) != 2 || got[1].method != http.MethodGet || got[1].path != "/x" || got[1].body != "" {
		t.Errorf("asked %+v", got)
	}
}

func TestPingStaysWithItsHost(t *testing.T) {
	t.Parallel()
	other := serve(t, nil)
	box := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL+"/hunter2", http.StatusTemporaryRedirect)
		case "/here":
			http.Redirect(w, r, "/there", http.StatusTemporaryRedirect)
		case "/circle":
			http.Redirect(w, r, "/circle", http.StatusTemporaryRedirect)
		case "/garbled":
			w.Header().Set("Location", "http://hunter2:x y/%zz")
			w.WriteHeader(http.StatusFound)
		}
	})
	for path, want := range map[string]string{
		"/away":    "HEARTBEAT_URL (success): not delivered: redirected to another host, or from https to http",
		"/circle":  "HEARTBEAT_URL (success): not delivered: the service refused it; its words are not shown, since they may hold secrets",
		"/garbled": "HEARTBEAT_URL (success): not delivered: the service refused it; its words are not shown, since they may hold secrets",
		"/here":    "",
	} {
		err := pinger(t, box.URL+path).Ping(t.Context(), success, ledger.Run{})
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if got := other.all(); len(got) != 0 {
		t.Errorf("the other host was asked %+v", got)
	}
}

func TestPingObeysItsContext(t *testing.T) {
	t.Parallel()
	slow, _ := hang(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := pinger(t, slow.URL+"/hunter2").Ping(ctx, start, ledger.Run{})
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, notify.ErrUndelivered) {
		t.Errorf("got %v", err)
	}
	wantNoSecret(t, err.Error())
	// Between two tries, too.
	down := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	p, err := notify.NewPinger(notify.PingerConfig{URL: down.URL, Pause: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- p.Ping(ctx, start, ledger.Run{}) }()
	<-down.came
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) || len(down.all()) != 1 {
		t.Errorf("got %v after %d tries", err, len(down.all()))
	}
}

func TestPingIsBoundedWithoutAContext(t *testing.T) {
	t.Parallel()
	slow, _ := hang(t)
	p, err := notify.NewPinger(notify.PingerConfig{URL: slow.URL, Timeout: time.Second, Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	err = p.Ping(context.Background(), start, ledger.Run{})
	if !errors.Is(err, notify.ErrUndelivered) || !strings.Contains(err.Error(), "no answer in time") || len(slow.all()) != 3 {
		t.Errorf("got %v after %d tries", err, len(slow.all()))
	}
}

func TestPingRefusesUnknownPings(t *testing.T) {
	t.Parallel()
	box := serve(t, nil)
	if err := pinger(t, box.URL).Ping(t.Context(), "pause", ledger.Run{}); err == nil || len(box.all()) != 0 {
		t.Errorf("got %v, %d requests", err, len(box.all()))
	}
}

func TestNewPingerRefusesBadConfigurations(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "hunter2", "hc-ping.com/hunter2", "ftp://host/hunter2", "https://", "https:///hunter2", "http://host:port/hunter2",
		"https://u:hun ter2@host/", "://hunter2", "https://host/hunter2#fragment", "http://:80/hunter2",
	} {
		p, err := notify.NewPinger(notify.PingerConfig{URL: address})
		if p != nil || !errors.Is(err, notify.ErrURL) || !strings.Contains(err.Error(), "HEARTBEAT_URL") {
			t.Errorf("%q: %v, want ErrURL", address, err)
			continue
		}
		wantNoSecret(t, err.Error())
	}
	for _, c := range []notify.PingerConfig{{URL: "http://x", Timeout: -1}, {URL: "http://x", Pause: -1}} {
		if p, err := notify.NewPinger(c); p != nil || err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

// TestAnAnswerWithoutAnEnd is given up before it fills the memory.
func TestAnAnswerWithoutAnEnd(t *testing.T) {
	t.Parallel()
	monitor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
	}))
	defer monitor.Close()
	p, err := notify.NewPinger(notify.PingerConfig{URL: monitor.URL, Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Ping(t.Context(), notify.PingSuccess, ledger.Run{ID: 1}); !errors.Is(err, notify.ErrUndelivered) {
		t.Errorf("a header of a megabyte: %v", err)
	}
}
