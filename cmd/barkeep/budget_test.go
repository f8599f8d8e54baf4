package main_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"barkeep/store/storetest/servers"
	"barkeep/yahoo/fake"
)

// counting is a fake provider whose requests the test can count.
func counting(t *testing.T) (provider *fake.Provider, address string) {
	t.Helper()
	provider, err := fake.New(fake.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(provider)
	t.Cleanup(server.Close)
	return provider, server.URL
}

// fetches is how many requests for bars came: without those for the time of day, one a process at most, which are sent where the
// database has no clock of its own.
func fetches(p *fake.Provider) int {
	n := 0
	for _, r := range p.Requests() {
		if r.Interval != "1d" || r.Period2-r.Period1 > 3*24*3600 {
			n++
		}
	}
	return n
}

// listed are the requests, a line each.
func listed(p *fake.Provider) string {
	var text strings.Builder
	for _, r := range p.Requests() {
		fmt.Fprintf(&text, "%s %s %s from %s to %s: %d, %d rows\n", r.Time.UTC().Format("15:04:05.000"), r.Symbol, r.Interval,
			time.Unix(r.Period1, 0).UTC().Format(time.RFC3339), time.Unix(r.Period2, 0).UTC().Format(time.RFC3339), r.Status, r.Rows)
	}
	return text.String()
}

// replicas runs three processes at once, each with series of its own: 72 requests together.
func replicas(t *testing.T, env []string) []ended {
	t.Helper()
	all := make([]ended, 3)
	var running sync.WaitGroup
	for i, instruments := range []string{"ES,NQ,YM,RTY,CL,GC", "SI,HG,NG,ZN,ZB,6E", "AAPL,MSFT,NVDA,QQQ,SPY,IWM"} {
		running.Go(func() {
			all[i] = barkeep(t, env, "sync", "--instrument", instruments, "--timeframe", "5m,15m,1h,1d")
		})
	}
	running.Wait()
	return all
}

// shares are what processes may have in common: Redis, or a database alone.
func shares(t *testing.T) map[string][]string {
	t.Helper()
	return map[string][]string{
		"redis":    {"DATABASE_URL=" + database(t), "REDIS_URL=" + servers.RunRedis(t, servers.Options{}).URL()},
		"postgres": {"DATABASE_URL=" + database(t)},
		"sqlite":   {"DATABASE_URL=sqlite:" + t.TempDir() + "/shared.db"},
	}
}

// TestReplicasShareOneBudget has three processes fetch at once; the provider's busiest ten seconds stay within the rate. They are
// counted as they arrive: on a busy machine some arrive late, beside later ones, so that a second's worth more is no fault. With
// a budget for each of the three all 72 would come in six seconds.
func TestReplicasShareOneBudget(t *testing.T) {
	t.Parallel()
	const perMinute = 240
	for name, env := range shares(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider, address := counting(t)
			env := append(env, "YAHOO_BASE_URL="+address, fmt.Sprintf("YAHOO_REQUESTS_PER_MINUTE=%d", perMinute))
			barkeep(t, env, "migrate").must(t, 0)
			want := 72
			for _, process := range replicas(t, env) {
				process.must(t, 0)
				want += strings.Count(process.stderr, "provider request failed, trying again") // on a machine that stood still
			}
			if n := fetches(provider); n != want {
				t.Errorf("%d requests, want %d: nothing twice; they were\n%s", n, want, listed(provider))
			}
			if n := provider.Busiest(10 * time.Second); n > perMinute/6+perMinute/60 {
				t.Errorf("the busiest ten seconds saw %d requests, %d are allowed", n, perMinute/6)
			}
		})
	}
}

// TestReplicasShareOneDay has three processes want more than a day's requests at once, and a fourth one after them.
func TestReplicasShareOneDay(t *testing.T) {
	t.Parallel()
	const perDay = 20
	for name, env := range shares(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider, address := counting(t)
			env := append(env, "YAHOO_BASE_URL="+address, "YAHOO_REQUESTS_PER_MINUTE=6000", "RUN_DEADLINE=1m", "RUN_LEASE=30s",
				fmt.Sprintf("YAHOO_DAILY_BUDGET=%d", perDay))
			barkeep(t, env, "migrate").must(t, 0)
			began := time.Now().UTC()
			all := append(replicas(t, env), barkeep(t, env, "sync", "--instrument", "BTC-USD", "--timeframe", "1d"))
			for i, process := range all {
				if process.code == 0 {
					t.Errorf("process %d says that all went well:\n%s", i, process.stdout)
				}
			}
			if n := provider.Count(); n != perDay && time.Now().UTC().Day() == began.Day() {
				t.Errorf("%d requests, want the day's %d", n, perDay)
			}
		})
	}
}
