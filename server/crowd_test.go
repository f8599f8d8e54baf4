package server_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/server"
	"barkeep/server/servertest"
)

// narrow are limits that a test reaches with few connections.
func narrow(b *servertest.Bench) {
	b.Config.Limits = server.Limits{Connections: 20, Waiting: 4, Requests: 6, AtOnce: 2, Readers: 2, Monitors: 4}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	for _, wrong := range []server.Limits{
		{Waiting: -1}, {AtOnce: -1}, {Connections: 100}, {Connections: 17, Waiting: 4, Requests: 6, AtOnce: 2, Readers: 3, Monitors: 4},
	} {
		c := b.Config
		c.Limits = wrong
		if _, err := server.New(c); err == nil || !strings.Contains(err.Error(), "limits") {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}

// open tells whether a connection is, by waiting a moment for its end.
func open(conn net.Conn) bool {
	_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	_, err := io.ReadAll(conn)
	timeout, ok := err.(net.Error) //nolint:errorlint // it is not wrapped
	return ok && timeout.Timeout()
}

// TestConnectionsThatHoldNothing are cut for new ones, the oldest of the heaviest client first, and what a request holds is not.
func TestConnectionsThatHoldNothing(t *testing.T) {
	t.Parallel()
	const get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for name, begin := range map[string]func(t *testing.T, conn net.Conn){
		"silent":      func(*testing.T, net.Conn) {},
		"half a line": func(_ *testing.T, conn net.Conn) { _, _ = io.WriteString(conn, "GET /heal") },
		"headers without an end": func(_ *testing.T, conn net.Conn) {
			_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ")
		},
		"idle": func(t *testing.T, conn net.Conn) {
			_, _ = io.WriteString(conn, get)
			if code, _ := answer(t, conn, get); code != http.StatusOK {
				t.Errorf("%d", code)
			}
		},
		"a body without an end": func(_ *testing.T, conn net.Conn) {
			_, _ = io.WriteString(conn, "POST /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nx")
		},
		"a crowd of requests whose answers nobody reads": func(_ *testing.T, conn net.Conn) {
			_ = conn.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
			_, _ = io.WriteString(conn, strings.Repeat("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 20_000))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := servertest.New(t, narrow)
			running(b)
			if err := b.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			waits := dial(t, b, "127.0.0.9")
			_, _ = io.WriteString(waits, "GET /api/v1/slots/today/0?wait=60s HTTP/1.1\r\nHost: localhost\r\n\r\n")
			same := dial(t, b, "127.0.0.7")
			_, _ = io.WriteString(same, "GET /api/v1/slots/today/0?wait=60s HTTP/1.1\r\nHost: localhost\r\n\r\n")
			for b.Ledger.Calls.Load() == 0 {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(50 * time.Millisecond) // until the other one waits too
			light := dial(t, b, "127.0.0.8")
			_, _ = io.WriteString(light, get)
			answer(t, light, get)
			var crowd []net.Conn
			var group sync.WaitGroup
			for range 40 {
				conn := dial(t, b, "127.0.0.7")
				crowd = append(crowd, conn)
				group.Go(func() { begin(t, conn) })
				if name == "idle" {
					group.Wait() // it must have its answer before it is cut
				}
			}
			for range 5 {
				began := time.Now()
				for _, path := range []string{"/healthz", "/readyz", "/metrics", "/status"} {
					request := "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
					if code, body := raw(t, b, request); code != http.StatusOK || time.Since(began) > 8*time.Second { // a machine may be busy with other tests
						t.Errorf("%s: %d after %s: %s", path, code, time.Since(began), body)
					}
				}
			}
			group.Wait()
			if !open(waits) || !open(same) || !open(light) {
				t.Error("a request that waits, or the only connection of another client, was cut for the crowd")
			}
			if name == "silent" && (open(crowd[0]) || !open(crowd[39])) {
				t.Error("the oldest is open, or the newest is cut")
			}
		})
	}
}

// TestConnectionsInUse outlive those on which nothing happens.
func TestConnectionsInUse(t *testing.T) {
	t.Parallel()
	const get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	b := servertest.New(t, narrow)
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	used := dial(t, b, "127.0.0.7")
	_, _ = io.WriteString(used, get)
	answer(t, used, get)
	var silent []net.Conn
	for range 19 {
		silent = append(silent, dial(t, b, "127.0.0.7"))
	}
	raw(t, b, get) // the silent ones were accepted, and the oldest of all goes: what was used first
	if open(used) {
		t.Error("the oldest connection was not cut")
	}
	_, _ = io.WriteString(silent[0], get)
	answer(t, silent[0], get)
	raw(t, b, get)
	if !open(silent[0]) || open(silent[1]) {
		t.Error("a connection that was used a moment ago was cut, and not one on which nothing ever happened")
	}
}

// TestHalfARequest is given up after a few seconds, also where nobody needs its connection.
func TestHalfARequest(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn := dial(t, b, "127.0.0.1")
	_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ")
	began := time.Now()
	_ = conn.SetReadDeadline(began.Add(20 * time.Second))
	if _, err := io.ReadAll(conn); err != nil || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// running lets the slot of the tests be in progress.
func running(b *servertest.Bench) {
	run := servertest.DoneRun(3, "2026-01-15", servertest.WinterNoon())
	run.State = ledger.StateRunning
	b.Ledger.Set(servertest.Today(), servertest.SlotRecord{Run: run})
}

const slow = "/api/v1/slots/today/0?wait=60s"

// TestPlacesToWait: a full house tells people when to come again, whose fault that is, and gives a place to whoever has fewer.
func TestPlacesToWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := servertest.New(t, narrow)
		running(b)
		began := time.Now()
		type ended struct {
			who    string
			status int
			retry  string
			after  time.Duration
		}
		var mu sync.Mutex
		var all []ended
		var group sync.WaitGroup
		ask := func(who string) {
			group.Go(func() {
				a := b.Ask(t, http.MethodGet, slow, "", "Remote", who+":1234")
				mu.Lock()
				defer mu.Unlock()
				all = append(all, ended{who, a.Status, a.Header.Get("Retry-After"), time.Since(began)})
			})
			synctest.Wait()
		}
		for range 6 {
			ask("10.0.0.1") // four wait, two are refused
			time.Sleep(time.Second)
		}
		ask("10.0.0.2") // gets the place of the oldest
		ask("10.0.0.2") // and another
		ask("10.0.0.2") // both have as many now
		ask("10.0.0.3") // may have one
		ask("10.0.0.3") // and not the second one of another
		group.Wait()
		var told []string
		for _, e := range all {
			told = append(told, fmt.Sprintf("%s %d %s %s", e.who, e.status, e.retry, e.after))
		}
		want := []string{
			"10.0.0.1 429 10 4s", "10.0.0.1 429 10 5s", "10.0.0.1 200 5 6s", "10.0.0.1 200 5 6s", "10.0.0.2 429 10 6s",
			"10.0.0.1 200 5 6s", "10.0.0.3 503 10 6s",
		}
		if len(told) != 11 {
			t.Fatalf("%d ended: %q", len(told), told)
		}
		for i := range want {
			if told[i] != want[i] {
				t.Errorf("%d: %s, want %s", i, told[i], want[i])
			}
		}
		for _, e := range all[7:] {
			if e.status != http.StatusOK || e.after < time.Minute {
				t.Errorf("%+v, want the whole wait", e)
			}
		}
	})
}

// TestOneLookForAll: the ledger is asked once a second, however many wait, and no more when nobody does.
func TestOneLookForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := servertest.New(t)
		running(b)
		var group sync.WaitGroup
		for i := range 400 {
			group.Go(func() {
				a := b.Ask(t, http.MethodGet, slow, "", "Remote", fmt.Sprintf("10.0.%d.%d:1", i/200, i%200))
				if s := servertest.Decode[servertest.Slot](t, a, http.StatusOK); s.State != "done" {
					t.Errorf("%+v", s)
				}
			})
			if i%40 == 0 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		time.Sleep(30*time.Second - 500*time.Millisecond)
		b.Ledger.Set(servertest.Today(), servertest.SlotRecord{Run: servertest.DoneRun(3, "2026-01-15", servertest.WinterNoon())})
		group.Wait()
		if n := b.Ledger.Calls.Load(); n > 32 {
			t.Errorf("the ledger was asked %d times in 30 seconds", n)
		}
		before := b.Ledger.Calls.Load()
		time.Sleep(time.Minute)
		if n := b.Ledger.Calls.Load(); n != before {
			t.Errorf("it was asked %d times when nobody waited", n-before)
		}
	})
}

