package main_test

import (
	"encoding/json"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// address is one on this machine where nobody listens yet.
func address(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// serveAt starts a worker at an address.
func serveAt(t *testing.T, env []string, address string) *running {
	t.Helper()
	worker := start(t, append(env, "HTTP_ADDR="+address, "LOG_LEVEL=info"), "serve")
	worker.until(t, "http server listens")
	go worker.drain()
	return worker
}

// TestWaitOverHTTP waits from before the server is there, through a restart of it, until the slot is done.
func TestWaitOverHTTP(t *testing.T) {
	t.Parallel()
	const before = "BARKEEP_NOW=2026-08-19T14:04:56-07:00"
	fake := provider(t, []string{before}, "--fault", "503:1")
	env := append(slotEnv(t, engines(t)[0], fake, "API_READ_TOKEN=hunter2")(0), before)
	at := address(t)
	waiting := start(t, []string{"API_READ_TOKEN=hunter2", "BARKEEP_SERVER=http://" + at}, "wait", "--timeout", "3m")
	waiting.until(t, "asking again")
	worker := serveAt(t, env, at)
	time.Sleep(time.Second) // it is asked meanwhile, and stopped in the middle of that
	signal(t, worker, syscall.SIGTERM)
	_ = worker.cmd.Wait() // how it ends is another test's
	serveAt(t, env, at)
	got := waiting.wait().must(t, 0)
	want := "done      import 2026-08-19 14:05 = 2026-08-19 21:05 UTC = 14:05 PDT, run "
	if !strings.HasPrefix(got.stdout, want) || strings.Count(got.stdout, "\n") != 2 || !printed(got.stdout, "6 of 6 series") {
		t.Errorf("it says\n%s\n%s", got.stdout, got.stderr)
	}
	token := []string{"API_READ_TOKEN=hunter2"}
	for _, slot := range []string{"today", "2026-08-19", "2026-08-19/14:05", "2026-08-19/0", "2026-08-19T21:05Z"} {
		got := barkeep(t, token, "--server", "http://"+at, "wait", "--slot", slot, "--json").must(t, 0)
		var v struct {
			State    string
			Done     bool
			Evidence struct{ OK int }
		}
		if err := json.Unmarshal([]byte(got.stdout), &v); err != nil || !v.Done || v.Evidence.OK != 6 {
			t.Errorf("%s: %v\n%s", slot, err, got.stdout)
		}
	}
	for code, cases := range map[int][][]string{
		2: {{"--slot", "2026-08-19/15:00"}, {"--slot", "soon"}, {"--slot", "2026-08-19T21:06Z"}, {"--timeout", "-1s"}, {"--server", "localhost"}},
		4: {{"--slot", "2026-08-20", "--timeout", "0"}, {"--slot", "2026-08-17"}, {"--server", "http://" + address(t), "--timeout", "1s"}},
	} {
		for _, flags := range cases {
			began := time.Now()
			got := barkeep(t, append(token, "BARKEEP_SERVER=http://"+at), append([]string{"wait"}, flags...)...)
			if got.code != code || time.Since(began) > time.Minute {
				t.Errorf("wait %v: %d after %s, want %d\n%s\n%s", flags, got.code, time.Since(began), code, got.stdout, got.stderr)
			}
		}
	}
	if got := barkeep(t, nil, "wait", "--server", "http://"+at).must(t, 2); !printed(got.stderr, "API_READ_TOKEN") {
		t.Errorf("without a token it says\n%s", got.stderr)
	}
}

// TestWaitByTheLedger waits without a server: from before there is an archive, for an import of another process.
func TestWaitByTheLedger(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := slotEnv(t, e, provider(t, []string{when}, "--fault", "empty@NQ=F"))(0)
			early := barkeep(t, env, "wait", "--timeout", "1s").must(t, 4)
			if early.stdout != "" || !printed(early.stderr, "archive") {
				t.Errorf("before there is an archive it says\n%s\n%s", early.stdout, early.stderr)
			}
			barkeep(t, env, "wait", "--slot", "2026-08-19/9").must(t, 2)
			waiting := start(t, append(env, "INSTRUMENTS=ES"), "wait", "--timeout", "3m")
			waiting.until(t, "asking again")
			barkeep(t, env, "sync").must(t, 3)
			if got := waiting.wait().must(t, 0); !strings.HasPrefix(got.stdout, "done ") || !printed(got.stdout, ", run 1\n          3 of 3 series") { // ES is there
				t.Errorf("who keeps ES is told\n%s", got.stdout)
			}
			partial := barkeep(t, env, "wait", "--timeout", "2s").must(t, 3)
			if !strings.HasPrefix(partial.stdout, "partial ") || !printed(partial.stdout, ", run 1\n          3 of 6 series") || !printed(partial.stdout, "NQ") {
				t.Errorf("who keeps NQ too is told\n%s", partial.stdout)
			}
			if got := barkeep(t, env, "wait", "--slot", "2026-08-20", "--timeout", "0").must(t, 4); !printed(got.stdout, "waiting") {
				t.Errorf("of a slot to come it says\n%s", got.stdout)
			}
		})
	}
}
