package main_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"barkeep/store/storetest/servers"
)

// TestProcessesWithOtherLimits: the count of a day is one, whatever limit a process has.
func TestProcessesWithOtherLimits(t *testing.T) {
	t.Parallel()
	for name, archive := range archives(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, began := newBudgeted(t, archive, 60000, 100), time.Now()
			barkeep(t, b.env, "sync").must(t, 0)
			times := b.provider.Count() - fetches(b.provider) // requests for the time of day count like others
			for _, c := range []struct {
				budget   string
				arrived  int
				complete bool
			}{{"10", 12 + times, false}, {"14", 14, false}, {"12", 14, false}, {"100", 18 + times, true}} {
				env := append(b.env[:len(b.env):len(b.env)], "YAHOO_DAILY_BUDGET="+c.budget, "RUN_DEADLINE=31s")
				process := barkeep(t, env, "sync", "--instrument", "RTY", "--backfill")
				if n := b.provider.Count(); n != c.arrived && time.Now().UTC().Day() == began.UTC().Day() {
					t.Errorf("with %s a day %d requests arrived, want %d", c.budget, n, c.arrived)
				}
				if (process.code == 0) != c.complete {
					t.Errorf("with %s a day: exit code %d\n%s", c.budget, process.code, process.stdout)
				}
			}
		})
	}
}

// TestAClockSetOnPurposeDoesNotRenewTheDay: replays at any date count for the day on which they are made.
func TestAClockSetOnPurposeDoesNotRenewTheDay(t *testing.T) {
	t.Parallel()
	for name, archive := range archives(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, began := newBudgeted(t, archive, 60000, 10, "REDIS_URL="+redisURL(t)), time.Now()
			for _, now := range []string{"2026-08-19T14:25:00-07:00", "2026-08-20T23:59:59Z", "2026-11-01T08:00:00Z", "2026-08-19T14:25:00-07:00"} {
				env := append(b.env[:len(b.env):len(b.env)], "BARKEEP_NOW="+now)
				barkeep(t, env, "sync", "--backfill")
			}
			b.atMost(t, 10, began)
			if n := b.provider.Count(); n < 10 {
				t.Errorf("%d requests arrived, want the day's 10", n)
			}
		})
	}
}

// TestARestoredDatabaseDoesNotRenewTheDay puts an earlier copy of the archive in place: Redis still knows.
func TestARestoredDatabaseDoesNotRenewTheDay(t *testing.T) {
	t.Parallel()
	cache, file := servers.RunRedis(t, servers.Options{}), t.TempDir()+"/restored.db"
	b, began := newBudgeted(t, "sqlite:"+file, 60000, 10, "REDIS_URL="+cache.URL()), time.Now()
	barkeep(t, b.env, "migrate").must(t, 0)
	copied, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		barkeep(t, b.env, "sync", "--instrument", "ES", "--backfill")
		for _, suffix := range []string{"-wal", "-shm"} {
			if err := os.Remove(file + suffix); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(file, copied, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.atMost(t, 10, began)
	if n := b.provider.Count(); n < 10 {
		t.Errorf("%d requests arrived, want the day's 10", n)
	}
}

// TestLookingCostsNothing: no command that only looks asks the provider.
func TestLookingCostsNothing(t *testing.T) {
	t.Parallel()
	b := newBudgeted(t, "sqlite:"+t.TempDir()+"/look.db", 60000, 10)
	barkeep(t, b.env, "migrate").must(t, 0)
	for _, line := range []string{"doctor", "status", "runs", "verify", "sync --dry-run"} {
		barkeep(t, b.env, strings.Fields(line)...)
	}
	if n := b.provider.Count(); n != 0 {
		t.Errorf("%d requests arrived", n)
	}
}
