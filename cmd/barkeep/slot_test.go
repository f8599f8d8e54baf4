package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"barkeep/store/storetest/servers"
)

// redisDatabase numbers the databases of the suite's Redis server that tests have taken; each test gets one of its own.
var redisDatabase = make(chan int, 1)

func redisURL(t *testing.T) string {
	t.Helper()
	server := os.Getenv("BARKEEP_TEST_REDIS")
	if server == "" {
		t.Fatal("BARKEEP_TEST_REDIS is not set: `make test` brings a Redis server")
	}
	n := 1
	select {
	case n = <-redisDatabase:
	default:
	}
	redisDatabase <- n + 1
	return server[:strings.LastIndexByte(server, '/')+1] + fmt.Sprint(n)
}

// slotEnv is the configuration of a worker whose slot costs little, n days after the tests' clock.
func slotEnv(t *testing.T, e engine, address string, more ...string) func(days int) []string {
	t.Helper()
	start, err := time.Parse(time.RFC3339, strings.TrimPrefix(when, "BARKEEP_NOW="))
	if err != nil {
		t.Fatal(err)
	}
	return func(days int) []string {
		return append([]string{
			"BARKEEP_NOW=" + start.AddDate(0, 0, days).Format(time.RFC3339), "DATABASE_URL=" + e.url, "YAHOO_BASE_URL=" + address,
			"YAHOO_REQUESTS_PER_MINUTE=600000", "INSTRUMENTS=ES,NQ", "TIMEFRAMES=1h,4h,1d", "RUN_LEASE=3s",
		}, more...)
	}
}

// slotReport is what sync --json prints about a slot.
type slotReport struct {
	Outcome string
	Slot    struct {
		Job, Date string
		Slot      int
		At        struct{ UTC, Pacific string }
	}
	Run struct {
		ID    int64
		State string
	}
	Cells []struct {
		Instrument, Timeframe, State string
	}
}

func readSlot(t *testing.T, out string) slotReport {
	t.Helper()
	var r slotReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("--json printed no JSON: %v\n%s", err, out)
	}
	return r
}

const effective = `SELECT count(*) FROM runs WHERE trading_date = '%s' AND slot = 0 AND state = 'done' AND NOT forced`

// TestManyProcessesRunASlotOnce is promise P1 with real processes: twenty ask at once, in many rounds; each round has one
// effective run, and everybody gets its result.
func TestManyProcessesRunASlotOnce(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{later})
	for _, e := range engines(t) {
		rounds := map[string]int{"postgres": 50, "sqlite": 5}[e.name]
		more := []string{"RUN_LEASE=30s"} // nobody dies here, and the machine may be busy
		if e.name == "postgres" {
			more = append(more, "REDIS_URL="+redisURL(t))
		}
		env := slotEnv(t, e, address, more...)
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			barkeep(t, env(0), "migrate").must(t, 0)
			for round := range rounds {
				got := make([]ended, 20)
				var all sync.WaitGroup
				for i := range got {
					all.Go(func() { got[i] = barkeep(t, env(round), "sync", "--json") })
				}
				all.Wait()
				ran, ids := 0, map[int64]bool{}
				for _, g := range got {
					r := readSlot(t, g.must(t, 0).stdout)
					ids[r.Run.ID] = true
					if r.Outcome == "ran" {
						ran++
					}
					if r.Run.State != "done" {
						t.Errorf("round %d: somebody was told %s", round, r.Run.State)
					}
				}
				date := readSlot(t, got[0].stdout).Slot.Date
				if n := count(t, e, fmt.Sprintf(effective, date)); n != 1 || ran != 1 || len(ids) != 1 {
					t.Fatalf("round %d (%s): %d effective runs, %d processes ran it, %d run ids were told; want one of each",
						round, date, n, ran, len(ids))
				}
			}
		})
	}
}

