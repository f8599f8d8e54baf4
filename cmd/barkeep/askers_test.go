package main_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// mostMemory is what a worker may take at most whatever is done to it, in bytes: half of what its container has.
const mostMemory = 256 << 20

// peak is the most memory that a process has had at once, in bytes.
func peak(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no VmHWM in %s", text)
	}
	kilobytes, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

// holdsMemory fails the test when the process has had too much.
func holdsMemory(t *testing.T, pid int) {
	t.Helper()
	got := peak(t, pid)
	t.Logf("at most %d MiB of memory", got>>20)
	if got > mostMemory {
		t.Errorf("%d MiB of memory, want %d at most", got>>20, mostMemory>>20)
	}
}

// busy is the processor time that a process has used.
func busy(t *testing.T, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var ticks int64
	for _, field := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// asker is a client with an address of its own on loopback.
func asker(t *testing.T, from string) (*net.Dialer, *http.Client) {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
	transport := &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}
	t.Cleanup(transport.CloseIdleConnections)
	return dialer, &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// crowd opens n connections that each send a request and read nothing. They stay open until the end of the test.
func crowd(t *testing.T, url, from, request string, n int) []net.Conn {
	t.Helper()
	dialer, _ := asker(t, from)
	conns := make([]net.Conn, n)
	var group sync.WaitGroup
	for part := range 50 {
		group.Go(func() {
			for i := part; i < n; i += 50 {
				conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
				if err != nil {
					continue // it was turned away
				}
				conns[i] = conn
				_, _ = io.WriteString(conn, request) // so may this be
			}
		})
	}
	group.Wait()
	t.Cleanup(func() {
		for _, conn := range conns {
			if conn != nil {
				conn.Close()
			}
		}
	})
	return conns
}

// answers asks for a path from an address of its own.
func answers(t *testing.T, c *http.Client, url string) int {
	t.Helper()
	response, err := c.Get(url)
	if err != nil {
		t.Errorf("GET %s: %v", url, err)
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// idle is a worker whose slot has not come, on an archive that holds nothing.
func idle(t *testing.T, more ...string) serving {
	t.Helper()
	return serve(t, append([]string{
		"BARKEEP_NOW=2026-08-19T09:00:00-07:00", "DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "barkeep.db"),
		"CATCH_UP_WINDOW=1s", "YAHOO_BASE_URL=http://127.0.0.1:1", "INSTRUMENTS=ES", "TIMEFRAMES=1d",
	}, more...))
}

// TestManyAskersOfASlot has thousands wait for one slot, and as many send half a request: monitors are answered, whoever comes
// from elsewhere gets a place, and neither memory nor processor time grows with their number.
func TestManyAskersOfASlot(t *testing.T) { //nolint:paralleltest // it measures processor time
	worker := idle(t)
	pid := worker.cmd.Process.Pid
	waits := crowd(t, worker.url, "127.0.0.2", "GET /api/v1/slots/today/0?wait=5m HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 4000)
	crowd(t, worker.url, "127.0.0.3", "GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", 3000)
	_, monitor := asker(t, "127.0.0.1")
	for range 10 {
		for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
			if code := answers(t, monitor, worker.url+path); code != http.StatusOK {
				t.Errorf("%s answers %d in the crowd", path, code)
			}
		}
	}
	_, other := asker(t, "127.0.0.4")
	if code := answers(t, other, worker.url+"/api/v1/slots/today/0?wait=1s"); code != http.StatusOK {
		t.Errorf("another client that waits is answered %d", code)
	}
	if code := answers(t, other, worker.url+"/status"); code != http.StatusOK {
		t.Errorf("/status answers another client %d", code)
	}
	before := busy(t, pid)
	time.Sleep(2 * time.Second)
	used := busy(t, pid) - before
	t.Logf("%s of processor time in 2 s", used)
	if used > time.Second {
		t.Errorf("those who wait cost %s of processor time in 2 s", used)
	}
	refused := 0
	for _, conn := range waits {
		if conn == nil {
			continue
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			continue // it waits, or it was cut
		}
		if response.StatusCode == http.StatusTooManyRequests { // one client has most of the places
			refused++
			if response.Header.Get("Retry-After") == "" || response.Header.Get("Content-Type") != "application/problem+json" {
				t.Fatalf("refused with %v", response.Header)
			}
		}
	}
	if refused == 0 {
		t.Error("nobody was told to come later")
	}
	holdsMemory(t, pid)
}

// TestManyReadersOfBars has hundreds ask for the longest page and read nothing of it, beside two hundred readers of /status.
func TestManyReadersOfBars(t *testing.T) {
	t.Parallel()
	e := engine{url: "sqlite:" + filepath.Join(t.TempDir(), "barkeep.db")}
	env := slotEnv(t, e, provider(t, []string{when}), "CATCH_UP_WINDOW=1s")(0)
	barkeep(t, env, "sync", "--instrument", "ES", "--timeframe", "1m", "--deep").must(t, 0)
	worker := serve(t, env)
	const ask = "GET /api/v1/candles?instrument=ES&timeframe=1m&limit=50000&format=%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
	crowd(t, worker.url, "127.0.0.2", fmt.Sprintf(ask, "json"), 300)
	crowd(t, worker.url, "127.0.0.3", fmt.Sprintf(ask, "csv"), 300)
	_, reader := asker(t, "127.0.0.4")
	var group sync.WaitGroup
	for range 200 {
		group.Go(func() {
			if code := answers(t, reader, worker.url+"/status"); code != http.StatusOK {
				t.Errorf("/status answers %d", code)
			}
		})
	}
	group.Wait()
	if code := answers(t, reader, worker.url+"/api/v1/candles?instrument=ES&timeframe=1m&limit=50000"); code != http.StatusOK {
		t.Errorf("a reader from elsewhere is answered %d", code)
	}
	holdsMemory(t, worker.cmd.Process.Pid)
}

// bomb is 256 MiB of spaces, in a quarter of a megabyte.
func bomb(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	for range 256 {
		if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// wide is a chart of 16 MiB that is valid JSON, with as many timestamps as fit.
func wide() []byte {
	const head, tail = `{"chart":{"result":[{"timestamp":[`, `1]}]}}`
	return []byte(head + strings.Repeat("1,", (16<<20-len(head)-len(tail))/2) + tail)
}

// watchPeak is the most memory that a process had, as far as it was seen until it ended.
func watchPeak(t *testing.T, pid int, ended <-chan struct{}) (most int64) {
	t.Helper()
	for {
		select {
		case <-ended:
			return most
		case <-time.After(5 * time.Millisecond):
		}
		text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
		if err != nil {
			continue // it is about to end
		}
		for line := range strings.Lines(string(text)) {
			if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
				if err != nil {
					t.Error(err)
				}
				most = max(most, kib<<10)
			}
		}
	}
}

// TestBodiesThatFillTheMemory has a provider answer four fetchers with what is small on the wire and large behind it.
func TestBodiesThatFillTheMemory(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]byte{"a gzip bomb": bomb(t), "millions of timestamps": wide()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if body[0] == 0x1f {
					w.Header().Set("Content-Encoding", "gzip")
				}
				_, _ = w.Write(body)
			}))
			defer upstream.Close()
			cmd := command(t, []string{
				when, "DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "barkeep.db"), "YAHOO_BASE_URL=" + upstream.URL,
				"YAHOO_REQUESTS_PER_MINUTE=600000", "RUN_LEASE=2s", "RUN_DEADLINE=6s",
			}, "sync", "--instrument", "ES,NQ,YM,RTY,CL,GC", "--timeframe", "1d")
			// Not what the kernel says of an ended process: that counts the moment before its program was loaded, which is this one's.
			var output bytes.Buffer
			cmd.Stdout, cmd.Stderr = &output, &output
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = cmd.Wait() // its exit code is looked at below
			}()
			most := watchPeak(t, cmd.Process.Pid, ended)
			out := output.Bytes()
			if code := cmd.ProcessState.ExitCode(); code != 4 || !regexp.MustCompile(`is larger than|more than \d+ `).Match(out) {
				t.Errorf("exit code %d, and it does not say what is too large:\n%s", code, out)
			}
			t.Logf("at most %d MiB of memory", most>>20)
			if most == 0 || most > mostMemory {
				t.Errorf("%d MiB of memory, want %d at most", most>>20, mostMemory>>20)
			}
		})
	}
}

// TestMemoryLimit: Go collects harder before the container's memory is full, whoever started it.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	for limit, want := range map[string]string{"": "4.194304e+08", "GOMEMLIMIT=300MiB": "3.145728e+08"} {
		if got := metric(t, idle(t, limit).url, "go_gc_gomemlimit_bytes"); got != want {
			t.Errorf("with %q: %s bytes, want %s", limit, got, want)
		}
	}
}
