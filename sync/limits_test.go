package syncer_test

import (
	"strings"
	"testing"
	"time"

	syncer "barkeep/sync"
)

// TestEachPartIsRequired: an engine that lacks one would fail in the middle of a run. A cache and leases it can do without.
func TestEachPartIsRequired(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(*syncer.Config){
		"Provider": func(c *syncer.Config) { c.Provider = nil }, "Archive": func(c *syncer.Config) { c.Archive = nil },
		"Now": func(c *syncer.Config) { c.Now = nil }, "Logger": func(c *syncer.Config) { c.Logger = nil },
		"Pacific": func(c *syncer.Config) { c.Pacific = nil },
	} {
		c := newBench(t, time.Now).config
		remove(&c)
		if e, err := syncer.New(c); err == nil || e != nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// TestDefaultsAndBounds: who sets nothing gets what the comments of Config say, what is set stays, and less than nothing is
// refused.
func TestDefaultsAndBounds(t *testing.T) {
	t.Parallel()
	e, err := syncer.New(newBench(t, time.Now).config)
	if err != nil {
		t.Fatal(err)
	}
	if e.Fetchers != 4 || e.Writers != 1 || e.CacheLen != 500 || e.LeaseTime != 30*time.Second {
		t.Errorf("by default it has %d fetchers, %d writers, %d bars in the cache and leases of %s", e.Fetchers, e.Writers, e.CacheLen, e.LeaseTime)
	}
	for name, set := range map[string]func(*syncer.Config, int) func(syncer.Config) int{
		"Fetchers": func(c *syncer.Config, n int) func(syncer.Config) int {
			c.Fetchers = n
			return func(c syncer.Config) int { return c.Fetchers }
		},
		"Writers": func(c *syncer.Config, n int) func(syncer.Config) int {
			c.Writers = n
			return func(c syncer.Config) int { return c.Writers }
		},
		"CacheLen": func(c *syncer.Config, n int) func(syncer.Config) int {
			c.CacheLen = n
			return func(c syncer.Config) int { return c.CacheLen }
		},
		"LeaseTime": func(c *syncer.Config, n int) func(syncer.Config) int {
			c.LeaseTime = time.Duration(n)
			return func(c syncer.Config) int { return int(c.LeaseTime) }
		},
	} {
		c := newBench(t, time.Now).config
		set(&c, -1)
		if e, err := syncer.New(c); err == nil || e != nil || !strings.Contains(err.Error(), name+" -1") {
			t.Errorf("%s -1: %v", name, err)
		}
		get := set(&c, 3)
		if e, err := syncer.New(c); err != nil || get(e.Config) != 3 {
			t.Errorf("%s 3: %v", name, err)
		}
	}
}
