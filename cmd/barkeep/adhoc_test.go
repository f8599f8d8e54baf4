package main_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shown is a run as /api/v1/runs/{id}, /status and the command line show it.
type shown struct {
	ID       int64
	State    string
	Reason   string
	Progress *struct {
		Tasks, Ended int
		Now          string
	}
}

// metric is a sample of the worker's metrics.
func metric(t *testing.T, url, name string) string {
	t.Helper()
	response, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (.*)$`).FindSubmatch(text)
	if found == nil {
		return ""
	}
	return string(found[1])
}

// everywhere waits until `runs`, `status`, /status and the run's own page say that the newest run is in a state.
func everywhere(t *testing.T, env []string, url, id, state string) shown {
	t.Helper()
	var one shown
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		get(t, url+"/api/v1/runs/"+id, &one)
		if one.State == state {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("run %s is %q, want %q", id, one.State, state)
		}
	}
	for _, command := range [][]string{{"runs"}, {"status"}, {"runs", id}} {
		if got := barkeep(t, env, command...).must(t, 0); !printed(got.stdout, state) {
			t.Errorf("%v does not say %s:\n%s", command, state, got.stdout)
		}
	}
	var status struct{ Runs []shown }
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) { // it is read every few seconds
		get(t, url+"/status", &status)
		if len(status.Runs) > 0 && status.Runs[0].State == state {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("/status says %+v, want %q", status.Runs, state)
		}
	}
	return one
}

// TestARunAdHocIsKilledStoppedAndTakenOver with real processes on both engines, beside a worker: what happened can be read
// everywhere, the next run goes on, and the worker's metrics count what it found and did.
func TestARunAdHocIsKilledStoppedAndTakenOver(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			address := provider(t, []string{when}, "--fault", "slow=60s@NQ=F:6")
			env := slotEnv(t, e, address, "API_TOKEN=hunter2", "CATCH_UP_WINDOW=1s", "RUN_LEASE=6s")(0)
			worker := serve(t, env)
			selection := []string{"sync", "--instrument", "ES,NQ"}

			victim := start(t, env, selection...)
			victim.until(t, `series="ES `)
			alive := everywhere(t, env, worker.url, "1", "running")
			for deadline := time.Now().Add(time.Minute); alive.Progress == nil || alive.Progress.Ended == 0; time.Sleep(100 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("another process sees no progress: %+v", alive)
				}
				get(t, worker.url+"/api/v1/runs/1", &alive)
			}
			if alive.Progress.Tasks != 4 {
				t.Errorf("progress %+v, want 4 base series", alive.Progress)
			}
			if got := barkeep(t, env, "runs", "1").must(t, 0); !printed(got.stdout, "of 4 base series") {
				t.Errorf("runs 1 shows no progress:\n%s", got.stdout)
			}
			if err := victim.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			victim.wait()
			everywhere(t, env, worker.url, "1", "abandoned")

			stopped := start(t, env, selection...)
			stopped.until(t, "run planned")
			for range 3 {
				stopped.until(t, `series="ES `)
			}
			signal(t, stopped, syscall.SIGTERM)
			if got := stopped.wait(); got.code != 4 || printed(got.stderr, "ERR") || printed(got.stderr, "0001-01-01") {
				t.Errorf("SIGTERM: exit code %d\n%s", got.code, got.stderr)
			} else if !printed(got.stderr, "taking over from a process that died") {
				t.Errorf("it does not say that it took over:\n%s", got.stderr)
			}
			if one := everywhere(t, env, worker.url, "2", "stopped"); !strings.Contains(one.Reason, "2 of 4 base series are left") {
				t.Errorf("it stopped because of %q", one.Reason)
			}
			if n := count(t, e, "SELECT count(*) FROM cells WHERE state = 'failed'"); n != 0 {
				t.Errorf("%d cells count as failed by the stop", n)
			}
			if n := count(t, e, "SELECT count(*) FROM runs WHERE state = 'abandoned' AND reason = 'lease ended' AND id = 1"); n != 1 {
				t.Error("the run that was killed is not written as abandoned")
			}

			killed := barkeep(t, append(env, "BARKEEP_CRASH_AT=claimed"), selection...)
			if killed.code != -1 {
				t.Fatalf("exit code %d, want a killed process", killed.code)
			}
			everywhere(t, env, worker.url, "3", "abandoned")
			post := func() {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, worker.url+"/api/v1/runs",
					strings.NewReader(`{"instruments": ["ES"], "timeframes": ["1d"]}`))
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Authorization", "Bearer hunter2")
				response, err := http.DefaultClient.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				if response.StatusCode != http.StatusAccepted {
					t.Fatalf("POST: %d", response.StatusCode)
				}
			}
			post()
			everywhere(t, env, worker.url, "4", "done")
			for name, want := range map[string]string{
				`barkeep_runs_total{job="import",state="abandoned"}`: "1", // run 1 was found by another process
				`barkeep_runs_total{job="import",state="done"}`:      "1",
				`barkeep_runs_total{job="import",state="failed"}`:    "0",
			} {
				if got := metric(t, worker.url, name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

// TestMaintenanceOverHTTPWaitsForAnImport and says so meanwhile.
func TestMaintenanceWaitsForAnImportOverHTTP(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	env := slotEnv(t, e, provider(t, []string{later}), "API_TOKEN=hunter2", "CATCH_UP_WINDOW=1s", "RUN_LEASE=10m")(0)
	worker := serve(t, env)
	holder := start(t, append(env, "BARKEEP_STOP_AT=claimed"), "sync", "--instrument", "ES")
	go holder.drain()
	stopped(t, holder)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, worker.url+"/api/v1/runs", strings.NewReader(`{"mode": "maintenance"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer hunter2")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	location := response.Header.Get("Location")
	var run struct {
		State    string
		Progress struct{ Waiting string }
	}
	for deadline := time.Now().Add(time.Minute); !strings.Contains(run.Progress.Waiting, "an import"); time.Sleep(100 * time.Millisecond) {
		if get(t, worker.url+location, &run); time.Now().After(deadline) {
			t.Fatalf("%d %s: %+v, want a run that waits for the import", response.StatusCode, location, run)
		}
	}
	signal(t, holder, syscall.SIGCONT)
	for deadline := time.Now().Add(2 * time.Minute); run.State != "done"; time.Sleep(100 * time.Millisecond) {
		if get(t, worker.url+location, &run); time.Now().After(deadline) {
			t.Fatalf("%+v, want done", run)
		}
	}
	holder.wait()
}
