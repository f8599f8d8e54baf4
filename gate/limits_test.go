package gate_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
)

// least is a configuration of nothing but what is required.
func least() gate.Config {
	p := gatetest.NewBench(time.Now).Player("a")
	return gate.Config{Ledger: p.Port(), Work: p.Work, Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
}

// TestEachPartIsRequired: a gate that lacks one would fail in the middle of a run.
func TestEachPartIsRequired(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(*gate.Config){
		"Ledger": func(c *gate.Config) { c.Ledger = nil }, "Work": func(c *gate.Config) { c.Work = nil },
		"Now": func(c *gate.Config) { c.Now = nil }, "Logger": func(c *gate.Config) { c.Logger = nil },
	} {
		c := least()
		remove(&c)
		if g, err := gate.New(c); err == nil || g != nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// durations are those of a configuration, by name.
func durations(c *gate.Config) map[string]*time.Duration {
	return map[string]*time.Duration{
		"Lease": &c.Lease, "Heartbeat": &c.Heartbeat, "Deadline": &c.Deadline, "Poll": &c.Poll, "Progress": &c.Progress,
		"MarkerTTL": &c.MarkerTTL, "MarkerTimeout": &c.MarkerTimeout, "LedgerTimeout": &c.LedgerTimeout, "StopTimeout": &c.StopTimeout,
		"ListenTimeout": &c.ListenTimeout,
	}
}

// TestDefaultsAndBounds: who sets nothing gets what the comments of Config say, what is set stays, and less than nothing is
// refused by its name.
func TestDefaultsAndBounds(t *testing.T) {
	t.Parallel()
	g, err := gate.New(least())
	if err != nil {
		t.Fatal(err)
	}
	defaults := map[string]time.Duration{
		"Lease": 90 * time.Second, "Heartbeat": 15 * time.Second, "Deadline": 2 * time.Hour, "Poll": 1250 * time.Millisecond,
		"Progress": 3 * time.Second, "MarkerTTL": 7 * 24 * time.Hour, "MarkerTimeout": 2 * time.Second, "LedgerTimeout": 15 * time.Second,
		"StopTimeout": 5 * time.Second, "ListenTimeout": time.Second,
	}
	for name, got := range durations(&g.Config) {
		if *got != defaults[name] {
			t.Errorf("%s is %s, want %s", name, *got, defaults[name])
		}
		for value, refused := range map[time.Duration]bool{-1: true, defaults[name] + 1: false} {
			c := least()
			*durations(&c)[name] = value
			if name == "Heartbeat" && !refused {
				c.Lease = 2 * time.Minute // a sixth of it at most
			}
			g, err := gate.New(c)
			if refused != (err != nil) || refused && !strings.Contains(err.Error(), name) {
				t.Errorf("%s %s: %v", name, value, err)
			} else if !refused && *durations(&g.Config)[name] != value {
				t.Errorf("%s is %s, was set to %s", name, *durations(&g.Config)[name], value)
			}
		}
	}
}

// TestBoundsThatJustHold are accepted, and one more is not.
func TestBoundsThatJustHold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set  func(*gate.Config)
		good bool
	}{
		"a lease of the deadline":      {func(c *gate.Config) { c.Lease, c.Deadline = time.Hour, time.Hour }, true},
		"a longer one":                 {func(c *gate.Config) { c.Lease, c.Deadline = time.Hour+1, time.Hour }, false},
		"three heartbeats a lease":     {func(c *gate.Config) { c.Lease, c.Heartbeat = 90*time.Second, 30*time.Second }, true},
		"fewer":                        {func(c *gate.Config) { c.Lease, c.Heartbeat = 90*time.Second, 30*time.Second+1 }, false},
		"a marker of the deadline":     {func(c *gate.Config) { c.MarkerTTL, c.Deadline = time.Hour, time.Hour }, true},
		"a marker gone before its end": {func(c *gate.Config) { c.MarkerTTL, c.Deadline = time.Hour, time.Hour+1 }, false},
	} {
		config := least()
		c.set(&config)
		if _, err := gate.New(config); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
