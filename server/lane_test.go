package server_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/server/servertest"
)

// TestTurns: as many requests go on at once as there are turns, of one client half of them; more wait, and too many are refused:
// with 429 where half of the room or more is the client's own, else with 503.
func TestTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := servertest.New(t, narrow)
		release := b.Ledger.Stall(t)
		var mu sync.Mutex
		codes := map[string]int{}
		var group sync.WaitGroup
		ask := func(who string) {
			group.Go(func() {
				a := b.Ask(t, http.MethodGet, "/api/v1/runs", "", "Remote", who+":1")
				mu.Lock()
				defer mu.Unlock()
				codes[fmt.Sprint(who, " ", a.Status)]++
			})
			synctest.Wait()
		}
		for range 8 {
			ask("10.0.0.1") // one goes on, five wait, two are refused
		}
		if n := b.Ledger.Calls.Load(); n != 1 {
			t.Errorf("%d at once of one client, want half of 2", n)
		}
		ask("10.0.0.2") // gets room, and its turn at once
		if n := b.Ledger.Calls.Load(); n != 2 {
			t.Errorf("%d at once, want 2", n)
		}
		ask("10.0.0.2") // four and two
		ask("10.0.0.3") // three, two and one
		ask("10.0.0.2") // would have as many as the first, and is refused
		mu.Lock()
		if codes["10.0.0.1 429"] != 5 || codes["10.0.0.2 503"] != 1 {
			t.Errorf("refused so far %v", codes)
		}
		mu.Unlock()
		ask("10.0.0.3") // two each
		for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
			if a := b.Get(t, path); a.Status != 200 {
				t.Errorf("%s %d", path, a.Status)
			}
		}
		release()
		group.Wait()
		if want := map[string]int{
			"10.0.0.1 200": 2, "10.0.0.1 429": 6, "10.0.0.2 200": 2, "10.0.0.2 503": 1, "10.0.0.3 200": 2,
		}; !maps.Equal(codes, want) {
			t.Errorf("answers %v, want %v", codes, want)
		}
	})
}

// TestARoomFullOfMany is nobody's fault: who finds it so is told 503, and comes in when it is empty again.
func TestARoomFullOfMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := servertest.New(t, narrow)
		release := b.Ledger.Stall(t)
		var group sync.WaitGroup
		for i := range 6 {
			group.Go(func() {
				if a := b.Ask(t, http.MethodGet, "/api/v1/runs", "", "Remote", fmt.Sprintf("10.0.0.%d:1", i)); a.Status != 200 {
					t.Errorf("%d: %d", i, a.Status)
				}
			})
			synctest.Wait()
		}
		for range 3 {
			a := b.Ask(t, http.MethodGet, "/api/v1/runs", "", "Remote", "10.0.0.9:1")
			if p := servertest.Refused(t, a, http.StatusServiceUnavailable); !strings.HasSuffix(p.Type, ":crowded") || a.Header.Get("Retry-After") != "5" {
				t.Errorf("%+v, %v", p, a.Header)
			}
		}
		release()
		group.Wait()
		if a := b.Ask(t, http.MethodGet, "/api/v1/runs", "", "Remote", "10.0.0.9:1"); a.Status != 200 {
			t.Errorf("when it is empty again: %d", a.Status)
		}
	})
}

// TestATurnThatDoesNotCome: whoever waits for it is told to come later; with 429 where the client itself has its half of the turns,
// with 503 where others have them all.
func TestATurnThatDoesNotCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := servertest.New(t, narrow)
		release := b.Ledger.Stall(t)
		var group sync.WaitGroup
		group.Go(func() { b.Get(t, "/api/v1/runs") })
		synctest.Wait()
		began := time.Now()
		a := b.Get(t, "/api/v1/runs")
		if p := servertest.Refused(t, a, 429); !strings.HasSuffix(p.Type, ":too-many-requests") || a.Header.Get("Retry-After") == "" || a.Header.Get("Connection") != "close" || time.Since(began) != 10*time.Second {
			t.Errorf("%+v, %v after %s", p, a.Header, time.Since(began))
		}
		group.Go(func() { b.Ask(t, http.MethodGet, "/api/v1/runs", "", "Remote", "10.0.0.2:1") })
		synctest.Wait()
		servertest.Refused(t, b.Ask(t, http.MethodGet, "/api/v1/runs", "", "Remote", "10.0.0.3:1"), 503)
		release()
		group.Wait()
		if a := b.Get(t, "/api/v1/runs"); a.Status != 200 {
			t.Errorf("when all is well again: %d", a.Status)
		}
	})
}

// TestWhatGoesOnIsNotRefused: room is made of those that wait for their turn alone.
func TestWhatGoesOnIsNotRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := servertest.New(t, narrow, func(b *servertest.Bench) { b.Config.Limits.AtOnce = 12 })
		release := b.Ledger.Stall(t)
		var group sync.WaitGroup
		for range 6 {
			group.Go(func() {
				if a := b.Ask(t, http.MethodGet, "/api/v1/runs", "", "Remote", "10.0.0.1:1"); a.Status != 200 {
					t.Errorf("%d", a.Status)
				}
			})
		}
		synctest.Wait()
		servertest.Refused(t, b.Ask(t, http.MethodGet, "/api/v1/runs", "", "Remote", "10.0.0.2:1"), 503)
		release()
		group.Wait()
	})
}

// TestTurnsAreGivenBack also when a request of the client did not get one of all.
func TestTurnsAreGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := servertest.New(t, narrow, func(b *servertest.Bench) { b.Config.Limits.AtOnce = 4 })
		endRuns, endSeries := b.Ledger.Stall(t), b.Archive.Stall(t)
		var group sync.WaitGroup
		for _, ask := range []struct{ who, path string }{
			{"10.0.0.1", "series"}, {"10.0.0.1", "series"}, {"10.0.0.2", "runs"}, {"10.0.0.3", "runs"},
		} {
			group.Go(func() { b.Ask(t, http.MethodGet, "/api/v1/"+ask.path, "", "Remote", ask.who+":1") })
			synctest.Wait()
		}
		servertest.Refused(t, b.Ask(t, http.MethodGet, "/api/v1/series", "", "Remote", "10.0.0.3:2"), 503)
		endSeries()
		synctest.Wait()
		if a := b.Ask(t, http.MethodGet, "/api/v1/series", "", "Remote", "10.0.0.3:3"); a.Status != 200 {
			t.Errorf("a client that was refused once is answered %d", a.Status)
		}
		endRuns()
		group.Wait()
	})
}

// TestEverythingIsGivenBack asks one after the other, more often than there is room for at once.
func TestEverythingIsGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := servertest.New(t, narrow)
		running(b)
		for range 30 {
			for _, path := range []string{
				"/status", "/readyz", "/metrics", "/nowhere", "/api/v1/runs", "/api/v1/runs/99", "/api/v1/slots/today/0", "/api/v1/slots/today/0?wait=10ms",
				"/api/v1/candles?instrument=ES&timeframe=5m&limit=50000",
			} {
				if a := b.Get(t, path); a.Status == http.StatusServiceUnavailable {
					t.Fatalf("%s: %s", path, a.Body)
				}
			}
		}
	})
}