// TestManyDifferentSlots: nobody needs to wait for that many, and each costs looks at the ledger. One client that does is told so;
// of many nobody is to blame.
func TestManyDifferentSlots(t *testing.T) {
	t.Parallel()
	for clients, refused := range map[int]int{1: http.StatusTooManyRequests, 10: http.StatusServiceUnavailable} {
		manyDifferentSlots(t, clients, refused)
	}
}

func manyDifferentSlots(t *testing.T, clients, refused int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := servertest.New(t)
		var mu sync.Mutex
		codes := map[int]int{}
		var group sync.WaitGroup
		for i := range 100 {
			group.Go(func() {
				date := servertest.WinterNoon().AddDate(0, 0, i+1).Format(time.DateOnly)
				a := b.Ask(t, http.MethodGet, "/api/v1/slots/"+date+"/0?wait=60s", "", "Remote", fmt.Sprintf("10.0.0.%d:1", 1+i%clients))
				mu.Lock()
				defer mu.Unlock()
				if codes[a.Status]++; a.Status != 200 && a.Header.Get("Retry-After") == "" {
					t.Error("no Retry-After")
				}
			})
		}
		group.Wait()
		if codes[200] != 64 || codes[refused] != 36 {
			t.Errorf("answers %v", codes)
		}
		time.Sleep(2 * time.Second)
		date := servertest.WinterNoon().AddDate(1, 0, 0).Format(time.DateOnly)
		if a := b.Get(t, "/api/v1/slots/"+date+"/0?wait=1s"); a.Status != 200 {
			t.Errorf("when nobody waits any more: %d", a.Status)
		}
	})
}

// TestLooksThatPanic end nothing but themselves.
func TestLooksThatPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := servertest.New(t)
		b.Ledger.Panic = true
		a := b.Get(t, "/api/v1/slots/today/0?wait=2s")
		if p := servertest.Refused(t, a, 500); strings.Contains(a.Body, "s3cr3t") || !strings.Contains(b.Log.String(), p.ID) {
			t.Errorf("%+v", p)
		}
	})
}