// TestAHolderThatDies kills the process that runs a slot at each step; the next takes over after the lease, fetches nothing
// again that was committed, and the slot has one effective run.
func TestAHolderThatDies(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{later})
	for _, e := range engines(t) {
		var more []string
		if e.name == "postgres" {
			more = []string{"REDIS_URL=" + redisURL(t)}
		}
		env := slotEnv(t, e, address, more...)
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			for day, point := range []string{"marked", "claimed", "cell:2", "worked", "finished"} {
				dead := barkeep(t, append(env(day), "BARKEEP_CRASH_AT="+point), "sync")
				if dead.code != -1 {
					t.Fatalf("the process was not killed at %s but ended with %d:\n%s", point, dead.code, dead.stderr)
				}
				committed := count(t, e, "SELECT count(*) FROM cells WHERE state = 'stored' AND run_id = (SELECT max(id) FROM runs)")
				if point == "marked" {
					committed = 0 // it had no run yet; the newest is of the day before
				}
				next := readSlot(t, barkeep(t, env(day), "sync", "--json").must(t, 0).stdout)
				date := next.Slot.Date
				if n := count(t, e, fmt.Sprintf(effective, date)); n != 1 || next.Run.State != "done" {
					t.Errorf("killed at %s: %d effective runs, the next process was told %s", point, n, next.Run.State)
				}
				query := "SELECT count(*) FROM cells c JOIN runs r ON r.id = c.run_id WHERE r.trading_date = '%s'"
				if n := count(t, e, fmt.Sprintf(query, date)); n != 6 {
					t.Errorf("killed at %s with %d cells committed: %d cells over all attempts, want each of 6 series once", point, committed, n)
				}
			}
		})
	}
}

func TestSlotAnswers(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			cache := servers.RunRedis(t, servers.Options{})
			address := provider(t, []string{when}, "--fault", "empty:4") // the four requests of the first run
			env := slotEnv(t, e, address, "REDIS_URL="+cache.URL())(0)
			done := func() int { return count(t, e, "SELECT count(*) FROM runs WHERE state = 'done'") }

			failed := barkeep(t, env, "sync").must(t, 4)
			if !printed(failed.stdout, "failed    run 1, import 2026-08-19 14:05: ") || done() != 0 || len(keys(t, cache, "*:run:*")) != 0 {
				t.Errorf("after a run without bars: %d runs done, markers %v\n%s", done(), keys(t, cache, "*:run:*"), failed.stdout)
			}
			barkeep(t, env, "sync").must(t, 0)
			if got := keys(t, cache, "*:run:*"); done() != 1 || len(got) != 1 || got[0] != "barkeep:run:import:2026-08-19T21:05Z" {
				t.Errorf("after a good run: %d done, markers %v", done(), got)
			}
			again := barkeep(t, env, "sync").must(t, 0)
			if !printed(again.stdout, "already ran at 14:25 PDT (21:25 UTC), run 2") {
				t.Errorf("the third caller is told\n%s", again.stdout)
			}
			if err := cache.Kill(); err != nil { // it kept nothing: as if FLUSHALL
				t.Fatal(err)
			}
			if got := barkeep(t, env, "sync").must(t, 0); !printed(got.stdout, "already ran") {
				t.Errorf("without Redis the ledger must tell:\n%s", got.stdout)
			}
			if err := cache.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			barkeep(t, env, "sync").must(t, 0)
			if got := keys(t, cache, "*:run:*"); len(got) != 1 || done() != 1 {
				t.Errorf("the marker was not put back: %v, %d done", got, done())
			}
			barkeep(t, env, "sync", "--force").must(t, 0)
			if n := count(t, e, "SELECT count(*) FROM runs WHERE state = 'done' AND forced"); n != 1 || done() != 2 {
				t.Errorf("%d forced runs, %d done in all", n, done())
			}
			list := barkeep(t, env, "runs").must(t, 0)
			for _, want := range []string{"2026-08-19 14:05 forced", "failed", "2026-08-19 14:05 "} {
				if !printed(list.stdout, want) {
					t.Errorf("runs lacks %q:\n%s", want, list.stdout)
				}
			}
			if one := barkeep(t, env, "runs", "2", "--verbose").must(t, 0); !printed(one.stdout, "ES 4h") {
				t.Errorf("runs 2 shows\n%s", one.stdout)
			}
			barkeep(t, env, "sync", "--slot", "1").must(t, 2)
		})
	}
}

// keys lists the keys of a Redis server.
func keys(t *testing.T, server *servers.Redis, pattern string) []string {
	t.Helper()
	options, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	found, err := client.Keys(t.Context(), pattern).Result()
	if err != nil {
		t.Fatal(err)
	}
	return found
}
