package main_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// TestSyncWithoutANetwork: it ends by itself, with 4, long before its deadline; each cell says why, and the last line what to do.
func TestSyncWithoutANetwork(t *testing.T) {
	t.Parallel()
	refused := "connection refused by " + closedPort(t)
	for base, says := range map[string]string{
		"http://query1.invalid": "query1.invalid",
		"http://" + strings.TrimPrefix(refused, "connection refused by "): refused,
	} {
		env := []string{
			"DATABASE_URL=sqlite:" + t.TempDir() + "/b.db", "YAHOO_BASE_URL=" + base, "YAHOO_REQUESTS_PER_MINUTE=600",
			"INSTRUMENTS=ES,NQ,YM,RTY,CL,GC,SI,HG,NG,ZB,ZN,ZF,ZT,ZC,ZS,ZW,MES,MNQ,MYM,M2K,MCL,MGC,6E,6J,6B,6A,AAPL,MSFT,SPY,QQQ",
			"TIMEFRAMES=1d", "LOG_LEVEL=error", "RUN_DEADLINE=30m",
		}
		began := time.Now()
		got := barkeep(t, env, "sync").must(t, 4)
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%s: it took %s", base, took)
		}
		_, last, _ := strings.Cut(flat(got.stderr), "Nothing came from the provider")
		if !strings.Contains(last, says) || !strings.Contains(last, "What to do: check ") {
			t.Errorf("%s: at last it says %q", base, last)
		}
		if n := strings.Count(got.stderr, says); n < 30 {
			t.Errorf("%s: the cause is said %d times:\n%s", base, n, got.stderr)
		}
	}
}

// TestDoctorAsksTheProvider sends one request, and only when it is told to.
func TestDoctorAsksTheProvider(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 9)
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		_, _ = w.Write([]byte(`{"chart":{"result":[{"meta":{"symbol":"ES=F"},"indicators":{"quote":[{}]}}],"error":null}}`))
	}))
	t.Cleanup(provider.Close)
	unknown := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(unknown.Close)
	e := engines(t)[0]
	env := func(base string) []string {
		return []string{"INSTRUMENTS=ES", "YAHOO_BASE_URL=" + base, "DATABASE_URL=" + e.url}
	}
	if got := barkeep(t, env(provider.URL), "doctor", "--provider").must(t, 2); len(asked) > 0 || !printed(got.stdout, "what to do: barkeep migrate") {
		t.Errorf("without an archive, where nobody counts, %d requests were sent:\n%s", len(asked), got.stdout)
	}
	barkeep(t, env(provider.URL), "migrate").must(t, 0)
	if got := barkeep(t, env(provider.URL), "doctor").must(t, 0); len(asked) > 0 || printed(got.stdout, "provider") {
		t.Errorf("without the flag %d requests were sent:\n%s", len(asked), got.stdout)
	}
	if got := barkeep(t, env(provider.URL), "doctor", "--provider").must(t, 0); len(asked) != 1 || !printed(got.stdout, "answered for ES=F") {
		t.Errorf("%d requests were sent:\n%s", len(asked), got.stdout)
	}
	for base, says := range map[string]string{
		unknown.URL:               "is not trusted: who signed it is unknown",
		"http://" + closedPort(t): "connection refused by 127.0.0.1",
		"https://query1.invalid":  "query1.invalid",
	} {
		got := barkeep(t, env(base), "doctor", "--provider").must(t, 2)
		if !printed(got.stdout, says) || !printed(got.stdout, "what to do: check ") {
			t.Errorf("%s: %s", base, got.stdout)
		}
	}
}
