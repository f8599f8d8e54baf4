// Package storetest is the conformance suite of the archives: what it asks, package store/postgres and package
// store/sqlite both do, so that whoever uses one can use the other.
//
// The folder servers below it starts the throwaway servers that tests need; it has nothing to do with this package.
package storetest

import (
	"maps"
	"os/exec"
	"testing"
	"time"

	"barkeep/store"
)

// Archive is what both archives can do.
type Archive interface {
	Close()
	store.Schema
	store.Clock
	store.Bars
	store.Gate
	store.Slots
	store.History
	store.Notices
	store.Budgets
	store.Moments
	store.Calendars
	store.Proofs
	store.Truth
	store.AsOf
	store.Coverage
	store.Stills
	store.Datasets
	store.Audits
	store.Learned
}

// Database is an empty database of an engine: no schema yet, nobody else in it.
type Database struct {
	// Open opens one more archive on the database, with its clock, and closes it after the test. It does not migrate. The
	// suite calls it from several goroutines, and several times, as processes that share a database do.
	Open func(t *testing.T, now func() time.Time) Archive
	// Query runs a statement that returns one whole number on a connection of its own: the suite's second opinion. Tables
	// and columns bear the same names in both engines.
	Query func(t *testing.T, sql string) int64
	// SchemaOf brings the empty database to the schema of an earlier release.
	SchemaOf func(t *testing.T, version int64)
	// Start is SQL for the start of a bar at midnight UTC of a date such as 2026-11-23.
	Start func(date string) string
	// TS is SQL for the start of a bar at a Unix second, and Replaced for when a revision was replaced, in Unix microseconds.
	TS       func(seconds int64) string
	Replaced func(micros int64) string
	// Snapshot reads the database as it is now, on a connection of its own. The schema is there already.
	Snapshot func(t *testing.T) store.Snapshot
	// Process is a process, not started yet, that runs Child with this mode and one more archive on the database.
	Process func(t *testing.T, mode string) *exec.Cmd
}

// Run tests an engine; fresh makes an empty database for one test. Every test is parallel.
func Run(t *testing.T, fresh func(t *testing.T) Database) {
	t.Helper()
	tests := map[string]func(*testing.T, Database){
		"bars: batches do to an archive what they do to a map":  testModel,
		"bars: a long mixed batch":                              testMixed,
		"bars: a million":                                       testMillion,
		"bars: odd ones come back as they were":                 testOdd,
		"bars: any order, the last of a start counts":           testOrder,
		"bars: what is no bar is refused":                       testRefused,
		"bars: a changed one leaves its old values":             testRevisions,
		"bars: a volume of 0 or none replaces no real one":      testVolume,
		"bars: noise is no change":                              testNoise,
		"bars: noise that drifts does not creep":                testDrift,
		"bars: an impossible one replaces no sound one":         testImpossible,
		"bars: the archive leaves those it is given alone":      testInput,
		"bars: taken out, they are revisions":                   testRemove,
		"bars: all taken out, and put back":                     testRemoveAll,
		"calendars: of a series that an earlier release writes": testCalendarOfEarlierReleases,
		"calendars: of a series":                                testSeriesCalendar,
		"folds: of a series":                                    testFolded,
		"folds: a lock before any write":                        testLockSeries,
		"calendars: listings":                                   testListings,
		"calendars: what operators change":                      testCalendarChanges,
		"reading: windows are half-open":                        testWindows,
		"reading: states":                                       testStates,
		"reading: an empty archive":                             testEmpty,
		"reading: the view for people":                          testView,
		"reading: versions":                                     testVersions,
		"reading: what the previous release wrote":              testPreviousRelease,
		"reading: how a series stands":                          testSeriesStanding,
		"reading: one state, while others write":                testStill,
		"reading: pages":                                        testPages,
		"transactions: rolled back, nothing is left":            testRollback,
		"transactions: a reader sees nothing before the commit": testIsolation,
		"transactions: a failed write is never committed":       testPoisoned,
		"transactions: writers of one series":                   testSameSeries,
		"transactions: writers of several series":               testManySeries,
		"transactions: a lost answer is settled":                testSettle,
		"transactions: settling waits for who writes":           testSettleWaits,
		"transactions: could write":                             testWritable,
		"ledger: runs":                                          testRuns,
		"ledger: selected runs":                                 testSelectedRuns,
		"ledger: cells":                                         testCells,
		"ledger: cells of a transaction":                        testCellsInTx,
		"migrations: several at once":                           testConcurrentMigrations,
		"migrations: again is nothing":                          testMigrateAgain,
		"migrations: series know their bars":                    testSeriesMigrated,
		"migrations: a budget goes on":                          testBudgetMigrated,
		"clocks: the database's own":                            testClock,
		"clocks: a moment of a fast one":                        testSetBack,
		"allowances: each is spent once, whoever asks":          testAllowances,
	}
	addTests(tests)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t))
		})
	}
}

// addTests adds the tests that stand with what they test.
func addTests(tests map[string]func(*testing.T, Database)) {
	for _, more := range []func() map[string]func(*testing.T, Database){
		gateTests, digestTests, truthTests, asOfTests, partsTests, coverageTests,
	} {
		maps.Copy(tests, more())
	}
}

// RunGate tests a ledger that has no SQL, no processes and no bars, such as one in memory, as far as it can be tested so.
func RunGate(t *testing.T, fresh func(t *testing.T) Database) {
	t.Helper()
	all := gateTests()
	for _, name := range []string{
		"gate: a done run is in the way, a failed one is not", "gate: forced runs", "gate: a heartbeat revives",
		"gate: what may be repeated", "gate: ad-hoc runs", "gate: progress",
		"gate: of many claims of a dead run one takes over",
		"slots: which run tells", "slots: standing", "slots: committed cells", "slots: a run in progress",
		"slots: since when", "slots: since when, by wrong clocks", "slots: since a wrong clock",
		"slots: notices are told in turns",
		"slots: runs do to an archive what they do to a list",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all[name](t, fresh(t))
		})
	}
}
