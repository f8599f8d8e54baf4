package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/notify"
)

const (
	wantTitle = "Barkeep: import of 2026-11-22 14:05 PST failed"
	wantFirst = "The import of 2026-11-22 14:05 PST (22:05 UTC) failed: ES 1d: no answer"
)

// patience is longer than any answer takes.
const patience = 20 * time.Second

func TestNoticeReachesEveryURL(t *testing.T) {
	t.Parallel()
	box := serve(t, nil)
	n := open(t, patience,
		"generic+"+box.URL+"/plain",
		"generic+"+box.URL+"/json?template=json&@X-Key=k",
		"ntfy://me:secret@"+box.host()+"/topic?scheme=http",
		"signal://"+box.host()+"/+15551234567/+15557654321?disabletls=yes", // shows no titles
		"gotify://"+box.host()+"/AAAAAAAAAAAAAAA?disabletls=yes",
		"mattermost://"+box.host()+"/token/channel?disabletls=yes",
	)
	// Twice, since services may keep the first title.
	second := notice(0)
	second.Kind = ledger.NoticeMended
	for _, what := range []ledger.Notice{notice(0), second} {
		if err := n.Notify(t.Context(), what); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string][]asked{}
	for _, a := range box.all() {
		got[a.path] = append(got[a.path], a)
	}
	for path, title := range map[string]func(asked) string{
		"/plain": nil,
		"/json": func(a asked) string {
			var v struct{ Title string }
			_ = json.Unmarshal([]byte(a.body), &v)
			return v.Title
		},
		"/topic":       func(a asked) string { return a.header.Get("Title") },
		"/v2/send":     nil,
		"/message":     func(a asked) string { return a.body },
		"/hooks/token": nil, // Mattermost ignores titles
	} {
		if len(got[path]) != 2 {
			t.Errorf("%s was asked %d times, want 2", path, len(got[path]))
			continue
		}
		for i, want := range []string{"failed", "is there now"} {
			a := got[path][i]
			if !strings.Contains(a.body, "The import of 2026-11-22 14:05 PST (22:05 UTC) "+want) {
				t.Errorf("%s was told %q, want %q", path, a.body, want)
			}
			if title != nil && !strings.Contains(title(a), "Barkeep: import of 2026-11-22 14:05 PST "+want) {
				t.Errorf("%s got the title %q, want %q", path, title(a), want)
			}
		}
	}
	if auth := got["/topic"][0].header.Get("Authorization"); !strings.HasPrefix(auth, "Basic ") {
		t.Errorf("ntfy got the authorization %q", auth)
	}
}

func TestEveryURLIsTriedAndErrorsAreJoined(t *testing.T) {
	t.Parallel()
	good := serve(t, nil)
	bad := serve(t, func(w http.ResponseWriter, r *http.Request) {
		// A server that quotes what it was sent.
		http.Error(w, "no such token "+r.URL.Path, http.StatusInternalServerError)
	})
	slow, letGo := hang(t)
	defer letGo()
	n := open(t, 300*time.Millisecond, "generic+"+bad.URL+"/hunter2", "generic+"+slow.URL+"/hunter2",
		"generic+"+good.URL+"/hunter2")
	err := n.Notify(t.Context(), notice(0))
	want := "NOTIFY_URLS entry 1 (generic): not delivered: the server answered 500 Internal Server Error\n" +
		"NOTIFY_URLS entry 2 (generic): not delivered: no answer in time: context deadline exceeded"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if !errors.Is(err, notify.ErrUndelivered) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v wraps neither ErrUndelivered nor the deadline", err)
	}
	if len(good.all()) != 1 {
		t.Errorf("the good one was told %d times", len(good.all()))
	}
}

