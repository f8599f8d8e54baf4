package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"barkeep/ledger"
	"barkeep/server/servertest"
	"barkeep/server/view"
)

// stream is what a client hears.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
	body  io.ReadCloser
}

// hear opens a stream of a server that serves.
func hear(t *testing.T, b *servertest.Bench) stream {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.URL()+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Body.Close() })
	if kind := a.Header.Get("Content-Type"); a.StatusCode != http.StatusOK || kind != "text/event-stream" {
		t.Fatalf("%d %s", a.StatusCode, kind)
	}
	return stream{t, bufio.NewScanner(a.Body), a.Body}
}

// run is the run of the next event.
func (s stream) run() view.Run {
	s.t.Helper()
	var run view.Run
	for s.lines.Scan() {
		if data, ok := strings.CutPrefix(s.lines.Text(), "data: "); ok {
			if err := json.Unmarshal([]byte(data), &run); err != nil {
				s.t.Fatalf("%v in %s", err, data)
			}
			return run
		}
	}
	s.t.Fatalf("the stream has ended: %v", s.lines.Err())
	return run
}

// TestEvents tells of runs in progress, of what they say and of their end, and ends with the server.
func TestEvents(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	running := ledger.Run{ID: 2, Job: ledger.JobImport, State: ledger.StateRunning, Started: servertest.WinterNoon()}
	b.Ledger.List = []ledger.Run{servertest.DoneRun(3, "2026-01-15", servertest.WinterNoon()), running, servertest.DoneRun(1, "2026-01-14", servertest.WinterNoon())}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	one, other := hear(t, b), hear(t, b)
	for _, s := range []stream{one, other} {
		if first, second := s.run(), s.run(); first.ID != 2 || second.ID != 3 || first.State != ledger.StateRunning {
			t.Fatalf("%+v and %+v", first, second)
		}
	}
	b.Ledger.Change(func(runs []ledger.Run, said map[int64]ledger.Progress) []ledger.Run {
		said[2] = ledger.Progress{Tasks: 5, Ended: 2, At: servertest.WinterNoon()}
		return runs
	})
	for _, s := range []stream{one, other} {
		if r := s.run(); r.ID != 2 || r.Progress == nil || r.Progress.Ended != 2 {
			t.Errorf("%+v", r)
		}
	}
	b.Ledger.Fail(errors.New("s3cr3t")) // for a while
	b.Ledger.Fail(nil)
	b.Ledger.Change(func(runs []ledger.Run, _ map[int64]ledger.Progress) []ledger.Run {
		runs[1].State, runs[1].Finished = ledger.StateDone, servertest.WinterNoon()
		return append([]ledger.Run{servertest.DoneRun(4, "2026-01-16", servertest.WinterNoon())}, runs...)
	})
	if ended, begun := one.run(), one.run(); ended.ID != 2 || ended.State != ledger.StateDone || ended.Progress != nil || begun.ID != 4 {
		t.Errorf("%+v and %+v", ended, begun)
	}
	if err := b.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("stop: %v", err)
	}
	for one.lines.Scan() {
		if text := one.lines.Text(); text != "" && !strings.HasPrefix(text, ":") {
			t.Errorf("after the end: %s", text)
		}
	}
	if err := one.lines.Err(); err != nil {
		t.Errorf("the stream is cut: %v", err)
	}
}

// TestEventsOfNow ends at once where nobody waits, takes no body for HEAD, and is a problem while the ledger fails.
func TestEventsOfNow(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	if a := b.Get(t, "/api/v1/events?wait=0s"); a.Status != http.StatusOK || a.Body != "retry: 5000\n\n" {
		t.Errorf("%d %q", a.Status, a.Body)
	}
	if a := b.Ask(t, http.MethodHead, "/api/v1/events", ""); a.Status != http.StatusOK || a.Body != "" {
		t.Errorf("HEAD: %d %q", a.Status, a.Body)
	}
	b.Ledger.Fail(errors.New("s3cr3t"))
	servertest.Refused(t, b.Get(t, "/api/v1/events?wait=0s"), http.StatusInternalServerError)
}

// TestListenersAreBounded: a client's oldest one gives its place to another client.
func TestListenersAreBounded(t *testing.T) {
	t.Parallel()
	b := servertest.New(t, func(b *servertest.Bench) { b.Config.Limits.Waiting = 2 })
	b.Ledger.List = []ledger.Run{servertest.DoneRun(1, "2026-01-14", servertest.WinterNoon())}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, second := hear(t, b), hear(t, b)
	first.run()
	second.run()
	servertest.Refused(t, b.Ask(t, http.MethodGet, "/api/v1/events", "", "Remote", "127.0.0.1:1"), http.StatusTooManyRequests)
	if a := b.Ask(t, http.MethodGet, "/api/v1/events?wait=0s", "", "Remote", "10.0.0.9:1"); a.Status != http.StatusOK {
		t.Errorf("another client: %d", a.Status)
	}
	for first.lines.Scan() { // to its end
	}
	if err := first.lines.Err(); err != nil {
		t.Error(err)
	}
}
