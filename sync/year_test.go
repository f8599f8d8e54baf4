package syncer_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// A year is the life of an archive with a provider that does what providers do to scale and identity. Each seed has its own:
// shares are split, late in each interval and sometimes without a word; prices go over to another unit and back; an error
// multiplies them for a few days; a ticker goes to another company; answers are for another symbol or interval; rows come that
// nobody asked for, or twice; last digits are noise; late bars are revised; nobody runs anything for days or months. See
// year_script_test.go for what happens, year_oracle_test.go and year_truth_test.go for what must hold after every run.

const (
	yearSeedsKey = "BARKEEP_YEAR_SEEDS" // how many years
	yearFirstKey = "BARKEEP_YEAR_FIRST" // the seed of the first of them; 0 by default
	yearSeedKey  = "BARKEEP_YEAR_SEED"  // only this one
	yearTellKey  = "BARKEEP_YEAR_TELL"  // an instrument of which each run is told in the log
	yearSeeds    = 1
)

func yearNumber(t *testing.T, key string, def uint64) (n uint64, set bool) {
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

// TestAYearOfWhatProvidersDo lives through years in parallel and tells which of them went wrong.
func TestAYearOfWhatProvidersDo(t *testing.T) {
	t.Parallel()
	notRaced(t)
	seeds, _ := yearNumber(t, yearSeedsKey, yearSeeds)
	first, _ := yearNumber(t, yearFirstKey, 0)
	if seed, set := yearNumber(t, yearSeedKey, 0); set {
		first, seeds = seed, 1
	}
	var next atomic.Uint64
	next.Store(first)
	for worker := range min(uint64(runtime.GOMAXPROCS(0)), seeds) {
		t.Run(strconv.FormatUint(worker, 10), func(t *testing.T) {
			t.Parallel()
			for seed := next.Add(1) - 1; seed < first+seeds; seed = next.Add(1) - 1 {
				yearReport(t, seed, yearOf(t, seed, false, func(*year, string) {}))
			}
		})
	}
}

// notRaced leaves a simulation to the part of `make test` that goes without the race detector: it takes a quarter of an hour
// with it, and runs in one goroutine.
func notRaced(t *testing.T) {
	t.Helper()
	if raced {
		t.Skip("a simulated world goes without the race detector: `make test` runs it so")
	}
}

// yearOf lives through the year of a seed, in a bubble where waiting costs nothing, and gives what was wrong. Then is called when
// all is over, with the path of the archive.
func yearOf(t *testing.T, seed uint64, calm bool, then func(y *year, path string)) (wrong []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "year"+strconv.FormatUint(seed, 10)+".db")
	synctest.Test(t, func(t *testing.T) {
		y := newYear(t, seed, path, calm)
		defer y.close()
		y.live()
		y.look(true)
		y.recall()
		y.intact()
		wrong = y.wrong
		t.Logf("year %d: %s", seed, y.summary())
		then(y, path)
	})
	return wrong
}

// yearReport fails the test with what was wrong in a year, and how to see it again.
func yearReport(t *testing.T, seed uint64, wrong []string) {
	t.Helper()
	for _, w := range wrong[:min(len(wrong), 10)] {
		t.Error(w)
	}
	if len(wrong) > 0 {
		t.Errorf("that was %s=%d, with %d things wrong", yearSeedKey, seed, len(wrong))
	}
}
