package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// worker is a running `barkeep serve`.
type worker struct {
	cmd *exec.Cmd
	url string
}

// times are the slots of the soak: IMPORT_TIMES.
func (s *soak) times() string {
	var all []string
	for at := s.epoch.Add(time.Minute); at.Before(s.epoch.Add(s.length)); at = at.Add(slotEvery) {
		all = append(all, at.Format("15:04"))
	}
	return strings.Join(all, ",")
}

// startWorker starts a worker on the soak's clock and waits until it listens.
func (s *soak) startWorker(ctx context.Context, name string) (*worker, error) {
	log, err := os.OpenFile(filepath.Join(s.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	w := &worker{cmd: exec.CommandContext(context.WithoutCancel(ctx), s.binary, "serve")}
	w.cmd.Dir = s.dir
	w.cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "BARKEEP_NOW=" + s.now().Format(time.RFC3339), "DATABASE_URL=" + s.postgres.URL(),
		"REDIS_URL=" + s.redis.URL(), "YAHOO_BASE_URL=" + s.provider.url, "IMPORT_TIMES=" + s.times(), "HTTP_ADDR=127.0.0.1:0",
		"INSTRUMENTS=ES,NQ", "TIMEFRAMES=1m,5m,1h,4h,1d", "RUN_LEASE=10s", "LOG_FORMAT=text",
		fmt.Sprint("YAHOO_REQUESTS_PER_MINUTE=", perMinute), fmt.Sprint("YAHOO_DAILY_BUDGET=", perDay),
	}
	said, err := w.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := w.cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	lines := bufio.NewReader(io.TeeReader(said, log))
	for w.url == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			w.kill()
			return nil, fmt.Errorf("%s did not start: %w", name, errors.Join(err, log.Close()))
		}
		if strings.Contains(line, "http server listens") {
			_, address, _ := strings.Cut(strings.TrimSpace(line), "addr=")
			w.url = "http://" + strings.Trim(address, `"`)
		}
	}
	go func() {
		defer log.Close()
		_, _ = io.Copy(io.Discard, lines) // into the log, until the worker ends
	}()
	return w, nil
}

func (w *worker) kill() {
	if w != nil && w.cmd.Process != nil {
		_ = w.cmd.Process.Kill() // it may have ended
		_ = w.cmd.Wait()
	}
}

// size is what a worker costs at a moment.
type size struct {
	memory     int64 // bytes resident
	files      int   // open descriptors
	goroutines int
}

// measure looks at a worker: in /proc, and in what it says itself.
func (w *worker) measure(ctx context.Context) (size, error) {
	var found size
	proc := filepath.Join("/proc", strconv.Itoa(w.cmd.Process.Pid))
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		return found, err
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); fields[0] == "VmRSS:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return found, err
			}
			found.memory = kib << 10
		}
	}
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		return found, err
	}
	found.files = len(files)
	_, body, err := fetch(ctx, w.url+"/metrics")
	if err != nil {
		return found, err
	}
	for line := range strings.Lines(string(body)) {
		if value, ok := strings.CutPrefix(line, "go_goroutines "); ok {
			if found.goroutines, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return found, err
			}
		}
	}
	if found.goroutines == 0 {
		return found, errors.New("it does not say how many goroutines it has")
	}
	return found, nil
}

// patient keeps the connections of all readers and askers open, as browsers and scripts do.
var patient = &http.Client{ //nolint:gochecknoglobals // of this command
	Transport: &http.Transport{MaxIdleConnsPerHost: readers + askers, IdleConnTimeout: time.Minute}, Timeout: 2 * time.Minute,
}

// fetch reads an address to its end.
func fetch(ctx context.Context, url string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := patient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}
