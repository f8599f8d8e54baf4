package redis_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"barkeep/store"
	"barkeep/store/redis"
)

// everyCall is every way to call Redis.
func everyCall(ctx context.Context, s *redis.Client) map[string]error {
	_, acquire := s.Acquire(ctx, "another", "mine", time.Minute)
	_, extend := s.Extend(ctx, "held", "mine", time.Minute)
	_, take := s.Take(ctx, "yahoo", generous(), store.TakeRequest{})
	_, remaining := s.Remaining(ctx, "yahoo", generous())
	_, _, _, newest := s.Newest(ctx, es5())
	markers := s.Markers()
	_, _, get := markers.Get(ctx, slot(9))
	_, _, claim := markers.Claim(ctx, slot(9), leaseOf("another"), time.Minute)
	_, extendMarker := markers.Extend(ctx, slot(9), leaseOf("another"), time.Minute)
	return map[string]error{
		"ping": s.Ping(ctx), "acquire": acquire, "extend": extend, "take": take, "remaining": remaining,
		"newest": newest, "put": s.PutNewest(ctx, es5(), 1, ramp(0, 3)), "release": s.Release(ctx, "held", "mine"),
		"get marker": get, "claim marker": claim, "extend marker": extendMarker,
		"done marker":    markers.Done(ctx, slot(9), doneOf(1), time.Minute),
		"release marker": markers.Release(ctx, slot(9), "another"),
	}
}

// generous are limits that no test reaches.
func generous() store.Limits { return store.Limits{PerMinute: 1000, PerDay: 1000} }

func TestStoppedServerIsUnavailable(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	s := open(t, srv.URL)
	acquire(t, s, "held", "mine")
	srv.kill()
	for call, err := range everyCall(t.Context(), s) {
		if !errors.Is(err, redis.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", call, err)
		}
	}
	// It comes back empty, and everything works again.
	srv.start()
	eventually(t, "the client finds the server again", func() bool {
		won, err := s.Acquire(t.Context(), "held", "theirs", time.Minute)
		return won && err == nil
	})
	if still, err := s.Extend(t.Context(), "held", "mine", time.Minute); still || err != nil {
		t.Errorf("extend of what the server forgot: %v, %v", still, err)
	}
	if _, err := s.Take(t.Context(), "yahoo", generous(), store.TakeRequest{}); err != nil {
		t.Error(err)
	}
}

func TestHangingServerIsUnavailableInTime(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	s := open(t, srv.URL, func(c *redis.Config) { c.Timeout = 100 * time.Millisecond })
	acquire(t, s, "held", "mine")
	srv.signal(syscall.SIGSTOP)
	defer srv.signal(syscall.SIGCONT)
	for call, err := range everyCall(t.Context(), s) {
		if !errors.Is(err, redis.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", call, err)
		}
	}
}

func TestRestartThatRemembersKeepsTheLease(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	s := open(t, srv.URL)
	acquire(t, s, "kept", "mine")
	if err := s.Client().Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	srv.kill()
	srv.start()
	if still, err := s.Extend(t.Context(), "kept", "mine", time.Minute); !still || err != nil {
		t.Fatalf("extend after the restart: %v, %v", still, err)
	}
}

func TestRefusedConnection(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	var log record
	s := open(t, "redis://:hunter2@"+address, logTo(&log)) // Open does not fail
	err = s.Ping(t.Context())
	if !errors.Is(err, redis.ErrUnavailable) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("ping: %v", err)
	}
	if !strings.Contains(log.String(), "redis does not answer") {
		t.Errorf("the log says %q", log.String())
	}
	if strings.Contains(log.String()+err.Error(), "hunter2") {
		t.Error("the password is shown")
	}
}

