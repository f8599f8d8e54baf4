package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serving is a worker in the background.
type serving struct {
	*running
	url string
}

// serve starts a worker on a free port and waits until it listens.
func serve(t testing.TB, env []string) serving {
	t.Helper()
	return listening(t, start(t, append(env, "HTTP_ADDR=127.0.0.1:0"), "serve"))
}

// listening waits until a worker listens.
func listening(t testing.TB, worker *running) serving {
	t.Helper()
	s := serving{running: worker}
	s.until(t, "http server listens")
	lines := strings.Split(strings.TrimSpace(s.text()), "\n")
	_, address, _ := strings.Cut(lines[len(lines)-1], "addr=")
	s.url = "http://" + strings.TrimSpace(address)
	go s.drain()
	return s
}

// fetch reads a path.
func fetch(t testing.TB, url string) (status int, body []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err = io.ReadAll(response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

// get reads a path as JSON.
func get(t testing.TB, url string, into any) int {
	t.Helper()
	status, body := fetch(t, url)
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s answers %d: %s", url, status, body)
	}
	return status
}

// TestServeImportsAtItsTime is the first lesson of the old systems: 14:05 is Pacific time, whatever the machine's zone says,
// and everybody can see that it ran.
func TestServeImportsAtItsTime(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			for _, season := range []struct{ now, utc, pacific string }{
				{"2026-01-14T14:04:57-08:00", "2026-01-14T22:05:", "2026-01-14T14:05:"},
				{"2026-08-19T14:04:57-07:00", "2026-08-19T21:05:", "2026-08-19T14:05:"},
			} {
				address := provider(t, []string{"BARKEEP_NOW=" + season.now})
				worker := serve(t, []string{
					"BARKEEP_NOW=" + season.now, "TZ=Asia/Tokyo", "DATABASE_URL=" + e.url, "YAHOO_BASE_URL=" + address,
					"YAHOO_REQUESTS_PER_MINUTE=600000", "INSTRUMENTS=ES", "TIMEFRAMES=1d,1wk",
				})
				var slot struct {
					State string
					Done  bool
				}
				date := season.now[:10]
				get(t, worker.url+"/api/v1/slots/"+date+"/0?wait=60s", &slot)
				if slot.State != "done" {
					t.Errorf("%s: the slot is %+v, want done", season.now, slot)
				}
				var status struct {
					Last struct {
						Run struct{ Started struct{ UTC, Pacific string } }
					}
					Runs []struct {
						State   string
						Started struct{ UTC, Pacific string }
					}
					Disk *struct {
						Free uint64 `json:"free_bytes"`
					}
				}
				get(t, worker.url+"/status", &status)
				if embedded := e.name == "sqlite"; (status.Disk != nil) != embedded || embedded && status.Disk.Free == 0 {
					t.Errorf("%s: the disk is %+v", season.now, status.Disk)
				}
				if len(status.Runs) == 0 || !strings.HasPrefix(status.Runs[0].Started.UTC, season.utc) ||
					!strings.HasPrefix(status.Runs[0].Started.Pacific, season.pacific) {
					t.Errorf("%s: /status shows the runs %+v, want one at %s and %s", season.now, status.Runs, season.utc, season.pacific)
				}
				began := time.Now()
				if err := worker.cmd.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
				if err := worker.cmd.Wait(); err != nil || time.Since(began) > 10*time.Second {
					t.Errorf("SIGTERM: %v after %s", err, time.Since(began))
				}
			}
		})
	}
}
