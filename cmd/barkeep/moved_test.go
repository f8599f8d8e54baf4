package main_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// scan reads numbers out of a line; one of another form leaves them as they are.
func scan(line, format string, into ...any) { _, _ = fmt.Sscanf(line, format, into...) }

// feet are the ways in which the file of an archive is taken from a process that has it open, and is given back.
var feet = []struct { //nolint:gochecknoglobals // a table of two tests
	name string
	take func(t *testing.T, path string)
	back func(t *testing.T, path string)
}{
	{"deleted", func(t *testing.T, path string) { must(t, os.Remove(path)) }, nil},
	{
		"renamed", func(t *testing.T, path string) { must(t, os.Rename(path, path+".away")) },
		func(t *testing.T, path string) { must(t, os.Rename(path+".away", path)) },
	},
	{"replaced by a copy", func(t *testing.T, path string) {
		content, err := os.ReadFile(path)
		must(t, err)
		must(t, os.WriteFile(path+".copy", content, 0o644))
		must(t, os.Rename(path+".copy", path))
	}, nil},
	{
		"folder moved", func(t *testing.T, path string) { must(t, os.Rename(filepath.Dir(path), filepath.Dir(path)+".away")) },
		func(t *testing.T, path string) { must(t, os.Rename(filepath.Dir(path)+".away", filepath.Dir(path))) },
	},
	{
		"folder replaced", func(t *testing.T, path string) {
			must(t, os.Rename(filepath.Dir(path), filepath.Dir(path)+".away"))
			must(t, os.Mkdir(filepath.Dir(path), 0o755))
		},
		func(t *testing.T, path string) {
			must(t, os.Remove(filepath.Dir(path)))
			must(t, os.Rename(filepath.Dir(path)+".away", filepath.Dir(path)))
		},
	},
	{"-wal deleted", func(t *testing.T, path string) { must(t, os.Remove(path+"-wal")) }, nil},
	{
		"-wal renamed", func(t *testing.T, path string) { must(t, os.Rename(path+"-wal", path+"-gone")) },
		func(t *testing.T, path string) { must(t, os.Rename(path+"-gone", path+"-wal")) },
	},
	{"-shm deleted", func(t *testing.T, path string) { must(t, os.Remove(path+"-shm")) }, nil},
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestTheFileGoesWhileASyncRuns: nothing is called stored that is not in the file at the path, wherever the run is by then.
func TestTheFileGoesWhileASyncRuns(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, f := range feet {
		for _, point := range []string{"claimed", "cell:1", "worked"} {
			t.Run(f.name+" at "+point, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "data", "barkeep.db")
				env := slotEnv(t, engine{url: "sqlite:" + path}, address)(0)
				run := start(t, append(env, "BARKEEP_STOP_AT="+point), "sync", "--json")
				drained := make(chan struct{})
				go func() { defer close(drained); run.drain() }()
				stopped(t, run)
				f.take(t, path)
				began := time.Now()
				signal(t, run, syscall.SIGCONT)
				got := run.wait()
				<-drained
				got.stderr = run.text()
				if got.code != 4 || time.Since(began) > 20*time.Second {
					t.Errorf("it ended with %d after %s, want 4 soon:\n%s\n%s", got.code, time.Since(began), got.stdout, got.stderr)
				}
				if !printed(got.stderr, path) || !printed(got.stderr, "is no longer the file that was opened") {
					t.Errorf("it does not say what happened:\n%s", got.stderr)
				}
				if printed(got.stdout, `"state": "done"`) {
					t.Errorf("it says done:\n%s", got.stdout)
				}
				if point == "claimed" && printed(got.stdout, `"state": "stored"`) {
					t.Errorf("it says stored:\n%s", got.stdout)
				}
			})
		}
	}
}

// TestTheFileGoesWhileServing: the worker is not ready from then on, calls nothing stored, and goes on where the file comes back.
func TestTheFileGoesWhileServing(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, f := range feet {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "data", "barkeep.db")
			env := slotEnv(t, engine{url: "sqlite:" + path}, address, "API_TOKEN=0123456789abcdef0123456789abcdef")(0)
			barkeep(t, env, "sync").must(t, 0)
			worker := serve(t, env)
			readiness(t, worker.url, http.StatusOK, "")
			f.take(t, path)
			readiness(t, worker.url, http.StatusServiceUnavailable, "is no longer the file that was opened")
			if status := post(t, worker.url+"/api/v1/runs", `{"instruments":["GC"],"timeframes":["1d"]}`); status < 500 {
				t.Errorf("a run could be started: %d", status)
			}
			if status, body := fetch(t, worker.url+"/api/v1/slots/2026-08-19/0"); status < 500 {
				t.Errorf("the slot of a ledger that is gone: %d %s", status, body)
			}
			if strings.Contains(worker.text(), "Backfill complete") {
				t.Errorf("it stored something:\n%s", worker.text())
			}
			if f.back == nil {
				return
			}
			f.back(t, path)
			readiness(t, worker.url, http.StatusOK, "")
			if status := post(t, worker.url+"/api/v1/runs", `{"instruments":["GC"],"timeframes":["1d"]}`); status != http.StatusAccepted {
				t.Errorf("with the file back no run could be started: %d", status)
			}
		})
	}
}

// readiness waits until /readyz has a status, and says why.
func readiness(t *testing.T, url string, want int, why string) {
	t.Helper()
	status, body := 0, []byte(nil)
	for range 600 {
		if status, body = fetch(t, url+"/readyz"); status == want {
			break
		}
		pause := time.After(200 * time.Millisecond)
		<-pause
	}
	if status != want || !bytes.Contains(body, []byte(why)) {
		t.Fatalf("/readyz is %d, want %d with %q: %s", status, want, why, body)
	}
}

func post(t *testing.T, url, body string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	must(t, err)
	request.Header.Set("Authorization", "Bearer 0123456789abcdef0123456789abcdef")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer response.Body.Close()
	return response.StatusCode
}
