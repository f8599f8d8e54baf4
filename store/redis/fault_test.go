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

	"barkeep/store/redis"
)

// everyCall is every way to ask Redis, with a lease and a budget that were made before.
func everyCall(ctx context.Context, s *redis.Client, l *redis.Lease, b *redis.Budget) map[string]error {
	_, acquire := s.Acquire(ctx, "another", time.Minute)
	_, take := b.Take(ctx)
	_, remaining := b.Remaining(ctx)
	_, _, _, newest := s.Newest(ctx, es5())
	markers := s.Markers()
	_, _, get := markers.Get(ctx, slot(9))
	_, _, claim := markers.Claim(ctx, slot(9), leaseOf("another"), time.Minute)
	_, extendMarker := markers.Extend(ctx, slot(9), leaseOf("another"), time.Minute)
	return map[string]error{
		"ping": s.Ping(ctx), "acquire": acquire, "extend": l.Extend(ctx), "take": take, "remaining": remaining,
		"newest": newest, "put": s.PutNewest(ctx, es5(), ramp(0, 3)), "release": l.Release(ctx),
		"get marker": get, "claim marker": claim, "extend marker": extendMarker,
		"done marker":    markers.Done(ctx, slot(9), doneOf(1), time.Minute),
		"release marker": markers.Release(ctx, slot(9), "another"),
	}
}

// budget makes a budget with generous numbers.
func budget(t testing.TB, s *redis.Client, perMinute float64, perDay int) *redis.Budget {
	t.Helper()
	b, err := s.NewBudget(perMinute, perDay, "yahoo")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestStoppedServerIsUnavailable(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	var log record
	s := open(t, srv.URL, logTo(&log))
	l, b := acquire(t, s, "held", 900*time.Millisecond), budget(t, s, 1000, 1000)
	kept := acquire(t, s, "kept", 900*time.Millisecond)
	kept.Keep(t.Context())
	srv.kill()
	for call, err := range everyCall(t.Context(), s, l, b) {
		if !errors.Is(err, redis.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", call, err)
		}
	}
	if closed(l) {
		t.Error("not knowing is no loss")
	}
	eventually(t, "the kept lease is lost once it ran out", func() bool { return closed(kept) })
	if err := kept.Release(t.Context()); !errors.Is(err, redis.ErrUnavailable) {
		t.Errorf("release: %v", err)
	}
	if !strings.Contains(log.String(), "lease lost") {
		t.Errorf("the log says %q", log.String())
	}
	// It comes back empty, and everything works again.
	srv.start()
	var again *redis.Lease
	eventually(t, "the client finds the server again", func() bool {
		var err error
		again, err = s.Acquire(t.Context(), "kept", time.Minute)
		return err == nil
	})
	if again.Fence() <= kept.Fence() {
		t.Errorf("fence %d after %d: it must rise though the server forgot", again.Fence(), kept.Fence())
	}
	if _, err := b.Take(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestHangingServerIsUnavailableInTime(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	s := open(t, srv.URL, func(c *redis.Config) { c.Timeout = 100 * time.Millisecond })
	l, b := acquire(t, s, "held", time.Minute), budget(t, s, 1000, 1000)
	kept := acquire(t, s, "kept", 600*time.Millisecond)
	kept.Keep(t.Context())
	srv.signal(syscall.SIGSTOP)
	defer srv.signal(syscall.SIGCONT)
	for call, err := range everyCall(t.Context(), s, l, b) {
		if !errors.Is(err, redis.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", call, err)
		}
	}
	eventually(t, "the kept lease is lost once it ran out", func() bool { return closed(kept) })
}

func TestClaimThatWasGivenUpIsNotLeftBehind(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	s := open(t, srv.URL)
	if err := s.Ping(t.Context()); err != nil { // the connection is there before the server hangs
		t.Fatal(err)
	}
	srv.signal(syscall.SIGSTOP)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() {
		// The claim lies in the server's queue when the caller loses patience.
		if _, err := s.Acquire(ctx, "given up", time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("acquire: %v", err)
		}
	})
	<-ctx.Done()
	srv.signal(syscall.SIGCONT)
	wg.Wait()
	acquire(t, s, "given up", time.Minute)
}

func TestRestartThatRemembersKeepsTheLease(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	s := open(t, srv.URL)
	l := acquire(t, s, "kept", 30*time.Second)
	l.Keep(t.Context())
	if err := s.Client().Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	srv.kill()
	srv.start()
	if err := l.Extend(t.Context()); err != nil || closed(l) {
		t.Fatalf("extend after the restart: %v, lost %v", err, closed(l))
	}
	if err := l.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	acquire(t, s, "kept", time.Minute)
}

func TestForgottenLeaseIsLost(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"redis": startServer(t).URL, "in-process": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, url)
			l := acquire(t, s, "flushed", 600*time.Millisecond)
			l.Keep(t.Context())
			if err := s.Client().FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			heir := acquire(t, s, "flushed", time.Minute)
			eventually(t, "the loss is noticed", func() bool { return closed(l) })
			if err := l.Release(t.Context()); err != nil {
				t.Error(err)
			}
			if err := heir.Extend(t.Context()); err != nil {
				t.Errorf("the old holder's release took the heir's lease: %v", err)
			}
			if heir.Fence() <= l.Fence() {
				t.Errorf("fence %d after %d", heir.Fence(), l.Fence())
			}
		})
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

func TestClaimWhoseReplyWasLostIsOurs(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	path, _, _ := strings.Cut(strings.TrimPrefix(srv.URL, "unix://"), "?")
	c := startCutter(t, "unix", path, "\r\nNX\r\n")
	s := open(t, c.URL)
	c.armed.Store(true)
	l := acquire(t, s, "cut", time.Minute)
	if c.cuts.Load() != 1 {
		t.Fatalf("%d replies were cut off, want 1", c.cuts.Load())
	}
	if err := l.Extend(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Acquire(t.Context(), "cut", time.Minute); !errors.Is(err, redis.ErrHeld) {
		t.Errorf("second acquire: %v", err)
	}
}

func TestOpenRefusesMalformedConfigurations(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"localhost:6379", "http://localhost", "redis://:hunter2@localhost:port/0", "redis://:hunter2@localhost/zero",
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
		"no clock": {}, "negative bars": {Now: time.Now, CacheBars: -1}, "negative time-out": {Now: time.Now, Timeout: -1},
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
		if s.InProcess() == b.share {
			t.Errorf("InProcess is %v", s.InProcess())
		}
		l, bud := acquire(t, s, "open", time.Minute), budget(t, s, 1000, 1000)
		l.Keep(t.Context())
		late := acquire(t, s, "late", time.Minute)
		for range 2 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		late.Keep(t.Context()) // starts nothing: goleak would see it
		for call, err := range everyCall(t.Context(), s, l, bud) {
			if !errors.Is(err, redis.ErrUnavailable) {
				t.Errorf("%s after Close: %v", call, err)
			}
		}
	})
}