func TestWrongPasswordIsUnavailableAndNotShown(t *testing.T) {
	t.Parallel()
	srv := startServer(t, "--requirepass", "right")
	path := strings.TrimPrefix(srv.URL, "unix://")
	var log record
	wrong := open(t, "unix://:hunter2@"+path, logTo(&log))
	err := wrong.Ping(t.Context())
	if !errors.Is(err, redis.ErrUnavailable) {
		t.Errorf("ping: %v", err)
	}
	if strings.Contains(log.String()+err.Error(), "hunter2") {
		t.Error("the password is shown")
	}
	if err := open(t, "unix://:right@"+path).Ping(t.Context()); err != nil {
		t.Errorf("with the right password: %v", err)
	}
}

// cutter forwards connections to a server and, when armed, lets the next request that holds a text through but cuts the
// line instead of giving its reply.
type cutter struct {
	what  []byte
	armed atomic.Bool
	cuts  atomic.Int32
	URL   string
}

func startCutter(t *testing.T, network, target, what string) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{what: []byte(what), URL: "redis://" + listener.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial(network, target)
			if err != nil {
				_ = client.Close()
				continue
			}
			var cut atomic.Bool
			wg.Go(func() {
				c.pump(client, server, func(p []byte) bool {
					if bytes.Contains(p, c.what) && c.armed.CompareAndSwap(true, false) {
						cut.Store(true)
						c.cuts.Add(1)
					}
					return true
				})
			})
			wg.Go(func() { c.pump(server, client, func([]byte) bool { return !cut.Load() }) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		wg.Wait()
	})
	return c
}

// pump copies until an end closes or allow says no, and then closes both.
func (c *cutter) pump(from, to net.Conn, allow func([]byte) bool) {
	defer func() { _, _ = from.Close(), to.Close() }()
	p := make([]byte, 4096)
	for {
		n, err := from.Read(p)
		if n > 0 {
			if !allow(p[:n]) {
				return
			}
			if _, err := to.Write(p[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func TestLeaseWhoseReplyWasLostIsOurs(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	path, _, _ := strings.Cut(strings.TrimPrefix(srv.URL, "unix://"), "?")
	c := startCutter(t, "unix", path, ":lease:cut")
	s := open(t, c.URL)
	acquire(t, s, "another", "mine") // so that the server knows the script
	c.armed.Store(true)
	acquire(t, s, "cut", "mine")
	if c.cuts.Load() != 1 {
		t.Fatalf("%d replies were cut off, want 1", c.cuts.Load())
	}
	if won, err := s.Acquire(t.Context(), "cut", "theirs", time.Minute); won || err != nil {
		t.Errorf("second acquire: %v, %v", won, err)
	}
}

func TestOpenRefusesMalformedConfigurations(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "localhost:6379", "http://localhost", "redis://:hunter2@localhost:port/0", "redis://:hunter2@localhost/zero",
		"redis://:hunt/er2@localhost:6379", "redis://user/hunter2@localhost", "redis://u:1?hunter2@localhost",
		"redis://:hunter2@h:1/0?unheard=of", "redis://:hun ter2@h", "hunter2", "unix://:hunter2@", "://", "redis://a@hunter2@b/x",
	} {
		s, err := redis.Open(t.Context(), redis.Config{URL: url, Now: time.Now})
		if !errors.Is(err, redis.ErrURL) || s != nil {
			t.Errorf("Open(%q): %v, want ErrURL", url, err)
			continue
		}
		for _, secret := range []string{"hunter2", "hunt", "ter2"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows the password: %v", err)
			}
		}
		if !strings.Contains(err.Error(), "redis://[user:password@]host:6379/0") {
			t.Errorf("the error does not say what is accepted: %v", err)
		}
	}
	for name, cfg := range map[string]redis.Config{
		"no clock": {URL: "redis://h"}, "negative bars": {URL: "redis://h", Now: time.Now, CacheBars: -1},
		"negative time-out": {URL: "redis://h", Now: time.Now, Timeout: -1},
	} {
		if s, err := redis.Open(t.Context(), cfg); err == nil || s != nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		acquire(t, s, "open", "mine")
		for range 2 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for call, err := range everyCall(t.Context(), s) {
			if !errors.Is(err, redis.ErrUnavailable) {
				t.Errorf("%s after Close: %v", call, err)
			}
		}
	})
}
