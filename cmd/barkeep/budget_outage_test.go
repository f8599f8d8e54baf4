package main_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"barkeep/store/storetest/servers"
	"barkeep/yahoo/fake"
)

// budgeted is a world with a provider that counts what arrives, and processes that share a budget.
type budgeted struct {
	provider *fake.Provider
	env      []string
}

// newBudgeted keeps the archive at an address; more sets further variables.
func newBudgeted(t *testing.T, database string, perMinute, perDay int, more ...string) *budgeted {
	t.Helper()
	provider, address := counting(t)
	b := &budgeted{provider: provider, env: append([]string{
		"DATABASE_URL=" + database, "YAHOO_BASE_URL=" + address, "RUN_DEADLINE=1m", "RUN_LEASE=30s", "INSTRUMENTS=ES,NQ,YM",
		"TIMEFRAMES=5m,15m,1h,1d", fmt.Sprintf("YAHOO_REQUESTS_PER_MINUTE=%d", perMinute), fmt.Sprintf("YAHOO_DAILY_BUDGET=%d", perDay),
	}, more...)}
	return b
}

// crowd runs n processes at once to their ends, each with an instrument of its own.
func (b *budgeted) crowd(t *testing.T, n int) []ended {
	t.Helper()
	all := make([]ended, n)
	var running sync.WaitGroup
	for i, instrument := range []string{"ES", "NQ", "YM", "RTY", "CL"}[:n] {
		running.Go(func() { all[i] = barkeep(t, b.env, "sync", "--instrument", instrument) })
	}
	running.Wait()
	return all
}

// atMost checks how many requests arrived since a day began.
func (b *budgeted) atMost(t *testing.T, perDay int, began time.Time) {
	t.Helper()
	if now := time.Now().UTC(); now.Day() != began.UTC().Day() {
		t.Logf("a UTC day began during the test: %d requests are of two days", b.provider.Count())
		perDay *= 2
	}
	if n := b.provider.Count(); n > perDay {
		t.Errorf("%d requests arrived, the day has %d", n, perDay)
	}
}

// requests waits until so many requests arrived.
func (b *budgeted) requests(t *testing.T, n int) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); b.provider.Count() < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d requests arrived within 30s, want %d", b.provider.Count(), n)
		}
	}
}

// refusing is the address of a port where nobody listens.
func refusing(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// flush lets Redis forget everything.
func flush(t *testing.T, server *servers.Redis) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: strings.TrimSuffix(strings.TrimPrefix(server.URL(), "redis://"), "/0")})
	defer client.Close()
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}

// archives are an empty archive of each engine.
func archives(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"postgres": database(t), "sqlite": "sqlite:" + t.TempDir() + "/budget.db"}
}

// TestARefusingRedisKeepsTheDay: three processes with a Redis that nobody can reach have two requests a day together.
func TestARefusingRedisKeepsTheDay(t *testing.T) {
	t.Parallel()
	for name, archive := range archives(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, began := newBudgeted(t, archive, 6000, 2, "REDIS_URL=redis://"+refusing(t)+"/0"), time.Now()
			barkeep(t, b.env, "migrate").must(t, 0)
			for range 2 {
				b.crowd(t, 3)
			}
			b.atMost(t, 2, began)
			if n := b.provider.Count(); n < 2 {
				t.Errorf("%d requests arrived, want the day's 2", n)
			}
		})
	}
}

// TestSixAMinuteWithoutRedis: three processes at six requests a minute send two within ten seconds.
func TestSixAMinuteWithoutRedis(t *testing.T) {
	t.Parallel()
	for name, archive := range archives(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBudgeted(t, archive, 6, 100)
			b.env = append(b.env, "RUN_DEADLINE=14s", "RUN_LEASE=10s")
			barkeep(t, b.env, "migrate").must(t, 0)
			b.crowd(t, 3)
			if n := b.provider.Busiest(9 * time.Second); n > 1 { // sent ten seconds apart; the first may arrive a little late
				t.Errorf("%d requests within nine seconds at six a minute", n)
			}
			if n := b.provider.Count(); n < 2 {
				t.Errorf("%d requests arrived, want two of three processes together", n)
			}
		})
	}
}

// TestRestartsDoNotRenewTheDay starts a worker again and again whose provider answers every request with an error.
func TestRestartsDoNotRenewTheDay(t *testing.T) {
	t.Parallel()
	for kind, fault := range map[string]fake.Fault{
		"500": {Kind: fake.Upstream, Status: 500}, "404": {Kind: fake.NotFound}, "429": {Kind: fake.Throttle},
		"cut off": {Kind: fake.Truncate},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b, began := newBudgeted(t, "sqlite:"+t.TempDir()+"/restarts.db", 6000, 10, "RUN_DEADLINE=6s", "RUN_LEASE=2s"), time.Now()
			b.provider.Inject(fault)
			for i := range 5 {
				worker := start(t, b.env, "sync", "--force")
				time.Sleep(time.Duration(1+i) * 700 * time.Millisecond)
				_ = worker.cmd.Process.Kill() // it may have ended
				worker.wait()
			}
			b.atMost(t, 10, began)
			if n := b.provider.Count(); n < 5 {
				t.Errorf("%d requests arrived, so nothing was put to the test", n)
			}
		})
	}
}