func TestRetryLeavesOutWhoKnows(t *testing.T) {
	t.Parallel()
	good := serve(t, nil)
	broken := true
	bad := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if broken {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	n := open(t, patience, "generic+"+good.URL, "generic+"+bad.URL)
	for range 3 {
		if err := n.Notify(t.Context(), notice(0)); !errors.Is(err, notify.ErrUndelivered) {
			t.Fatalf("got %v", err)
		}
	}
	broken = false
	for range 2 {
		if err := n.Notify(t.Context(), notice(0)); err != nil {
			t.Fatal(err)
		}
	}
	if len(good.all()) != 1 || len(bad.all()) != 4 {
		t.Errorf("the good one was told %d times, the bad one %d times, want 1 and 4", len(good.all()), len(bad.all()))
	}
	// Another slot, or another kind, is another notice.
	other := notice(0)
	other.Kind = ledger.NoticeMended
	for _, what := range []ledger.Notice{notice(1), other} {
		if err := n.Notify(t.Context(), what); err != nil {
			t.Fatal(err)
		}
	}
	if len(good.all()) != 3 {
		t.Errorf("the good one was told %d times, want 3", len(good.all()))
	}
}

func TestWhatWasToldLongAgoIsForgotten(t *testing.T) {
	t.Parallel()
	told := 0
	n := open(t, patience, "generic://example.org")
	n.Replace(func() error { told++; return nil })
	for i := range notify.Remembered + 1 {
		if err := n.Notify(t.Context(), notice(i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range []int{1, 0} { // the first is the one too many
		if err := n.Notify(t.Context(), notice(i)); err != nil {
			t.Fatal(err)
		}
	}
	if want := notify.Remembered + 2; told != want {
		t.Errorf("told %d times, want %d", told, want)
	}
}

func TestHangingServiceIsLeftBehindWithinABound(t *testing.T) {
	t.Parallel()
	slow, letGo := hang(t)
	defer letGo()
	good := serve(t, nil)
	n := open(t, 100*time.Millisecond, "generic+"+slow.URL, "generic+"+good.URL)
	for i := range notify.SendingsPerURL {
		if err := n.Notify(t.Context(), notice(i)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("notice %d: %v, want the deadline", i, err)
		}
	}
	err := n.Notify(t.Context(), notice(99))
	want := "NOTIFY_URLS entry 1 (generic): not delivered: earlier ones still hang"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if len(good.all()) != notify.SendingsPerURL+1 {
		t.Errorf("the good one was told %d times", len(good.all()))
	}
	// Closing cannot end them, and says so.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("close while they hang: %v", err)
	}
	letGo()
	if err := n.Close(t.Context()); err != nil {
		t.Errorf("close when they returned: %v", err)
	}
	if err := n.Notify(t.Context(), notice(100)); !errors.Is(err, notify.ErrUndelivered) {
		t.Errorf("notice after close: %v", err)
	}
}

func TestServiceThatHungIsAskedAgain(t *testing.T) {
	t.Parallel()
	slow, letGo := hang(t)
	defer letGo()
	n := open(t, 50*time.Millisecond, "generic+"+slow.URL)
	for i := range notify.SendingsPerURL {
		if err := n.Notify(t.Context(), notice(i)); err == nil {
			t.Fatal("a hanging server was told")
		}
	}
	letGo()
	for n.Notify(t.Context(), notice(99)) != nil {
		if t.Context().Err() != nil {
			t.Fatal("the service is never asked again")
		}
	}
}

func TestNotifyObeysItsContext(t *testing.T) {
	t.Parallel()
	slow, letGo := hang(t)
	defer letGo()
	// A mail server that never greets, which its library waits for without a bound.
	mail := listen(t)
	n := open(t, time.Hour, "generic+"+slow.URL,
		"smtp://me:hunter2@"+mail.Addr().String()+"/?from=a@example.org&to=b@example.org")
	var wg sync.WaitGroup
	line := make(chan net.Conn, 1)
	wg.Go(func() {
		defer close(line)
		if c, err := mail.Accept(); err == nil {
			line <- c
		}
	})
	defer wg.Wait()
	ctx, cancel := context.WithCancelCause(t.Context())
	result := make(chan error, 1)
	wg.Go(func() { result <- n.Notify(ctx, notice(0)) })
	c, ok := <-line // the mail is on its way
	if !ok {
		t.Fatal("no mail came")
	}
	cancel(errors.New("hunter2 is the cause"))
	err := <-result
	_, _ = c.Close(), mail.Close()
	if !errors.Is(err, context.Canceled) || !errors.Is(err, notify.ErrUndelivered) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want context.Canceled without its cause", err)
	}
}

func TestBrokenLibraryIsContained(t *testing.T) {
	t.Parallel()
	n := open(t, patience, "generic://example.org/hunter2")
	n.Replace(func() error { panic("index out of hunter2") })
	err := n.Notify(t.Context(), notice(0))
	if want := "NOTIFY_URLS entry 1 (generic): not delivered: the library for this service broke"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
