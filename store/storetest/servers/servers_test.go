package servers_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"barkeep/store/storetest/servers"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func exec(t *testing.T, url, sql string) {
	t.Helper()
	if _, err := connect(t, url).Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func show(t *testing.T, url, setting string) string {
	t.Helper()
	var value string
	if err := connect(t, url).QueryRow(t.Context(), "SHOW "+setting).Scan(&value); err != nil {
		t.Fatalf("show %s: %v", setting, err)
	}
	return value
}

func count(t *testing.T, url string) int {
	t.Helper()
	var n int
	if err := connect(t, url).QueryRow(t.Context(), "SELECT count(*) FROM kept").Scan(&n); err != nil {
		t.Fatalf("count: %v", err)
	}
	return n
}

func client(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatalf("parse %s: %v", url, err)
	}
	options.MaxRetries, options.ContextTimeoutEnabled = -1, true
	c := redis.NewClient(options)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// refused fails the test unless nobody listens on the port.
func refused(t *testing.T, port int) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err == nil {
		_ = conn.Close()
		t.Fatalf("somebody still listens on port %d", port)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("dialling port %d: %v, want refused", port, err)
	}
}

func TestPostgresSettings(t *testing.T) {
	t.Parallel()
	fast := servers.RunPostgres(t, servers.Options{Settings: map[string]string{"work_mem": "7MB"}})
	for setting, want := range map[string]string{
		"fsync": "off", "max_connections": "200", "work_mem": "7MB", "server_encoding": "UTF8",
		"listen_addresses": "127.0.0.1", "is_superuser": "on",
	} {
		if got := show(t, fast.URL(), setting); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	durable := servers.RunPostgres(t, servers.Options{Durable: true})
	if got := show(t, durable.URL(), "fsync"); got != "on" {
		t.Errorf("fsync of a durable server is %q, want on", got)
	}
	if fast.Port() == durable.Port() || fast.Dir() == durable.Dir() {
		t.Errorf("two servers share port %d or folder %s", fast.Port(), fast.Dir())
	}
}

// throwaway is what both kinds of server can do.
type throwaway interface {
	URL() string
	Port() int
	Dir() string
	Stop(ctx context.Context) error
	Kill() error
	Restart(ctx context.Context) error
	Close() error
}

// outage takes a server away, sees that it is gone, and brings it back.
func outage(t *testing.T, s throwaway, down func() error) {
	t.Helper()
	url := s.URL()
	if err := down(); err != nil {
		t.Fatalf("take the server away: %v", err)
	}
	refused(t, s.Port())
	if err := down(); err != nil {
		t.Errorf("take it away again: %v, want no error", err)
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatalf("bring it back: %v", err)
	}
	if s.URL() != url {
		t.Errorf("it came back as %s, was %s", s.URL(), url)
	}
}

func TestPostgresKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	p := servers.RunPostgres(t, servers.Options{Durable: true})
	exec(t, p.URL(), "CREATE TABLE kept (n int)")
	for i, down := range []func() error{
		func() error { return p.Stop(t.Context()) },
		p.Kill,
		func() error { return p.Restart(t.Context()) },
	} {
		exec(t, p.URL(), "INSERT INTO kept VALUES (1)")
		if i < 2 {
			outage(t, p, down)
		} else if err := down(); err != nil {
			t.Fatalf("restart a running server: %v", err)
		}
		if got := count(t, p.URL()); got != i+1 {
			t.Fatalf("%d rows after outage %d, want %d", got, i, i+1)
		}
	}
}

// A client that stays connected must not delay a stop, nor survive it.
func TestPostgresStopClosesConnections(t *testing.T) {
	t.Parallel()
	p := servers.RunPostgres(t, servers.Options{})
	conn := connect(t, p.URL())
	if err := p.Stop(t.Context()); err != nil {
		t.Fatalf("stop: %v", err)
	}
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("the connection outlived the server")
	}
}

func TestRedisKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	for _, durable := range []bool{true, false} {
		r := servers.RunRedis(t, servers.Options{Durable: durable})
		c := client(t, r.URL())
		for _, down := range []func() error{func() error { return r.Stop(t.Context()) }, r.Kill} {
			if err := c.Set(t.Context(), "key", "value", 0).Err(); err != nil {
				t.Fatalf("set: %v", err)
			}
			outage(t, r, down)
			n, err := client(t, r.URL()).Exists(t.Context(), "key").Result()
			if err != nil || (n == 1) != durable {
				t.Fatalf("durable %t: the key exists %d times after an outage (%v)", durable, n, err)
			}
		}
	}
}

func TestCloseRemovesEverything(t *testing.T) {
	t.Parallel()
	p := servers.RunPostgres(t, servers.Options{})
	r := servers.RunRedis(t, servers.Options{Durable: true})
	for _, s := range []throwaway{p, r} {
		if _, err := os.Stat(s.Dir()); err != nil {
			t.Fatalf("the folder of a running server: %v", err)
		}
		for range 2 {
			if err := s.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
		}
		refused(t, s.Port())
		if _, err := os.Stat(s.Dir()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there after Close: %v", s.Dir(), err)
		}
		if err := s.Restart(t.Context()); err == nil {
			t.Error("a closed server was started again")
		}
	}
}

// A server that cannot start says why, and leaves nothing behind.
func TestStartFails(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	bad := servers.Options{Settings: map[string]string{"no_such_setting": "1"}}
	if _, err := servers.StartRedis(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("Redis with a bad setting: %v, want the setting named", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := servers.StartRedis(ctx, servers.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Redis with a context that is over: %v, want %v", err, context.Canceled)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestMissing(t *testing.T) {
	nothing := filepath.Join(t.TempDir(), "nothing")
	t.Setenv(servers.EnvPostgres, nothing)
	t.Setenv(servers.EnvRedis, nothing)
	_, noPostgres := servers.StartPostgres(t.Context(), servers.Options{})
	_, noRedis := servers.StartRedis(t.Context(), servers.Options{})
	for env, err := range map[string]error{servers.EnvPostgres: noPostgres, servers.EnvRedis: noRedis} {
		if !errors.Is(err, servers.ErrMissing) || !strings.Contains(err.Error(), env) {
			t.Errorf("with nothing in %s: %v, want ErrMissing that names the variable", env, err)
		}
	}
}