// TestFlushAllDoesNotRenewTheDay empties Redis between two runs, and while the second one is on its way.
func TestFlushAllDoesNotRenewTheDay(t *testing.T) {
	t.Parallel()
	cache := servers.RunRedis(t, servers.Options{})
	b, began := newBudgeted(t, database(t), 600, 10, "REDIS_URL="+cache.URL()), time.Now()
	barkeep(t, b.env, "sync", "--instrument", "ES").must(t, 0)
	if n := b.provider.Count(); n != 4 {
		t.Fatalf("%d requests for four series", n)
	}
	flush(t, cache)
	worker := start(t, b.env, "sync")
	b.requests(t, 6)
	flush(t, cache)
	worker.wait()
	flush(t, cache)
	b.crowd(t, 3)
	b.atMost(t, 10, began)
}

// fetchers is how many requests of a process may have been granted that are still to be sent.
const fetchers = 4

// TestTheDatabaseStopsInMidRun: what it does not count is not sent, though Redis answers, and goes on when it is back. Then Redis
// forgets; the day holds all the same.
func TestTheDatabaseStopsInMidRun(t *testing.T) {
	t.Parallel()
	cache, postgres := servers.RunRedis(t, servers.Options{}), servers.RunPostgres(t, servers.Options{})
	b, began := newBudgeted(t, postgres.URL(), 60, 10, "REDIS_URL="+cache.URL()), time.Now()
	barkeep(t, b.env, "migrate").must(t, 0)
	worker := start(t, b.env, "sync")
	b.requests(t, 3)
	if err := postgres.Kill(); err != nil {
		t.Fatal(err)
	}
	granted := b.provider.Count() + fetchers
	time.Sleep(8 * time.Second)
	if n := b.provider.Count(); n > granted {
		t.Errorf("%d requests arrived, at most %d were counted", n, granted)
	}
	if err := postgres.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.requests(t, 8) // the database counts again
	flush(t, cache)
	worker.cmd.Process.Kill() //nolint:errcheck // it may have ended
	worker.wait()
	for range 2 {
		flush(t, cache)
		b.crowd(t, 3)
	}
	b.atMost(t, 10, began)
}

// TestNothingIsAskedWithoutAnybodyToCount stops Redis and the database in mid-run: what was granted before may still be sent,
// nothing else, and the cells say why.
func TestNothingIsAskedWithoutAnybodyToCount(t *testing.T) {
	t.Parallel()
	cache, postgres := servers.RunRedis(t, servers.Options{}), servers.RunPostgres(t, servers.Options{})
	b := newBudgeted(t, postgres.URL(), 60, 100, "REDIS_URL="+cache.URL(), "LOG_FORMAT=json")
	barkeep(t, b.env, "migrate").must(t, 0)
	worker := start(t, b.env, "sync")
	b.requests(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := postgres.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cache.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	most := b.provider.Count() + fetchers
	worker.until(t, "the database does not count requests, so none is sent")
	time.Sleep(8 * time.Second)
	if n := b.provider.Count(); n > most {
		t.Errorf("%d requests arrived, at most %d were granted", n, most)
	}
	before := b.provider.Count()
	if process := barkeep(t, b.env, "sync", "--instrument", "ES"); process.code == 0 || printed(process.stderr, "panic") {
		t.Errorf("exit code %d without a database:\n%s", process.code, process.stderr)
	}
	if n := b.provider.Count(); n > max(before, most) {
		t.Errorf("a process that began without both sent %d requests", n-before)
	}
}

// TestRetriesOfASlotCostATenth: answers without bars fail all twelve series again and again; the first attempt asks for each, all
// others together a tenth of the day's hundred.
func TestRetriesOfASlotCostATenth(t *testing.T) {
	t.Parallel()
	for name, archive := range archives(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBudgeted(t, archive, 60000, 100)
			b.provider.Inject(fake.Fault{Kind: fake.Empty})
			barkeep(t, b.env, "sync").must(t, 4)
			if n := fetches(b.provider); n != 12 {
				t.Fatalf("the first attempt sent %d requests for twelve series", n)
			}
			var last ended
			for range 3 {
				last = barkeep(t, b.env, "sync").must(t, 4)
			}
			if n := fetches(b.provider); n != 12+10 {
				t.Errorf("%d requests for retries, want 10", n-12)
			}
			if !printed(last.stdout+last.stderr, "a tenth of YAHOO_DAILY_BUDGET") {
				t.Errorf("nobody says why nothing is asked:\n%s", last.stderr)
			}
			b.provider.Clear()
			barkeep(t, b.env, "sync", "--instrument", "ES").must(t, 0) // beside the slot it is asked for all the same
		})
	}
}

// TestAStoppedProcessSendsNothingLate stops a process that holds moments which are still to come. When it goes on, others had the
// time: it takes new moments.
func TestAStoppedProcessSendsNothingLate(t *testing.T) {
	t.Parallel()
	b := newBudgeted(t, database(t), 60, 0)
	barkeep(t, b.env, "migrate").must(t, 0)
	first := start(t, b.env, "sync", "--instrument", "ES,NQ")
	second := start(t, b.env, "sync", "--instrument", "YM,RTY,CL,GC")
	b.requests(t, 5)
	if err := first.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(8 * time.Second)
	if err := first.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	first.wait().must(t, 0)
	second.wait().must(t, 0)
	if n := b.provider.Busiest(5 * time.Second); n > 5+1 {
		t.Errorf("%d requests within five seconds at sixty a minute", n)
	}
}
