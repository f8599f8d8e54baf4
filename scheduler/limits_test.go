package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"barkeep/gate/gatetest"
	"barkeep/ledger"
	"barkeep/scheduler"
)

// least is a configuration of nothing but what is required.
func least(t *testing.T) scheduler.Config {
	t.Helper()
	b := gatetest.NewBench(time.Now)
	plan, err := ledger.NewSchedule(ledger.JobImport, []string{"14:05"}, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return scheduler.Config{
		RunSlot: through(b.Player("a").Gate(t)), Slots: gatetest.NewPort(b.Ledger, nil), Plans: []scheduler.Plan{{Schedule: plan}},
		Trigger: scheduler.Timer{Now: time.Now}, Now: time.Now, Logger: quiet(),
	}
}

// TestEachPartIsRequired: a scheduler that lacks one would fail at the first slot.
func TestEachPartIsRequired(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(*scheduler.Config){
		"RunSlot": func(c *scheduler.Config) { c.RunSlot = nil }, "Slots": func(c *scheduler.Config) { c.Slots = nil },
		"Trigger": func(c *scheduler.Config) { c.Trigger = nil }, "Now": func(c *scheduler.Config) { c.Now = nil },
		"Logger": func(c *scheduler.Config) { c.Logger = nil }, "Plans": func(c *scheduler.Config) { c.Plans = nil },
	} {
		c := least(t)
		remove(&c)
		if s, err := scheduler.New(c); err == nil || s != nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// TestDefaultsAndBounds: who sets nothing gets what the comments of Config say, what is set stays, and less than nothing is
// refused by its name.
func TestDefaultsAndBounds(t *testing.T) {
	t.Parallel()
	durations := func(c *scheduler.Config) map[string]*time.Duration {
		return map[string]*time.Duration{
			"RetryFirst": &c.RetryFirst, "RetryMost": &c.RetryMost, "CheckEvery": &c.CheckEvery, "AuditEvery": &c.AuditEvery, "Grace": &c.Grace,
		}
	}
	defaults := map[string]time.Duration{
		"RetryFirst": time.Minute, "RetryMost": 30 * time.Minute, "CheckEvery": time.Minute, "AuditEvery": 5 * time.Minute, "Grace": time.Hour,
	}
	s, err := scheduler.New(least(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range durations(&s.Config) {
		if *got != defaults[name] {
			t.Errorf("%s is %s, want %s", name, *got, defaults[name])
		}
		for value, refused := range map[time.Duration]bool{-1: true, defaults[name] + 1: false} {
			c := least(t)
			*durations(&c)[name] = value
			s, err := scheduler.New(c)
			if refused != (err != nil) || refused && !strings.Contains(err.Error(), name) {
				t.Errorf("%s %s: %v", name, value, err)
			} else if !refused && *durations(&s.Config)[name] != value {
				t.Errorf("%s is %s, was set to %s", name, *durations(&s.Config)[name], value)
			}
		}
	}
}

// TestCronNeedsAClock: without one it would fall over at the first slot.
func TestCronNeedsAClock(t *testing.T) {
	t.Parallel()
	if cron, err := scheduler.NewCron(nil); err == nil || cron != nil {
		t.Errorf("%v, %v", cron, err)
	}
}
