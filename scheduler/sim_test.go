package scheduler_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
)

// Every world has its own seed, schedule (one or two times a day, some with maintenance) and one to three machines, each with
// the series that it keeps. Processes crash between any two calls to the outside, are suspended in mid-work and come back as
// zombies, are stopped and restarted; Redis loses everything or is down; the database is down, or carries a write out and loses
// the reply, or is replaced by an older copy of itself; the provider fails, answers with nothing or slowly, says of everything
// that it does not exist, or may be asked a few times a day only; people cannot be reached, and change schedules, zones and
// series, one machine after the other; clocks are off by seconds to years, and are set right. See sim_judge_test.go for what
// must hold.

const (
	seedsKey = "BARKEEP_SIM_SEEDS" // how many worlds
	firstKey = "BARKEEP_SIM_FIRST" // the first of them; 0 by default
	seedKey  = "BARKEEP_SIM_SEED"  // only this one
	yearDays = 365
	fewDays  = 40 // of the worlds that see one change of the clocks instead of two
)

// daysOf is how long a world lasts: every seventh a whole year.
func daysOf(seed uint64) int {
	if seed%7 == 0 {
		return yearDays
	}
	return fewDays
}

func fromEnv(t *testing.T, key string, def uint64) (n uint64, set bool) {
	t.Helper()
	text, set := os.LookupEnv(key)
	if !set {
		return def, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%q, accepted is a number: %v", key, text, err)
	}
	return n, true
}

func TestSimulatedYears(t *testing.T) {
	t.Parallel()
	if seed, set := fromEnv(t, seedKey, 0); set {
		report(t, seed, simulate(t, seed, sound, daysOf(seed)))
		return
	}
	seeds, _ := fromEnv(t, seedsKey, defaultSeeds)
	first, _ := fromEnv(t, firstKey, 0)
	var next, days atomic.Uint64
	next.Store(first)
	for worker := range runtime.GOMAXPROCS(0) {
		t.Run(fmt.Sprintf("worker %d", worker), func(t *testing.T) {
			t.Parallel()
			for seed := next.Add(1) - 1; seed < seeds && !t.Failed(); seed = next.Add(1) - 1 {
				report(t, seed, simulate(t, seed, sound, daysOf(seed)))
				days.Add(uint64(daysOf(seed)))
			}
		})
	}
	t.Cleanup(func() { t.Logf("%d worlds, %d simulated days", min(seeds, next.Load())-first, days.Load()) })
}

// report fails the test with what was wrong in a world, and how to see it again.
func report(t *testing.T, seed uint64, wrong []string) {
	t.Helper()
	for _, w := range wrong[:min(len(wrong), 10)] {
		t.Error(w)
	}
	if len(wrong) > 0 {
		t.Errorf("that was %s=%d, with %d things wrong", seedKey, seed, len(wrong))
	}
}

// TestSimulationCatchesPlantedBugs shows that the simulation fails where it should.
func TestSimulationCatchesPlantedBugs(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]plant{
		"the marker is written before the commit": markerFirst,
		"the ledger has no unique index":          withoutIndex,
		"cells are not fenced":                    withoutFence,
		"a done marker is no question":            markerTrusted,
		"a slot is named by its index":            slotByIndex,
		"done is judged without the asker":        withoutAsker,
		"unavailable needs no witness":            withoutWitness,
		"the past is judged by today's schedule":  withoutPast,
		"a clock is not checked":                  clockTrusted,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(40) {
				if wrong := simulate(t, seed, p, yearDays); len(wrong) > 0 {
					t.Logf("caught by seed %d: %s", seed, wrong[0])
					return
				}
			}
			t.Error("40 years went by without a trace of it")
		})
	}
}
