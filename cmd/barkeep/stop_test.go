package main_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestSIGTERMInMidRun stops a run between its cells. It ends within ten seconds, gives the slot back at once, and the next
// process does only what is left.
func TestSIGTERMInMidRun(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			address := provider(t, []string{when}, "--fault", "slow=60s@NQ=F:2") // what is in flight when it is stopped
			env := slotEnv(t, e, address, "RUN_LEASE=10m")(0)
			victim := start(t, env, "sync")
			for range 3 {
				victim.until(t, `series="ES `)
			}
			began := time.Now()
			signal(t, victim, syscall.SIGTERM)
			first := victim.wait()
			if took := time.Since(began); took > 10*time.Second || first.code == 0 {
				t.Errorf("SIGTERM: exit code %d after %s\n%s", first.code, took, first.stderr)
			}
			if n := count(t, e, "SELECT count(*) FROM cells WHERE state = 'stored'"); n != 3 {
				t.Errorf("%d cells are stored, want the three of ES", n)
			}
			began = time.Now()
			next := readSlot(t, barkeep(t, env, "sync", "--json").must(t, 0).stdout)
			if next.Outcome != "ran" || next.Run.State != "done" || time.Since(began) > time.Minute {
				t.Errorf("the next process was told %s, %s after %s", next.Outcome, next.Run.State, time.Since(began))
			}
			again := fmt.Sprintf("SELECT count(*) FROM cells WHERE run_id = %d AND instrument = 'ES'", next.Run.ID)
			if n := count(t, e, again); n != 0 {
				t.Errorf("%d series of ES were fetched again", n)
			}
		})
	}
}

// TestNoWait answers at once that another process is at it.
func TestNoWait(t *testing.T) {
	t.Parallel()
	e := engines(t)[1]
	env := slotEnv(t, e, provider(t, []string{later}), "RUN_LEASE=10m")(0)
	holder := start(t, append(env, "BARKEEP_STOP_AT=claimed"), "sync")
	go holder.drain()
	stopped(t, holder)
	if got := barkeep(t, env, "sync", "--no-wait").must(t, 5); !printed(got.stdout, "held by run 1 on") {
		t.Errorf("it says\n%s", got.stdout)
	}
	waits := start(t, env, "sync")
	whom := fmt.Sprintf("(process %d) since ", holder.cmd.Process.Pid)
	for line := range waits.lines {
		if strings.Contains(line, "waiting; held by run 1 on ") && strings.Contains(line, whom) {
			go waits.drain()
			whom = ""
			break
		}
	}
	if whom != "" {
		t.Errorf("who waits does not say for whom: %q", waits.text())
	}
	if err := holder.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
}

// TestPeopleAreToldOnce counts the notices about a slot that fails three times and is mended then, and the pings of a monitor.
func TestPeopleAreToldOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	heard := map[string]int{}
	people := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		heard[r.URL.Path]++
		if strings.Contains(string(body), "is there now") {
			heard["mended"]++
		}
		if r.URL.Path == "/people" && !strings.Contains(string(body), "2026-08-19") {
			heard["unclear: "+string(body)]++
		}
	}))
	defer people.Close()
	e := engines(t)[0]
	env := slotEnv(t, e, provider(t, []string{when}, "--fault", "empty:12"), "HEARTBEAT_URL="+people.URL+"/monitor",
		"NOTIFY_URLS="+strings.Replace(people.URL, "http://", "generic+http://", 1)+"/people")(0)
	for range 3 {
		barkeep(t, env, "sync").must(t, 4)
	}
	barkeep(t, env, "sync").must(t, 0)
	mu.Lock()
	defer mu.Unlock()
	want := map[string]int{"/people": 2, "mended": 1, "/monitor/start": 4, "/monitor/fail": 3, "/monitor": 1}
	if fmt.Sprint(heard) != fmt.Sprint(want) {
		t.Errorf("people and the monitor heard %v, want %v", heard, want)
	}
}
