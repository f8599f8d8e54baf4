package main_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"barkeep/store/storetest/servers"
)

// stopped waits until a process has stopped itself.
func stopped(t *testing.T, r *running) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		if _, rest, ok := strings.Cut(string(stat), ") "); ok && strings.HasPrefix(rest, "T") {
			return
		}
	}
	t.Fatal("the process did not stop")
}

func signal(t *testing.T, r *running, s syscall.Signal) {
	t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// TestRedisForgetsAtEachStep flushes Redis while a holder stands still at each step, and has another process ask: the slot
// has one effective run, and afterwards its marker.
func TestRedisForgetsAtEachStep(t *testing.T) {
	t.Parallel()
	cache := servers.RunRedis(t, servers.Options{})
	options, err := redis.ParseURL(cache.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	e := engines(t)[1]
	env := slotEnv(t, e, provider(t, []string{later}), "REDIS_URL="+cache.URL(), "RUN_LEASE=60s")
	for day, point := range []string{"marked", "claimed", "cell:2", "worked", "finished", "left"} {
		holder := start(t, append(env(day), "BARKEEP_STOP_AT="+point), "sync", "--json")
		go holder.drain()
		stopped(t, holder)
		if err := client.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		other := start(t, env(day), "sync", "--json")
		if point != "marked" { // with nothing in the ledger the other runs the slot; else it waits for the holder
			other.until(t, "")
		} else if got := readSlot(t, other.wait().must(t, 0).stdout); got.Outcome != "ran" {
			t.Errorf("flushed at %s: the other process was told %s", point, got.Outcome)
		}
		signal(t, holder, syscall.SIGCONT)
		first := readSlot(t, holder.wait().must(t, 0).stdout)
		if point != "marked" {
			if got := readSlot(t, other.wait().must(t, 0).stdout); got.Outcome == "ran" || got.Run.ID != first.Run.ID {
				t.Errorf("flushed at %s: the other process was told %s of run %d, the holder is run %d", point, got.Outcome, got.Run.ID, first.Run.ID)
			}
		}
		date := first.Slot.Date
		if n := count(t, e, fmt.Sprintf(effective, date)); n != 1 {
			t.Errorf("flushed at %s: %d effective runs", point, n)
		}
		barkeep(t, env(day), "sync").must(t, 0)
		if n, err := client.Exists(t.Context(), "barkeep:run:import:"+date+"T21:05Z").Result(); err != nil || n != 1 {
			t.Errorf("flushed at %s: %d markers, %v; want it put back", point, n, err)
		}
	}
}

// TestAHolderThatSleptTooLong stops a holder for longer than its lease, once outside of a transaction and once, since
// another writer of the process is at work, perhaps inside of one. Another process takes over; when the first wakes, nothing
// of it is committed any more. (A process that sleeps inside a transaction on SQLite holds the one write lock of the file: all
// others wait until it wakes or dies.)
func TestAHolderThatSleptTooLong(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{later})
	for day, point := range []string{"claimed", "cell:2", "worked"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			e := engines(t)[1]
			env := slotEnv(t, e, address)(day)
			sleeper := start(t, append(env, "BARKEEP_STOP_AT="+point), "sync", "--json")
			go sleeper.drain()
			stopped(t, sleeper)
			next := barkeep(t, env, "sync", "--json")
			for tries := 0; next.code == 4 && tries < 5; tries++ { // the server has not yet ended the sleeper's transaction
				next = barkeep(t, env, "sync", "--json")
			}
			if got := readSlot(t, next.must(t, 0).stdout); got.Outcome != "ran" || got.Run.State != "done" {
				t.Errorf("the next process was told %s, %s", got.Outcome, got.Run.State)
			}
			signal(t, sleeper, syscall.SIGCONT)
			late := sleeper.wait()
			if n := count(t, e, "SELECT count(*) FROM runs WHERE state = 'done' AND NOT forced"); n != 1 {
				t.Errorf("%d effective runs after the sleeper woke:\n%s", n, late.stderr)
			}
			if n := count(t, e, "SELECT count(*) FROM runs WHERE state = 'abandoned'"); n != 1 {
				t.Errorf("%d abandoned runs, want the sleeper's", n)
			}
			twice := `SELECT count(*) FROM (SELECT instrument, timeframe FROM cells WHERE state = 'stored'
				GROUP BY instrument, timeframe HAVING count(*) > 1) AS doubled`
			if n := count(t, e, twice); n != 0 {
				t.Errorf("%d series were committed by both", n)
			}
		})
	}
}

// TestServersDownAtTheSlotsTime stops Redis and PostgreSQL before the slot's time and brings them back after it.
func TestServersDownAtTheSlotsTime(t *testing.T) {
	t.Parallel()
	const start = "BARKEEP_NOW=2026-08-19T14:04:52-07:00"
	address := provider(t, []string{start})
	for _, down := range []string{"redis", "postgres"} {
		t.Run(down, func(t *testing.T) {
			t.Parallel()
			cache := servers.RunRedis(t, servers.Options{})
			database := servers.RunPostgres(t, servers.Options{})
			worker := serve(t, []string{
				start, "DATABASE_URL=" + database.URL(), "REDIS_URL=" + cache.URL(), "YAHOO_BASE_URL=" + address,
				"YAHOO_REQUESTS_PER_MINUTE=600000", "INSTRUMENTS=ES", "TIMEFRAMES=1d",
			})
			var err error
			if down == "redis" {
				err = cache.Kill()
			} else {
				err = database.Kill()
			}
			if err != nil {
				t.Fatal(err)
			}
			pause := time.After(12 * time.Second) // well past the slot's time
			<-pause
			if down == "postgres" {
				err = database.Restart(t.Context())
			} else {
				err = cache.Restart(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			var slot struct{ State string }
			for range 20 { // a request that finds the database away fails; the next asks again
				get(t, worker.url+"/api/v1/slots/2026-08-19/0?wait=10s", &slot)
				if slot.State == "done" {
					break
				}
			}
			if slot.State != "done" {
				t.Errorf("%s was down at 14:05: the slot is %q", down, slot.State)
			}
		})
	}
}
