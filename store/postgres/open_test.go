package postgres_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"barkeep/store/postgres"
)

const secret = "s3cr%t-wörd"

// Malformed and refused addresses get an error that says what to do, and never what the password is.
func TestOpenRefusesURLs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ url, says string }{
		"empty":                {"", "empty"},
		"another scheme":       {"mysql://barkeep:" + secret + "@localhost/bars", "postgres://"},
		"keywords":             {"host=localhost password=" + secret, "postgres://"},
		"unescaped percent":    {"postgres://barkeep:" + secret + "@localhost/bars", "percent-encoded"},
		"unescaped slash":      {"postgres://barkeep:hunter2/hunter3@localhost/bars", "percent-encoded"},
		"unescaped hash":       {"postgres://barkeep:hunter2#hunter3@localhost/bars", "percent-encoded"},
		"unescaped question":   {"postgres://barkeep:hunter2?hunter3@localhost/bars", "percent-encoded"},
		"space":                {"postgres://barkeep:hunter2 hunter3@localhost/bars", "percent-encoded"},
		"port":                 {"postgres://barkeep:hunter2@localhost:hunter3/bars", "port"},
		"large port":           {"postgres://barkeep:hunter2@localhost:123456/bars", "port"},
		"sslmode":              {"postgres://barkeep:hunter2@localhost/bars?sslmode=hunter", "sslmode"},
		"time-out":             {"postgres://barkeep:hunter2@localhost/bars?connect_timeout=hunter2", "timeout"},
		"password as query":    {"postgres://localhost/bars?password=hunter2&sslmode=hunter2", "sslmode"},
		"pool size":            {"postgres://barkeep:hunter2@localhost/bars?pool_max_conns=0", "pool_max_conns"},
		"control character":    {"postgres://barkeep:hunter2\x7f@localhost/bars", "percent-encoded"},
		"missing certificates": {"postgres://barkeep:hunter2@localhost/bars?sslmode=verify-full&sslrootcert=/hunter2", "CA"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := postgres.Open(t.Context(), postgres.Config{URL: test.url, Now: clock})
			if err == nil {
				t.Fatal("it was accepted")
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("the error %q does not say %q", err, test.says)
			}
			for _, part := range []string{"hunter2", "hunter3", "s3cr", "wörd"} {
				if strings.Contains(everything(err), part) {
					t.Errorf("the error %q holds %q of the password", everything(err), part)
				}
			}
		})
	}
}

// everything is the text of an error and of all errors inside it.
func everything(err error) string {
	if err == nil {
		return ""
	}
	return err.Error() + "\n" + everything(errors.Unwrap(err))
}

func TestOpenRefusesConfig(t *testing.T) {
	t.Parallel()
	cfg := postgres.Config{URL: "postgres://localhost/x"}
	if _, err := postgres.Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "Now") {
		t.Errorf("without a clock: %v", err)
	}
	cfg.Now, cfg.MaxConns = clock, -1
	if _, err := postgres.Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "MaxConns is -1") {
		t.Errorf("with -1 connections: %v", err)
	}
}

// Nobody listens on the port: Open fails at once, and says where it tried.
func TestOpenWithoutServer(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	_, err = postgres.Open(t.Context(), postgres.Config{URL: "postgres://barkeep:hunter2@" + address + "/bars", Now: clock})
	if err == nil || !strings.Contains(err.Error(), address) || strings.Contains(everything(err), "hunter2") {
		t.Errorf("%v", err)
	}
}

// A server that accepts and then says nothing does not hold Open beyond its context.
func TestOpenWithSilentServer(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = postgres.Open(ctx, postgres.Config{URL: "postgres://b:hunter2@" + listener.Addr().String() + "/bars", Now: clock})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// The server itself refuses: a database that does not exist, and a password that is wrong.
func TestOpenRefusedByServer(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(serverURL(t))
	if err != nil {
		t.Fatal("BARKEEP_TEST_POSTGRES is no URL")
	}
	u.User, u.Path = url.UserPassword("nobody_here", "hunter2"), "/nothing_here"
	_, err = postgres.Open(t.Context(), postgres.Config{URL: u.String(), Now: clock})
	if err == nil || !strings.Contains(err.Error(), "nobody_here") || strings.Contains(everything(err), "hunter2") {
		t.Errorf("%v", err)
	}
}

// One connection is enough for everything, migrations included.
func TestOneConnection(t *testing.T) {
	t.Parallel()
	archive, err := postgres.Open(t.Context(), postgres.Config{URL: database(t), Now: clock, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(archive.Close)
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if stored := upsert(t, archive, es5m(), ramp(10)); stored.Inserted != 10 {
		t.Errorf("stored %+v", stored)
	}
	if states, err := archive.States(t.Context()); err != nil || len(states) != 1 {
		t.Errorf("states %+v, %v", states, err)
	}
}
