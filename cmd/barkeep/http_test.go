package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHTTPStartsRuns starts runs of both kinds through a worker, with a token and without.
func TestHTTPStartsRuns(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			address := provider(t, []string{when})
			env := append(slotEnv(t, e, address, "API_TOKEN=hunter2")(0), "CATCH_UP_WINDOW=1s")
			worker := serve(t, env)
			post := func(token, body string) (int, string, string) {
				t.Helper()
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, worker.url+"/api/v1/runs", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Authorization", "Bearer "+token)
				response, err := http.DefaultClient.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				text, err := io.ReadAll(response.Body)
				if err != nil {
					t.Fatal(err)
				}
				return response.StatusCode, response.Header.Get("Location"), string(text)
			}
			if code, _, body := post("guess", "{}"); code != http.StatusUnauthorized && code != http.StatusForbidden {
				t.Errorf("a wrong token: %d %s", code, body)
			}
			code, location, body := post("hunter2", `{"date": "2026-08-19", "slot": 0}`)
			if code != http.StatusAccepted && code != http.StatusOK {
				t.Fatalf("a slot: %d %s", code, body)
			}
			var slot struct{ State string }
			get(t, worker.url+"/api/v1/slots/2026-08-19/0?wait=60s", &slot)
			if slot.State != "done" || location == "" {
				t.Errorf("the slot is %q, its location %q", slot.State, location)
			}
			if code, _, body = post("hunter2", `{"date": "2026-08-19", "slot": 0}`); code != http.StatusOK {
				t.Errorf("the slot again: %d %s", code, body)
			}
			code, location, body = post("hunter2", `{"instruments": ["CL"], "timeframes": ["1d"]}`)
			if code != http.StatusAccepted {
				t.Fatalf("ad hoc: %d %s", code, body)
			}
			var run struct {
				State string
				Cells []struct{ Instrument string }
			}
			for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
				if get(t, worker.url+location, &run); run.State != "running" {
					break
				}
			}
			if run.State != "done" || len(run.Cells) != 1 || run.Cells[0].Instrument != "CL" {
				t.Errorf("the ad-hoc run at %s is %+v", location, run)
			}
			if n := count(t, e, fmt.Sprintf(effective, "2026-08-19")); n != 1 {
				t.Errorf("%d effective runs", n)
			}
			var page json.RawMessage
			for _, path := range []string{"/readyz", "/status", "/api/v1/runs", "/api/v1/instruments"} {
				if code := get(t, worker.url+path, &page); code != http.StatusOK || strings.Contains(string(page), "hunter2") {
					t.Errorf("%s: %d %s", path, code, page)
				}
			}
		})
	}
}

// TestProviderDownAtTheSlotsTime has the provider refuse everything at 14:05; the slot is tried again until it is done.
func TestProviderDownAtTheSlotsTime(t *testing.T) {
	t.Parallel()
	const start = "BARKEEP_NOW=2026-08-19T14:04:57-07:00"
	address := provider(t, []string{start}, "--fault", "503:6")
	e := engines(t)[0]
	worker := serve(t, []string{
		start, "DATABASE_URL=" + e.url, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "INSTRUMENTS=ES", "TIMEFRAMES=1h,1d",
	})
	var slot struct{ State string }
	for range 6 {
		if get(t, worker.url+"/api/v1/slots/2026-08-19/0?wait=60s", &slot); slot.State == "done" {
			break
		}
	}
	if n := count(t, e, fmt.Sprintf(effective, "2026-08-19")); n != 1 || slot.State != "done" {
		t.Errorf("the slot is %q with %d effective runs", slot.State, n)
	}
}

// TestProviderDownForAnHour lives through an hour from 14:05 without the provider, in three workers that believe in three
// moments of it: two fail the slot and tell people, the third finds the provider back and ends it with one effective run.
func TestProviderDownForAnHour(t *testing.T) {
	t.Parallel()
	down := provider(t, []string{when}, "--fault", "503")
	up := provider(t, []string{"BARKEEP_NOW=2026-08-19T15:05:30-07:00"})
	e := engines(t)[1]
	cache := redisURL(t)
	attempts := 0 // that had ended before the worker began
	for _, moment := range []struct{ now, address, want string }{
		{"14:04:58", down, "failed"},
		{"14:35:00", down, "failed"},
		{"15:05:30", up, "done"},
	} {
		worker := serve(t, []string{
			"BARKEEP_NOW=2026-08-19T" + moment.now + "-07:00", "DATABASE_URL=" + e.url, "REDIS_URL=" + cache,
			"YAHOO_BASE_URL=" + moment.address, "YAHOO_REQUESTS_PER_MINUTE=600000", "INSTRUMENTS=ES", "TIMEFRAMES=1d",
		})
		var slot struct {
			State string
			Run   struct{ Attempt int }
		}
		for range 60 {
			get(t, worker.url+"/api/v1/slots/2026-08-19/0?wait=1s", &slot)
			if slot.State == moment.want && slot.Run.Attempt > attempts {
				break
			}
		}
		if slot.State != moment.want || slot.Run.Attempt <= attempts {
			t.Fatalf("at %s the slot is %q by attempt %d, want %q by a new one", moment.now, slot.State, slot.Run.Attempt, moment.want)
		}
		signal(t, worker.running, syscall.SIGTERM)
		_ = worker.cmd.Wait() // how it ends is another test's
		attempts = count(t, e, "SELECT count(*) FROM runs WHERE trading_date = '2026-08-19' AND state <> 'running'")
	}
	if n := count(t, e, fmt.Sprintf(effective, "2026-08-19")); n != 1 {
		t.Errorf("%d effective runs", n)
	}
	if n := count(t, e, "SELECT count(*) FROM told WHERE subject = 'import:2026-08-19T21:05Z' AND kind = 'incident' AND told IS NOT NULL"); n != 1 {
		t.Errorf("%d notices of the failure, want one", n)
	}
}

// TestMaintenanceLeavesTheSlotAlone asks for the newest bars again, records it as maintenance and touches no marker.
func TestMaintenanceLeavesTheSlotAlone(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	env := slotEnv(t, e, provider(t, []string{later}))(0)
	barkeep(t, env, "sync").must(t, 0)
	for _, how := range [][]string{{"sync", "--maintenance", "--json"}, {"sync", "--json"}} {
		mode := env
		if len(how) == 2 {
			mode = append(env, "SYNC_MODE=maintenance")
		}
		r := read(t, barkeep(t, mode, how...).must(t, 0).stdout)
		if r.Run.State != "done" || r.Inserted != 0 || len(r.Cells) != 6 || r.Cells[0].Unchanged < 5 || r.Cells[0].Reason != "maintenance" {
			t.Errorf("%v: %+v, want the newest bars again, unchanged", how, r)
		}
	}
	if n := count(t, e, "SELECT count(*) FROM runs WHERE job = 'maintenance' AND trading_date = ''"); n != 2 {
		t.Errorf("%d maintenance runs beside the slots, want 2", n)
	}
	if n := count(t, e, fmt.Sprintf(effective, "2026-08-19")); n != 1 {
		t.Errorf("%d effective runs", n)
	}
}
