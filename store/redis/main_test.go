package redis_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barkeep/store/redis"
)

// TestMain fails the package when any goroutine outlives the tests, each of which closes what it opened.
func TestMain(m *testing.M) { goleak.VerifyTestMain(withSets{m}) }

// backend is one of the kinds of Redis. All clients that one backend opens see the same keys.
type backend struct {
	name string
	open func(t *testing.T, edit ...func(*redis.Config)) *redis.Client
}

// backends are a single server, a cluster, and a primary that sentinels name; every test of the common behaviour runs on all.
func backends(t *testing.T) []backend {
	t.Helper()
	prefix := "test-" + rand.Text()
	at := func(url string) func(*testing.T, ...func(*redis.Config)) *redis.Client {
		return func(t *testing.T, edit ...func(*redis.Config)) *redis.Client {
			t.Helper()
			return open(t, url, append([]func(*redis.Config){func(c *redis.Config) { c.Prefix = prefix }}, edit...)...)
		}
	}
	return []backend{
		{name: "redis", open: at(serverURL(t))},
		{name: "cluster", open: at(shared.clusterURL(t))},
		{name: "sentinel", open: at(shared.sentinelURL(t))},
	}
}

// serverURL is the single server that all tests share.
func serverURL(t *testing.T) string {
	t.Helper()
	url := os.Getenv("BARKEEP_TEST_REDIS")
	if url == "" {
		t.Fatal("BARKEEP_TEST_REDIS is not set: `make test` provides a Redis server for these tests")
	}
	return url
}

// single opens a client of the single server, with keys of its own.
func single(t *testing.T) *redis.Client {
	t.Helper()
	return open(t, serverURL(t), func(c *redis.Config) { c.Prefix = "test-" + rand.Text() })
}

// each runs a test on all backends.
func each(t *testing.T, test func(t *testing.T, b backend)) {
	t.Helper()
	for _, b := range backends(t) {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			test(t, b)
		})
	}
}

// open opens a client that ends with the test.
func open(t testing.TB, url string, edit ...func(*redis.Config)) *redis.Client {
	t.Helper()
	cfg := redis.Config{URL: url, Now: time.Now}
	for _, e := range edit {
		e(&cfg)
	}
	s, err := redis.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !condition() {
		select {
		case <-deadline.C:
			t.Fatalf("timed out: %s", what)
		case <-poll.C:
		}
	}
}

// server is a private redis-server process, for faults that others must not feel. It listens on a socket in a folder.
type server struct {
	t    *testing.T
	dir  string
	args []string
	cmd  *exec.Cmd
	URL  string
}

// startServer runs a server until the test ends.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatalf("redis-server is not in PATH; `make test` sees to it: %v", err)
	}
	// t.TempDir's path can be too long for a socket (108 bytes).
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &server{t: t, dir: dir, args: args, URL: "unix://" + filepath.Join(dir, "s") + "?db=0"}
	s.start()
	t.Cleanup(s.kill)
	return s
}

// start starts the process and waits until it answers.
func (s *server) start() {
	s.t.Helper()
	args := append([]string{
		"--port", "0", "--unixsocket", filepath.Join(s.dir, "s"), "--dir", s.dir, "--save", "", "--appendonly", "no",
	}, s.args...)
	s.cmd = exec.Command("redis-server", args...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	probe := open(s.t, s.URL)
	eventually(s.t, "redis-server answers", func() bool {
		err := probe.Ping(context.Background())
		return err == nil || bytes.Contains([]byte(err.Error()), []byte("NOAUTH"))
	})
}

// kill ends the process at once; what it held is gone.
func (s *server) kill() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Signal(os.Kill)
		_ = s.cmd.Wait()
	}
}

// signal sends a signal to the process.
func (s *server) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// record is a log that can be read while it is written.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// logTo lets a client log into the record.
func logTo(r *record) func(*redis.Config) {
	return func(c *redis.Config) { c.Logger = slog.New(slog.NewTextHandler(r, nil)) }
}
